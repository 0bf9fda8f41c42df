"""The mission's gazetteer."""

import sqlalchemy as sa

from tocsin.store.database import metadata

place = sa.Table(
    "place",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False, comment="geonames or the file's name"),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("alternates", sa.Text, nullable=False, comment="other names, | between them"),
    sa.Column("lon", sa.Float, nullable=False),
    sa.Column("lat", sa.Float, nullable=False),
    sa.Column("population", sa.Integer, comment="null = unknown"),
    sa.Column("admin1", sa.Text, nullable=False),
    sa.Column("in_area", sa.Boolean, nullable=False, comment="inside the mission's area"),
    sa.UniqueConstraint("source", "key"),
)
