"""Tables of the store itself: runs, the audit trail, labels, sealed fields, accounts."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from tocsin.store.database import metadata


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """An instant in UTC, aware in Python on both databases (SQLite itself forgets the zone)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """Refuse an instant without a zone; write UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """Read UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="hash of what went in: the same inputs give the same run"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("inputs", sa.JSON, nullable=False, comment="checksums and parameters"),
    sa.Column("version", sa.Text, nullable=False, comment="program version"),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("output", sa.JSON, nullable=False, comment="what it gave: file names and summary"),
)

# The audit trail. Triggers refuse to change or delete a row; times are text so that every database hashes the same.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False, comment="1, 2, 3 … without a gap"),
    sa.Column("at", sa.Text, nullable=False, comment="UTC, 2026-03-01T05:10:00.000000Z"),
    sa.Column("who", sa.Text, nullable=False, comment="id of the account, never a name"),
    sa.Column("what", sa.Text, nullable=False, comment="verb: sealed.open, label.lower …"),
    sa.Column("object", sa.Text, nullable=False, comment="kind of thing"),
    sa.Column("object_id", sa.Text, nullable=False, comment="which one"),
    sa.Column("why", sa.Text, nullable=False, comment="stated reason; empty where none is asked"),
    sa.Column("details", sa.Text, nullable=False, comment="JSON, sorted keys; numbers and codes only"),
    sa.Column("previous", sa.Text, nullable=False, comment="hash of the row before"),
    sa.Column("hash", sa.Text, nullable=False, comment="SHA-256 of chain, row and previous hash"),
)

# One row: how far the trail goes. Writers lock it, so there is one chain; it also shows a trail cut at its end.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, comment="always 1"),
    sa.Column("chain", sa.Text, nullable=False, comment="random name of this trail"),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

# Every change of a label; the trigger on a labelled table looks here before it lets a label fall.
label_change = sa.Table(
    "label_change",
    metadata,
    sa.Column("audit_seq", sa.BigInteger, sa.ForeignKey("audit.seq"), primary_key=True, autoincrement=False),
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("row_id", sa.Text, nullable=False),
    sa.Column("from_tlp", sa.Text, nullable=False),
    sa.Column("to_tlp", sa.Text, nullable=False),
    sa.Column("from_classification", sa.Text, nullable=False),
    sa.Column("to_classification", sa.Text, nullable=False),
)

# Names of the keys that sealed something here; the keys themselves are files outside the mission folder.
sealed_key = sa.Table(
    "sealed_key",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("replaced_at", Instant, comment="null = in use"),
    sa.Column("proof", sa.Text, nullable=False, comment="tells the right key file from a wrong one"),
)

# Who a source is. Nothing else in the database says it.
sealed_value = sa.Table(
    "sealed_value",
    metadata,
    sa.Column("table_name", sa.Text, primary_key=True),
    sa.Column("row_id", sa.Text, primary_key=True),
    sa.Column("column_name", sa.Text, primary_key=True),
    sa.Column("key_id", sa.Text, sa.ForeignKey("sealed_key.id"), nullable=False),
    sa.Column("box", sa.LargeBinary, nullable=False, comment="nonce and AES-256-GCM ciphertext, padded"),
    sa.Column("lookup", sa.Text, nullable=False, comment="keyed hash, to find an equal value without opening"),
    sa.Column("sealed_at", Instant, nullable=False),
    sa.Index("ix_sealed_value_lookup", "lookup"),
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="random; stands for the person in the audit trail"),
    sa.Column("login", sa.Text, nullable=False, comment="as typed, folded to one case"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("component", sa.Text, nullable=False),
    sa.Column("areas", sa.JSON, nullable=False, comment='codes of areas; ["*"] = the whole mission'),
    sa.Column("password", sa.Text, nullable=False, comment="argon2id; empty until an invitation is taken up"),
    sa.Column("totp_step", sa.BigInteger, comment="last time step used, so a code works once; null = no TOTP"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("closed_at", Instant, comment="null = may sign in"),
    sa.UniqueConstraint("login"),
)

one_time_link = sa.Table(
    "one_time_link",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True, comment="SHA-256 of the token; the token itself is nowhere"),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False, comment="first, invite, recover or password"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="for lists; says nothing about the token"),
    sa.Column("hash", sa.Text, nullable=False, comment="SHA-256 of the token"),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("client", sa.Text, nullable=False, comment="browser or device, in the person's own words"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column(
        "second_step", sa.Boolean, nullable=False, server_default=sa.false(), comment="opened with a code or a passkey"
    ),
    sa.Column("ends_at", Instant, comment="when it ends whatever happens; null = after the longest time"),
    sa.UniqueConstraint("hash"),
    sa.Index("ix_session_account_id", "account_id"),
)

# Passkeys: the public half of a key that lies in somebody's device and never leaves it.
passkey = sa.Table(
    "passkey",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="for lists"),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("credential", sa.Text, nullable=False, comment="what the device calls it, base64url"),
    sa.Column("public_key", sa.LargeBinary, nullable=False, comment="COSE"),
    sa.Column("sign_count", sa.BigInteger, nullable=False, comment="the device's own counter; it must not go back"),
    sa.Column("site", sa.Text, nullable=False, comment="host name it was made for, and alone works under"),
    sa.Column("name", sa.Text, nullable=False, comment="in the person's own words"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Column("ended_at", Instant),
    sa.UniqueConstraint("credential"),
    sa.Index("ix_passkey_account_id", "account_id"),
)

# What a device is asked to sign: used once, and only for some minutes.
passkey_challenge = sa.Table(
    "passkey_challenge",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True, comment="SHA-256 of the challenge"),
    sa.Column("purpose", sa.Text, nullable=False, comment="make or use"),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.id"), comment="null = whoever holds a passkey"),
    sa.Column("expires_at", Instant, nullable=False),
)

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scope", sa.JSON, nullable=False, comment='["read alert", …]; never more than the account itself'),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.UniqueConstraint("hash"),
    sa.Index("ix_api_token_account_id", "account_id"),
)

# Devices that signed in before: they keep their own count of failures, so a stranger cannot lock their owner out.
known_device = sa.Table(
    "known_device",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
)

sign_in_failure = sa.Table(
    "sign_in_failure",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("login", sa.Text, nullable=False, comment="keyed hash"),
    sa.Column("door", sa.Text, nullable=False, comment="keyed hash of the address, or of the known device"),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_sign_in_failure_login_at", "login", "at"),
)

# When a person last looked at what is new: the look before `looked_at` is what "new since you were here" counts from.
last_look = sa.Table(
    "last_look",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("looked_at", Instant, nullable=False, comment="last time the screen was open"),
    sa.Column("since_at", Instant, nullable=False, comment="end of the visit before this one"),
)
