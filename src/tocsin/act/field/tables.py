"""Devices of people in the field, so that a lost one can be told to wipe itself at its next contact."""

import sqlalchemy as sa

from tocsin.store.database import metadata
from tocsin.store.tables import Instant

# Which device it is only the device can say: it made up its name, and here is the hash.
field_device = sa.Table(
    "field_device",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True, comment="SHA-256 of the name the device made up"),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("known_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("wipe_asked_at", Instant, comment="at its next contact it is told to wipe"),
    sa.Column("wipe_asked_by", sa.Text),
    sa.Column("wiped_at", Instant, comment="it said that it has"),
)
