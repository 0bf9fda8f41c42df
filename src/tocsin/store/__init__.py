"""The database: tables, sessions, migrations, runs."""
