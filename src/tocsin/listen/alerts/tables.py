"""Reports as they came, who a source is without saying so, and the alerts that reports make together."""

import sqlalchemy as sa

from tocsin.store.database import metadata
from tocsin.store.labels import label_columns
from tocsin.store.tables import Instant

# A way in or out: one SMS gateway, one form server. Its secrets are sealed under ("gateway", id, "secret").
gateway = sa.Table(
    "gateway",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="short name: sms-bria"),
    sa.Column("provider", sa.Text, nullable=False, comment="twilio, httpsms, kobo …"),
    sa.Column("path", sa.Text, nullable=False, comment="SHA-256 of the secret part of its address"),
    sa.Column("allowed", sa.JSON, nullable=False, comment="networks it may call from (CIDR); empty = any, if signed"),
    sa.Column("settings", sa.JSON, nullable=False, comment="what the provider needs beside secrets; outbound address"),
    sa.Column("sends", sa.Boolean, nullable=False, comment="messages go out by it too"),
    sa.Column("heartbeat_minutes", sa.Integer, comment="silent longer than this is itself an alert; null = never"),
    sa.Column("heard_at", Instant, comment="last delivery or heartbeat"),
    sa.Column("accepted", sa.BigInteger, nullable=False, comment="reports kept"),
    sa.Column("repeated", sa.BigInteger, nullable=False, comment="deliveries that came again"),
    sa.Column("refused", sa.BigInteger, nullable=False, comment="wrong signature, secret or address; never stored"),
    sa.Column("unreadable", sa.BigInteger, nullable=False, comment="signed, but no report could be read"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
)

# A source without its identity: number and name are sealed under ("source", id, "phone" / "name").
source = sa.Table(
    "source",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="random"),
    sa.Column("owner", sa.Text, comment="account of the liaison assistant who keeps the contact; null = nobody yet"),
    sa.Column("area", sa.Text, comment="code of the first-level area of the usual place; null = unknown"),
    sa.Column("lon", sa.Float, comment="usual place, to one decimal"),
    sa.Column("lat", sa.Float),
    sa.Column("language", sa.Text, comment="as they write; null = unknown"),
    sa.Column("verified", sa.Float, nullable=False, comment="reports that were true, echoes weighted down"),
    sa.Column("refuted", sa.Float, nullable=False),
    sa.Column("opted_out_at", Instant, comment="wants no messages"),
    sa.Column("erased_at", Instant, comment="identity taken away; what was said stays and is counted"),
    sa.Column("made_at", Instant, nullable=False),
    *label_columns(),
    sa.Index("ix_source_owner", "owner"),
)

report = sa.Table(
    "report",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("delivery", sa.Text, nullable=False, comment="keyed hash of gateway, id, version and content"),
    sa.Column("gateway_id", sa.Text, nullable=False, comment="no foreign key: taking in must not wait for it"),
    sa.Column("provider_id", sa.Text, comment="the provider's own id; null where it has none"),
    sa.Column("version", sa.Text, comment="of the provider's form; another one is a correction"),
    sa.Column("content_hash", sa.Text, nullable=False, comment="keyed: a plain one would let a number be guessed"),
    sa.Column("conflict_with", sa.BigInteger, comment="earlier report with the same id and other content"),
    sa.Column("corrects", sa.BigInteger, comment="earlier report that this one updates or cancels"),
    sa.Column("answers", sa.BigInteger, comment="missed call that was called back with this report"),
    sa.Column("called_back_at", Instant, comment="of a missed call: when somebody last tried to call back"),
    sa.Column("kind", sa.Text, nullable=False, comment="sms, missed_call, form …"),
    sa.Column("practice", sa.Boolean, nullable=False, comment="exercise, test or draft"),
    sa.Column("sent_at", Instant, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("source_id", sa.Text, sa.ForeignKey("source.id"), comment="null = sender not given"),
    sa.Column("text", sa.Text, nullable=False, comment="the words; empty for a missed call"),
    sa.Column("fields", sa.JSON, nullable=False, comment="further answers of a form"),
    sa.Column("attachments", sa.JSON, nullable=False),
    sa.Column("given_lon", sa.Float, comment="position the sender gave"),
    sa.Column("given_lat", sa.Float),
    # what was understood; null = left to a person
    sa.Column("understood", sa.JSON, comment="everything understood, with confidence and why; null = not read yet"),
    sa.Column("threat", sa.Text),
    sa.Column("imminence", sa.Text),
    sa.Column("actor", sa.Text),
    sa.Column("number", sa.Float),
    sa.Column("language", sa.Text),
    sa.Column("denied", sa.Boolean, nullable=False),
    sa.Column("places", sa.JSON, comment="ranked candidates: name, lon, lat, radius_km, score, why"),
    sa.Column("place", sa.Text, comment="name of the chosen candidate"),
    sa.Column("lon", sa.Float),
    sa.Column("lat", sa.Float),
    sa.Column("radius_km", sa.Float),
    sa.Column("placed_by", sa.Text, comment="account; 'program' when no person chose; null = not placed"),
    sa.Column("area", sa.Text, comment="code of the first-level area; null = not placed"),
    sa.Column("owner", sa.Text, comment="account of the liaison assistant whose source it is"),
    sa.Column("state", sa.Text, nullable=False, comment="new, waiting (for a person), joined, dismissed"),
    sa.Column("dismissed_why", sa.Text),
    sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("alert.id")),
    *label_columns(),
    sa.UniqueConstraint("delivery"),
    sa.Index("ix_report_gateway_id_provider_id", "gateway_id", "provider_id"),
    sa.Index("ix_report_state_id", "state", "id"),
    sa.Index("ix_report_alert_id", "alert_id"),
    sa.Index("ix_report_source_id", "source_id"),
)

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("state", sa.Text, nullable=False, comment="open, acknowledged, decided, closed, merged, dismissed"),
    sa.Column("merged_into", sa.BigInteger, comment="alert that holds its reports now"),
    sa.Column("practice", sa.Boolean, nullable=False, comment="all its reports are exercise or test"),
    sa.Column("threat", sa.Text, comment="kind of threat; null = unknown"),
    sa.Column("imminence", sa.Text),
    sa.Column("actor", sa.Text),
    sa.Column("harm_at", Instant, comment="when harm is expected or began; null = unknown"),
    sa.Column("place", sa.Text),
    sa.Column("lon", sa.Float),
    sa.Column("lat", sa.Float),
    sa.Column("radius_km", sa.Float),
    sa.Column("area", sa.Text),
    sa.Column("component", sa.Text, nullable=False, comment="whose it is first: civilian, military, police"),
    sa.Column("reports", sa.Integer, nullable=False),
    sa.Column("independent", sa.Float, nullable=False, comment="sources that speak for themselves"),
    sa.Column("reliability", sa.Text, nullable=False, comment="Admiralty A–F"),
    sa.Column("credibility", sa.Text, nullable=False, comment="Admiralty 1–6"),
    sa.Column("truth", sa.Float, nullable=False),
    sa.Column("grade_why", sa.JSON, nullable=False),
    sa.Column("priority", sa.Float, nullable=False, comment="0–100"),
    sa.Column("level", sa.Text, nullable=False, comment="service level 1–4"),
    sa.Column("priority_why", sa.JSON, nullable=False, comment="factors of the sentence"),
    sa.Column("heard_at", Instant, nullable=False, comment="first report received"),
    sa.Column("last_at", Instant, nullable=False, comment="latest report received"),
    sa.Column("acknowledge_by", Instant, nullable=False),
    sa.Column("decide_by", Instant, nullable=False),
    sa.Column("acknowledged_at", Instant),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", sa.Text),
    sa.Column("arrived_at", Instant, comment="first responder there"),
    sa.Column("closed_at", Instant),
    sa.Column("closed_by", sa.Text),
    sa.Column("outcome", sa.Text, comment="averted, deterred, in_time, late, false, not_reached, referred"),
    sa.Column("lesson", sa.Text),
    sa.Column("unanswered_why", sa.Text, comment="why nothing was done, when nothing was"),
    sa.Column("told_at", Instant, comment="first source told what happened"),
    sa.Column("changed", sa.BigInteger, nullable=False, comment="goes up with every change: who writes must name it"),
    *label_columns(),
    sa.Index("ix_alert_state_priority", "state", "priority"),
    sa.Index("ix_alert_heard_at", "heard_at"),
)

# What was done to an alert, by whom, in order. Never changed, never deleted.
alert_change = sa.Table(
    "alert_change",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column(
        "alert_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("alert.id"), nullable=False
    ),
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", sa.Text, nullable=False, comment="account, or 'program'"),
    sa.Column(
        "what", sa.Text, nullable=False, comment="started, joined, split, merged, graded, acknowledged, decided …"
    ),
    sa.Column("details", sa.JSON, nullable=False, comment="codes, numbers, report ids; never words of a source"),
    sa.Column("undoes", sa.BigInteger, comment="the change that this one takes back"),
    sa.Index("ix_alert_change_alert_id", "alert_id"),
)

# What was done to a report, by whom, in order; `before` holds the values that changed, so that it can be taken back.
report_change = sa.Table(
    "report_change",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column(
        "report_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("report.id"), nullable=False
    ),
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", sa.Text, nullable=False, comment="account, or 'program'"),
    sa.Column("what", sa.Text, nullable=False, comment="read, accepted, placed, dismissed, moved, called_back, undone"),
    sa.Column("details", sa.JSON, nullable=False, comment="codes, numbers, ids; never words of a source"),
    sa.Column("before", sa.JSON, nullable=False, comment="columns as they were"),
    sa.Column("bulk", sa.Text, comment="one name for everything done in one go"),
    sa.Column("undone_at", Instant),
    sa.Index("ix_report_change_report_id", "report_id"),
    sa.Index("ix_report_change_bulk", "bulk"),
)

# What the program tells the people who run the intake: a silent gateway, reports waiting in the spool.
notice = sa.Table(
    "notice",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False, comment="gateway_silent, gateway_refusing, gateway_unreadable, spool"),
    sa.Column("object_id", sa.Text, nullable=False, comment="which gateway; empty for the whole intake"),
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Column("ended_at", Instant, comment="null = still so"),
    sa.Column("details", sa.JSON, nullable=False, comment="numbers and codes"),
    sa.Column("seen_at", Instant),
    sa.Column("seen_by", sa.Text),
    sa.Index("ix_notice_kind_object_id", "kind", "object_id"),
)

# Who does a work that only one process may do at a time, and until when it need not say so again.
lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False, comment="random name of a process; empty = nobody"),
    sa.Column("until", Instant, nullable=False),
)

# Answers already given to requests with an Idempotency-Key, so that a request sent again does nothing twice.
given_answer = sa.Table(
    "given_answer",
    metadata,
    sa.Column("key", sa.Text, primary_key=True, comment="hash of account, method, path and key"),
    sa.Column("request", sa.Text, nullable=False, comment="hash of the body: another body with this key is a conflict"),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False),
)
