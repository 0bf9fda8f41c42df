"""The spine's tables: runs, source files, events, deployments, people, places."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("output", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_table(
        "source_file",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("layout", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("licence", sa.Text, nullable=False),
        sa.Column("citation", sa.Text, nullable=False),
        sa.Column("published_on", sa.Date, nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_edition", sa.Boolean, nullable=False),
        sa.Column("covers_from", sa.Integer),
        sa.Column("covers_until", sa.Integer),
        sa.Column("countries", sa.JSON, nullable=False),
        sa.Column("n_read", sa.Integer, nullable=False),
        sa.Column("n_added", sa.Integer, nullable=False),
        sa.Column("n_updated", sa.Integer, nullable=False),
        sa.Column("n_unchanged", sa.Integer, nullable=False),
        sa.Column("n_rejected", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source_file"),
        sa.UniqueConstraint("sha256", "layout", name="uq_source_file_sha256_layout"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("content", sa.BigInteger, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("date_prec", sa.SmallInteger, nullable=False),
        sa.Column("where_prec", sa.SmallInteger, nullable=False),
        sa.Column("lon", sa.Float, nullable=False),
        sa.Column("lat", sa.Float, nullable=False),
        sa.Column("gid", sa.Integer, nullable=False),
        sa.Column("gw", sa.Integer),
        sa.Column("adm_1", sa.Text, nullable=False),
        sa.Column("adm_2", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("place_text", sa.Text, nullable=False),
        sa.Column("side_a", sa.Text, nullable=False),
        sa.Column("side_b", sa.Text, nullable=False),
        sa.Column("deaths_a", sa.Integer),
        sa.Column("deaths_b", sa.Integer),
        sa.Column("deaths_civilians", sa.Integer),
        sa.Column("deaths_unknown", sa.Integer),
        sa.Column("best", sa.Integer, nullable=False),
        sa.Column("low", sa.Integer),
        sa.Column("high", sa.Integer),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("headline", sa.Text, nullable=False),
        sa.Column("source_text", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.id"], name="fk_event_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_source_key", "event", ["source", "key"])
    op.create_index("ix_event_file_id", "event", ["file_id"])
    op.create_table(
        "event_seen",
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.id"], name="fk_event_seen_file_id"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_event_seen_event_id"),
        sa.PrimaryKeyConstraint("file_id", "event_id", name="pk_event_seen"),
    )
    op.create_table(
        "deployment",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("layout", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("content", sa.BigInteger, nullable=False),
        sa.Column("mission", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("lon", sa.Float, nullable=False),
        sa.Column("lat", sa.Float, nullable=False),
        sa.Column("first_month", sa.Integer, nullable=False),
        sa.Column("last_month", sa.Integer),
        sa.Column("strength", sa.Integer),
        sa.Column("contributors", sa.JSON, nullable=False),
        sa.Column("has", sa.JSON, nullable=False),
        sa.Column("chart", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.id"], name="fk_deployment_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deployment"),
    )
    op.create_index("ix_deployment_layout_key", "deployment", ["layout", "key"])
    op.create_index("ix_deployment_mission_first_month", "deployment", ["mission", "first_month"])
    op.create_table(
        "cell_people",
        sa.Column("gid", sa.Integer, nullable=False),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("people", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.id"], name="fk_cell_people_file_id"),
        sa.PrimaryKeyConstraint("gid", "file_id", name="pk_cell_people"),
    )
    op.create_table(
        "place",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("alternates", sa.Text, nullable=False),
        sa.Column("lon", sa.Float, nullable=False),
        sa.Column("lat", sa.Float, nullable=False),
        sa.Column("population", sa.Integer),
        sa.Column("admin1", sa.Text, nullable=False),
        sa.Column("in_area", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_place"),
        sa.UniqueConstraint("source", "key", name="uq_place_source_key"),
    )


def downgrade() -> None:
    for name in ("place", "cell_people", "deployment", "event_seen", "event", "source_file", "run"):
        op.drop_table(name)
