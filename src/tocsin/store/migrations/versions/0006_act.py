"""Doing it and saying so: the outbox, contacts, tasks, ladders, the rota, signs of life, warnings."""

import sqlalchemy as sa
from alembic import op

from tocsin.store.labels import guard

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LABELLED = ("task", "warning")


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("area", sa.Text()),
        sa.Column("lon", sa.Float()),
        sa.Column("lat", sa.Float()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
    )
    op.create_table(
        "duty_away",
        sa.Column("id", BIG, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_duty_away"),
    )
    op.create_index("ix_duty_away_person", "duty_away", ["person"], unique=False)
    op.create_table(
        "duty_holder",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role", name="pk_duty_holder"),
    )
    op.create_table(
        "duty_shift",
        sa.Column("id", BIG, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_duty_shift"),
    )
    op.create_index("ix_duty_shift_role_last_at", "duty_shift", ["role", "last_at"], unique=False)
    op.create_table(
        "duty_substitute",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("substitute", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "rank", name="pk_duty_substitute"),
    )
    op.create_table(
        "escalation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("alert_id", BIG),
        sa.Column("task_id", BIG),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("waited_s", sa.Float(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("answered_by", sa.Text()),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("paged", sa.JSON(), nullable=False),
        sa.Column("unheard", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_escalation"),
    )
    op.create_index("ix_escalation_answered_at", "escalation", ["answered_at"], unique=False)
    op.create_index("ix_escalation_subject", "escalation", ["subject"], unique=False)
    op.create_table(
        "notification",
        sa.Column("id", BIG, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("to_kind", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("further", sa.JSON(), nullable=False),
        sa.Column("gateway_id", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("document", sa.Text()),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("alert_id", BIG),
        sa.Column("task_id", BIG),
        sa.Column("warning_id", BIG),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("leased_by", sa.Text()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("provider_id", sa.Text()),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.UniqueConstraint("key", name="uq_notification_key"),
    )
    op.create_index("ix_notification_alert_id", "notification", ["alert_id"], unique=False)
    op.create_index(
        "ix_notification_gateway_id_provider_id", "notification", ["gateway_id", "provider_id"], unique=False
    )
    op.create_index("ix_notification_state_due_at", "notification", ["state", "due_at"], unique=False)
    op.create_index("ix_notification_warning_id", "notification", ["warning_id"], unique=False)
    op.create_table(
        "pulse",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("silent_after_s", sa.Integer(), nullable=False),
        sa.Column("watched_count", sa.BigInteger()),
        sa.Column("watched_at", sa.DateTime(timezone=True)),
        sa.Column("silent_s", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_pulse"),
    )
    op.create_table(
        "responder",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("means", sa.JSON(), nullable=False),
        sa.Column("lon", sa.Float()),
        sa.Column("lat", sa.Float()),
        sa.Column("area", sa.Text()),
        sa.Column("ready_hours", sa.Float()),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_responder"),
        sa.UniqueConstraint("name", name="uq_responder_name"),
    )
    op.create_table(
        "silence",
        sa.Column("id", BIG, nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("below_priority", sa.Float(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_table(
        "page",
        sa.Column("id", BIG, nullable=False),
        sa.Column("escalation_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notification_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["escalation_id"], ["escalation.id"], name="fk_page_escalation_id"),
        sa.ForeignKeyConstraint(["notification_id"], ["notification.id"], name="fk_page_notification_id"),
        sa.PrimaryKeyConstraint("id", name="pk_page"),
        sa.UniqueConstraint("escalation_id", "step", name="uq_page_escalation_id_step"),
    )
    op.create_index("ix_page_person_at", "page", ["person", "at"], unique=False)
    op.create_table(
        "ranking",
        sa.Column("alert_id", BIG, autoincrement=False, nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("host_state_chance", sa.Float()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_ranking_alert_id"),
        sa.PrimaryKeyConstraint("alert_id", name="pk_ranking"),
    )
    op.create_table(
        "task",
        sa.Column("id", BIG, nullable=False),
        sa.Column("alert_id", BIG),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("responder", sa.Text(), nullable=False),
        sa.Column("responder_owner", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("area", sa.Text()),
        sa.Column("place", sa.Text()),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("acknowledged_by", sa.Text()),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("arrived_at", sa.DateTime(timezone=True)),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("tlp", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_task_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
    )
    op.create_index("ix_task_alert_id", "task", ["alert_id"], unique=False)
    op.create_index("ix_task_owner", "task", ["owner"], unique=False)
    op.create_index("ix_task_state_due_at", "task", ["state", "due_at"], unique=False)
    op.create_table(
        "warning",
        sa.Column("id", BIG, nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("msg_type", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("alert_id", BIG),
        sa.Column("follows", BIG),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("responses", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("area", sa.Text()),
        sa.Column("geofence", sa.JSON(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("audiences", sa.JSON(), nullable=False),
        sa.Column("margin_km", sa.Float(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text()),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.Column("released_by", sa.Text()),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.Column("document", sa.Text()),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("tlp", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_warning_alert_id"),
        sa.ForeignKeyConstraint(["follows"], ["warning.id"], name="fk_warning_follows"),
        sa.PrimaryKeyConstraint("id", name="pk_warning"),
        sa.UniqueConstraint("identifier", name="uq_warning_identifier"),
    )
    op.create_index("ix_warning_state", "warning", ["state"], unique=False)
    op.create_table(
        "task_change",
        sa.Column("id", BIG, nullable=False),
        sa.Column("task_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_task_change_task_id"),
        sa.PrimaryKeyConstraint("id", name="pk_task_change"),
    )
    op.create_index("ix_task_change_task_id", "task_change", ["task_id"], unique=False)
    op.create_table(
        "warning_ack",
        sa.Column("warning_id", BIG, autoincrement=False, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["warning_id"], ["warning.id"], name="fk_warning_ack_warning_id"),
        sa.PrimaryKeyConstraint("warning_id", "who", name="pk_warning_ack"),
    )
    for table in LABELLED:
        for statement in guard(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("warning_ack")
    op.drop_table("task_change")
    op.drop_table("warning")
    op.drop_table("task")
    op.drop_table("ranking")
    op.drop_table("page")
    op.drop_table("silence")
    op.drop_table("responder")
    op.drop_table("pulse")
    op.drop_table("notification")
    op.drop_table("escalation")
    op.drop_table("duty_substitute")
    op.drop_table("duty_shift")
    op.drop_table("duty_holder")
    op.drop_table("duty_away")
    op.drop_table("contact")
    if op.get_bind().dialect.name == "postgresql":
        for table in LABELLED:
            op.execute(f"DROP FUNCTION {table}_label_guard()")
