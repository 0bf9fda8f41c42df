"""Community alerts: gateways, sources, reports, alerts and what was done to them."""

import sqlalchemy as sa
from alembic import op

from tocsin.store.labels import guard

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LABELLED = ("source", "report", "alert")


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", BIG, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("merged_into", sa.BigInteger),
        sa.Column("practice", sa.Boolean, nullable=False),
        sa.Column("threat", sa.Text),
        sa.Column("imminence", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("harm_at", sa.DateTime(timezone=True)),
        sa.Column("place", sa.Text),
        sa.Column("lon", sa.Float),
        sa.Column("lat", sa.Float),
        sa.Column("radius_km", sa.Float),
        sa.Column("area", sa.Text),
        sa.Column("component", sa.Text, nullable=False),
        sa.Column("reports", sa.Integer, nullable=False),
        sa.Column("independent", sa.Float, nullable=False),
        sa.Column("reliability", sa.Text, nullable=False),
        sa.Column("credibility", sa.Text, nullable=False),
        sa.Column("truth", sa.Float, nullable=False),
        sa.Column("grade_why", sa.JSON, nullable=False),
        sa.Column("priority", sa.Float, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("priority_why", sa.JSON, nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledge_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decide_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Text),
        sa.Column("arrived_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("lesson", sa.Text),
        sa.Column("unanswered_why", sa.Text),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("tlp", sa.Text, nullable=False),
        sa.Column("classification", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_index("ix_alert_heard_at", "alert", ["heard_at"], unique=False)
    op.create_index("ix_alert_state_priority", "alert", ["state", "priority"], unique=False)
    op.create_table(
        "gateway",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("allowed", sa.JSON, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("sends", sa.Boolean, nullable=False),
        sa.Column("heartbeat_minutes", sa.Integer),
        sa.Column("heard_at", sa.DateTime(timezone=True)),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.Column("repeated", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("unreadable", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_gateway"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("area", sa.Text),
        sa.Column("lon", sa.Float),
        sa.Column("lat", sa.Float),
        sa.Column("language", sa.Text),
        sa.Column("verified", sa.Float, nullable=False),
        sa.Column("refuted", sa.Float, nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True)),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tlp", sa.Text, nullable=False),
        sa.Column("classification", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
    )
    op.create_index("ix_source_owner", "source", ["owner"], unique=False)
    op.create_table(
        "alert_change",
        sa.Column("id", BIG, nullable=False),
        sa.Column("alert_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("undoes", sa.BigInteger),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_change_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_change"),
    )
    op.create_index("ix_alert_change_alert_id", "alert_change", ["alert_id"], unique=False)
    op.create_table(
        "report",
        sa.Column("id", BIG, nullable=False),
        sa.Column("delivery", sa.Text, nullable=False),
        sa.Column("gateway_id", sa.Text, nullable=False),
        sa.Column("provider_id", sa.Text),
        sa.Column("version", sa.Text),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("conflict_with", sa.BigInteger),
        sa.Column("corrects", sa.BigInteger),
        sa.Column("answers", sa.BigInteger),
        sa.Column("called_back_at", sa.DateTime(timezone=True)),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("practice", sa.Boolean, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_id", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("attachments", sa.JSON, nullable=False),
        sa.Column("given_lon", sa.Float),
        sa.Column("given_lat", sa.Float),
        sa.Column("understood", sa.JSON),
        sa.Column("threat", sa.Text),
        sa.Column("imminence", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("number", sa.Float),
        sa.Column("language", sa.Text),
        sa.Column("denied", sa.Boolean, nullable=False),
        sa.Column("places", sa.JSON),
        sa.Column("place", sa.Text),
        sa.Column("lon", sa.Float),
        sa.Column("lat", sa.Float),
        sa.Column("radius_km", sa.Float),
        sa.Column("placed_by", sa.Text),
        sa.Column("area", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("dismissed_why", sa.Text),
        sa.Column("alert_id", BIG),
        sa.Column("tlp", sa.Text, nullable=False),
        sa.Column("classification", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_report_alert_id"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_report_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("delivery", name="uq_report_delivery"),
    )
    op.create_index("ix_report_alert_id", "report", ["alert_id"], unique=False)
    op.create_index("ix_report_gateway_id_provider_id", "report", ["gateway_id", "provider_id"], unique=False)
    op.create_index("ix_report_source_id", "report", ["source_id"], unique=False)
    op.create_index("ix_report_state_id", "report", ["state", "id"], unique=False)
    op.create_table(
        "report_change",
        sa.Column("id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("bulk", sa.Text),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_change_report_id"),
        sa.PrimaryKeyConstraint("id", name="pk_report_change"),
    )
    op.create_index("ix_report_change_report_id", "report_change", ["report_id"], unique=False)
    op.create_index("ix_report_change_bulk", "report_change", ["bulk"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("seen_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_kind_object_id", "notice", ["kind", "object_id"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "given_answer",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_given_answer"),
    )
    for table in LABELLED:
        for statement in guard(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for name in ("given_answer", "lease", "notice", "report_change"):
        op.drop_table(name)
    op.drop_table("report")
    op.drop_table("alert_change")
    op.drop_table("source")
    op.drop_table("gateway")
    op.drop_table("alert")
    if op.get_bind().dialect.name == "postgresql":
        for table in LABELLED:
            op.execute(f"DROP FUNCTION {table}_label_guard()")
