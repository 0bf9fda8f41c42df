"""What goes out and what is done: messages, contacts, tasks, ladders, the rota, signs of life, warnings."""

import sqlalchemy as sa

from tocsin.store.database import metadata
from tocsin.store.labels import label_columns
from tocsin.store.tables import Instant


def _big(name: str, *more: sa.ForeignKey, key: bool = False, **settings: object) -> "sa.Column[int]":
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column(name, kind, *more, primary_key=key, **settings)  # type: ignore[arg-type]


# Somebody a message can go to who has no account. Number, e-mail and web address are sealed under ("contact", id, …).
contact = sa.Table(
    "contact",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="random"),
    sa.Column(
        "kind", sa.Text, nullable=False, comment="focal_point, liaison_assistant, base, humanitarian, host_state"
    ),
    sa.Column("label", sa.Text, nullable=False, comment="what to call it; never a person's name"),
    sa.Column("owner", sa.Text, comment="account of the liaison assistant who keeps the contact"),
    sa.Column("area", sa.Text),
    sa.Column("lon", sa.Float, comment="where they are, to one decimal for people"),
    sa.Column("lat", sa.Float),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("channels", sa.JSON, nullable=False, comment="sms, email, webhook; the first that works is used"),
    sa.Column("opted_out_at", Instant, comment="wants no messages"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
)

# The outbox. A row is written in the transaction of what caused it; whom it goes to is an id, never a number.
notification = sa.Table(
    "notification",
    metadata,
    _big("id", key=True),
    sa.Column("key", sa.Text, nullable=False, comment="what it says to whom: the same is never written twice"),
    sa.Column("purpose", sa.Text, nullable=False, comment="page, task, warning, feedback, notice"),
    sa.Column("to_kind", sa.Text, nullable=False, comment="account, source or contact"),
    sa.Column("to_id", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False, comment="sms, email, webhook"),
    sa.Column("further", sa.JSON, nullable=False, comment="channels to try when this one fails for good"),
    sa.Column("gateway_id", sa.Text, comment="by which gateway it should go; after sending: by which it went"),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("document", sa.Text, comment="CAP of a warning"),
    sa.Column("practice", sa.Boolean, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False, comment="neither quiet hours nor the cost cap hold it"),
    _big("alert_id"),
    _big("task_id"),
    _big("warning_id"),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, sending, sent, delivered, failed, dropped"),
    sa.Column("held", sa.Text, comment="why it waits: quiet_hours, cost_cap, retry"),
    sa.Column("problem", sa.Text, comment="code of what went wrong last"),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, comment="says nothing any more after this"),
    sa.Column("leased_by", sa.Text),
    sa.Column("lease_until", Instant),
    sa.Column("provider_id", sa.Text, comment="what the gateway calls it"),
    sa.Column("cost", sa.Float, nullable=False, comment="estimated, in the gateway's currency"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("sent_at", Instant),
    sa.Column("delivered_at", Instant),
    sa.UniqueConstraint("key"),
    sa.Index("ix_notification_state_due_at", "state", "due_at"),
    sa.Index("ix_notification_gateway_id_provider_id", "gateway_id", "provider_id"),
    sa.Index("ix_notification_alert_id", "alert_id"),
    sa.Index("ix_notification_warning_id", "warning_id"),
)

# A unit's readiness, a partner, a post of the host state: who could act beside what the deployment list says.
responder = sa.Table(
    "responder",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, comment="a unit's name as in the deployment list, or a partner's"),
    sa.Column("owner", sa.Text, nullable=False, comment="military, police, civilian, partner, host state"),
    sa.Column("means", sa.JSON, nullable=False, comment="force, policing, dialogue, medical …; empty for a unit"),
    sa.Column("lon", sa.Float),
    sa.Column("lat", sa.Float),
    sa.Column("area", sa.Text),
    sa.Column("ready_hours", sa.Float, comment="start-up time; null = as usual for its kind"),
    sa.Column("available", sa.Boolean, nullable=False),
    sa.Column("account_id", sa.Text, comment="who answers for it: gets its tasks"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.UniqueConstraint("name"),
)

task = sa.Table(
    "task",
    metadata,
    _big("id", key=True),
    _big("alert_id", sa.ForeignKey("alert.id")),
    sa.Column("what", sa.Text, nullable=False, comment="what is to be done; no words of a source"),
    sa.Column("owner", sa.Text, comment="account that is to do it; null = not given yet"),
    sa.Column("responder", sa.Text, nullable=False, comment="unit or partner; empty = a role acts"),
    sa.Column("responder_owner", sa.Text, nullable=False, comment="military … host state"),
    sa.Column("component", sa.Text, nullable=False),
    sa.Column("tier", sa.Text, nullable=False, comment="I, II or III"),
    sa.Column("area", sa.Text),
    sa.Column("place", sa.Text),
    sa.Column("practice", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False, comment="given, acknowledged, started, arrived, done, cancelled"),
    sa.Column("given_at", Instant, nullable=False),
    sa.Column("given_by", sa.Text, nullable=False),
    sa.Column("answer_by", Instant, nullable=False, comment="to be acknowledged by then"),
    sa.Column("due_at", Instant, nullable=False, comment="to be there or finished by then"),
    sa.Column("acknowledged_at", Instant),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("started_at", Instant),
    sa.Column("arrived_at", Instant),
    sa.Column("done_at", Instant),
    sa.Column("outcome", sa.Text, comment="as of an alert"),
    sa.Column("note", sa.Text, comment="what was found and done; no words of a source"),
    sa.Column("changed", sa.BigInteger, nullable=False),
    *label_columns(),
    sa.Index("ix_task_alert_id", "alert_id"),
    sa.Index("ix_task_state_due_at", "state", "due_at"),
    sa.Index("ix_task_owner", "owner"),
)

task_change = sa.Table(
    "task_change",
    metadata,
    _big("id", key=True),
    _big("task_id", sa.ForeignKey("task.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Index("ix_task_change_task_id", "task_id"),
)

# Which facts an alert was last ranked on: it is ranked anew when they change, and only then.
ranking = sa.Table(
    "ranking",
    metadata,
    _big("alert_id", sa.ForeignKey("alert.id"), key=True, autoincrement=False),
    sa.Column("changed", sa.BigInteger, nullable=False, comment="the alert's counter after ranking"),
    sa.Column("basis", sa.Text, nullable=False, comment="hash of the facts and of the forecast's run"),
    sa.Column("host_state_chance", sa.Float, comment="assessed; null = nobody has"),
    sa.Column("at", Instant, nullable=False),
)

duty_shift = sa.Table(
    "duty_shift",
    metadata,
    _big("id", key=True),
    sa.Column("role", sa.Text, nullable=False, comment="role of the ladder: duty officer …"),
    sa.Column("person", sa.Text, nullable=False, comment="account"),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Index("ix_duty_shift_role_last_at", "role", "last_at"),
)

duty_away = sa.Table(
    "duty_away",
    metadata,
    _big("id", key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Index("ix_duty_away_person", "person"),
)

duty_substitute = sa.Table(
    "duty_substitute",
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("rank", sa.Integer, primary_key=True, autoincrement=False, comment="1 is asked first"),
    sa.Column("substitute", sa.Text, nullable=False),
)

duty_holder = sa.Table(
    "duty_holder",
    metadata,
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False, comment="holds the role when no shift says otherwise"),
)

silence = sa.Table(
    "silence",
    metadata,
    _big("id", key=True),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Column("below_priority", sa.Float, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
)

# One climb of a ladder: about an alert, a task or somebody's silent screen. The state that `advance` gives, as it is.
escalation = sa.Table(
    "escalation",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="subject and number: alert:12/1"),
    sa.Column("subject", sa.Text, nullable=False, comment="alert:12, task:3, pulse:…"),
    _big("alert_id"),
    _big("task_id"),
    sa.Column("rule", sa.Text, nullable=False, comment="ladder in the mission's rules"),
    sa.Column("owner", sa.Text, comment="account that the role 'owner' stands for"),
    sa.Column("priority", sa.Float, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("waited_s", sa.Float, nullable=False),
    sa.Column("reports", sa.Integer, nullable=False),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", Instant),
    sa.Column("skipped", sa.JSON, nullable=False),
    sa.Column("paged", sa.JSON, nullable=False),
    sa.Column("unheard", sa.Boolean, nullable=False, comment="not even the final role had anybody"),
    sa.Index("ix_escalation_subject", "subject"),
    sa.Index("ix_escalation_answered_at", "answered_at"),
)

page = sa.Table(
    "page",
    metadata,
    _big("id", key=True),
    sa.Column("escalation_id", sa.Text, sa.ForeignKey("escalation.id"), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("reports", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    _big("notification_id", sa.ForeignKey("notification.id"), nullable=False),
    sa.UniqueConstraint("escalation_id", "step"),
    sa.Index("ix_page_person_at", "person", "at"),
)

# Signs of life: a duty officer's screen, a link, the server itself.
pulse = sa.Table(
    "pulse",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="screen:<session>, link:<name>, server:<name>"),
    sa.Column("kind", sa.Text, nullable=False, comment="screen, link, server, beat"),
    sa.Column("person", sa.Text, comment="account whose screen it is"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False, comment="goes up with each sign"),
    sa.Column("silent_after_s", sa.Integer, nullable=False),
    sa.Column("watched_count", sa.BigInteger, comment="count at the watcher's last look"),
    sa.Column("watched_at", Instant),
    sa.Column("silent_s", sa.Float, nullable=False, comment="how long the watcher has seen no new sign"),
    sa.Column("ended_at", Instant, comment="signed off: nobody is missed"),
)

warning = sa.Table(
    "warning",
    metadata,
    _big("id", key=True),
    sa.Column("identifier", sa.Text, nullable=False, comment="CAP identifier"),
    sa.Column("state", sa.Text, nullable=False, comment="draft, released, replaced, cancelled, withdrawn"),
    sa.Column("status", sa.Text, nullable=False, comment="Actual, Exercise, Test (CAP)"),
    sa.Column("msg_type", sa.Text, nullable=False, comment="Alert, Update, Cancel (CAP)"),
    sa.Column("scope", sa.Text, nullable=False, comment="Public, Restricted, Private (CAP)"),
    _big("alert_id", sa.ForeignKey("alert.id")),
    _big("follows", sa.ForeignKey("warning.id"), comment="warning that this one updates or cancels"),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("urgency", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("certainty", sa.Text, nullable=False),
    sa.Column("responses", sa.JSON, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("area", sa.Text, comment="code of the first-level area"),
    sa.Column(
        "geofence", sa.JSON, nullable=False, comment="description, and circle (lon, lat, km) or polygon (lon, lat)"
    ),
    sa.Column("texts", sa.JSON, nullable=False, comment="language -> headline, description, instruction, sms"),
    sa.Column("audiences", sa.JSON, nullable=False, comment="kinds of contact, or public"),
    sa.Column("margin_km", sa.Float, nullable=False, comment="how far beyond the geofence people are told"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("approved_by", sa.Text, comment="first release"),
    sa.Column("approved_at", Instant),
    sa.Column("released_by", sa.Text, comment="second person where two are needed"),
    sa.Column("released_at", Instant, comment="CAP sent"),
    sa.Column("document", sa.Text, comment="CAP as sent"),
    sa.Column("recipients", sa.Integer, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    *label_columns(),
    sa.UniqueConstraint("identifier"),
    sa.Index("ix_warning_state", "state"),
)

warning_ack = sa.Table(
    "warning_ack",
    metadata,
    _big("warning_id", sa.ForeignKey("warning.id"), key=True, autoincrement=False),
    sa.Column("who", sa.Text, primary_key=True, comment="contact, account, or keyed hash of a CAP sender"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("how", sa.Text, nullable=False, comment="screen, cap, radio, reply"),
)
