"""Alembic's entry: runs migrations on the engine that `tocsin.store.database` hands over."""

import sqlalchemy as sa
from alembic import context

engine: sa.Engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(connection=connection, render_as_batch=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
    if connection.in_transaction():
        connection.commit()
