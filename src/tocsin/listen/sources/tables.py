"""Where every row comes from."""

import sqlalchemy as sa

from tocsin.store.database import metadata

source_file = sa.Table(
    "source_file",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("layout", sa.Text, nullable=False),
    sa.Column("release", sa.Text, nullable=False, comment="as the publisher counts them: 23.1, 26.0.1; empty if none"),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("citation", sa.Text, nullable=False),
    sa.Column("published_on", sa.Date, nullable=False, comment="when anybody could first know it"),
    sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("is_edition", sa.Boolean, nullable=False, comment="what it covers and does not list did not happen"),
    sa.Column("covers_from", sa.Integer, comment="first month it speaks of"),
    sa.Column("covers_until", sa.Integer, comment="last month it speaks of"),
    sa.Column("countries", sa.JSON, nullable=False, comment="Gleditsch-Ward numbers; empty list = the whole world"),
    sa.Column("n_read", sa.Integer, nullable=False),
    sa.Column("n_added", sa.Integer, nullable=False),
    sa.Column("n_updated", sa.Integer, nullable=False),
    sa.Column("n_unchanged", sa.Integer, nullable=False),
    sa.Column("n_rejected", sa.Integer, nullable=False),
    sa.UniqueConstraint("sha256", "layout"),
)
