"""The database: one engine a mission, sessions that rooms never commit, migrations, runs."""

from tocsin.store.bulk import InsertRows, fetch_columns, insert_nothing, insert_rows, without_garbage_collection
from tocsin.store.database import Present, metadata, open_store, reading, writing
from tocsin.store.runs import calculating, finish_run, run_of

__all__ = [
    "InsertRows",
    "Present",
    "calculating",
    "fetch_columns",
    "finish_run",
    "insert_nothing",
    "insert_rows",
    "metadata",
    "open_store",
    "reading",
    "run_of",
    "without_garbage_collection",
    "writing",
]
