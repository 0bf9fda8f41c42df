"""People per cell, as a file gave them."""

import sqlalchemy as sa

from tocsin.store.database import metadata

cell_people = sa.Table(
    "cell_people",
    metadata,
    sa.Column("gid", sa.Integer, primary_key=True),
    sa.Column("file_id", sa.Integer, sa.ForeignKey("source_file.id"), primary_key=True),
    sa.Column("people", sa.Float, nullable=False),
)
