"""Deployments: what a source puts at one place in one month (or year); rows are added, never changed."""

import sqlalchemy as sa

from tocsin.store.database import metadata

deployment = sa.Table(
    "deployment",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("layout", sa.Text, nullable=False, comment="geo-pko, geo-pko-front, geo-pko-types, geo-pko-tcc, units"),
    sa.Column("key", sa.Text, nullable=False, comment="mission, place and time as the source writes them"),
    sa.Column("file_id", sa.Integer, sa.ForeignKey("source_file.id"), nullable=False),
    sa.Column("content", sa.BigInteger, nullable=False),
    sa.Column("mission", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("lon", sa.Float, nullable=False),
    sa.Column("lat", sa.Float, nullable=False),
    sa.Column("first_month", sa.Integer, nullable=False, comment="from when"),
    sa.Column("last_month", sa.Integer, comment="until when, null = still there; a map speaks of its month only"),
    sa.Column("strength", sa.Integer, comment="null = unknown"),
    sa.Column("contributors", sa.JSON, nullable=False),
    sa.Column("has", sa.JSON, nullable=False, comment="infantry, aviation, medical, police, observers, hq …"),
    sa.Column("chart", sa.Text, nullable=False, comment="number of the deployment map"),
    sa.Index("ix_deployment_layout_key", "layout", "key"),
    sa.Index("ix_deployment_mission_first_month", "mission", "first_month"),
)
