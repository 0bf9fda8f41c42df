"""Tables of the store itself."""

import sqlalchemy as sa

from tocsin.store.database import metadata

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="hash of what went in: the same inputs give the same run"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("inputs", sa.JSON, nullable=False, comment="checksums and parameters"),
    sa.Column("version", sa.Text, nullable=False, comment="program version"),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("output", sa.JSON, nullable=False, comment="what it gave: file names and summary"),
)
