"""Events: one row a version of an event; rows are added, never changed."""

import sqlalchemy as sa

from tocsin.store.database import metadata

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False, comment="ucdp or acled"),
    sa.Column("key", sa.Text, nullable=False, comment="the source's own id"),
    sa.Column("file_id", sa.Integer, sa.ForeignKey("source_file.id"), nullable=False, comment="first file with it"),
    sa.Column("content", sa.BigInteger, nullable=False, comment="hash of the row: tells a new version from an old"),
    sa.Column("withdrawn", sa.Boolean, nullable=False, comment="the source took it back"),
    sa.Column("kind", sa.SmallInteger, nullable=False, comment="1 state-based, 2 non-state, 3 one-sided; 0 other"),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("date_prec", sa.SmallInteger, nullable=False, comment="UCDP: 1 day … 4 month, 5 year; 0 not said"),
    sa.Column("where_prec", sa.SmallInteger, nullable=False, comment="UCDP: 1 exact … 6 country, 7 sea or air"),
    sa.Column("lon", sa.Float, nullable=False),
    sa.Column("lat", sa.Float, nullable=False),
    sa.Column("gid", sa.Integer, nullable=False, comment="PRIO-GRID cell of the point"),
    sa.Column("gw", sa.Integer, comment="country, Gleditsch-Ward"),
    sa.Column("adm_1", sa.Text, nullable=False),
    sa.Column("adm_2", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("place_text", sa.Text, nullable=False, comment="where, in the coder's words"),
    sa.Column("side_a", sa.Text, nullable=False),
    sa.Column("side_b", sa.Text, nullable=False),
    sa.Column("deaths_a", sa.Integer),
    sa.Column("deaths_b", sa.Integer),
    sa.Column("deaths_civilians", sa.Integer, comment="null where the source does not tell civilians apart"),
    sa.Column("deaths_unknown", sa.Integer),
    sa.Column("best", sa.Integer, nullable=False),
    sa.Column("low", sa.Integer),
    sa.Column("high", sa.Integer),
    sa.Column("status", sa.Text, nullable=False, comment="code_status: Clear, Check dyad …"),
    sa.Column("headline", sa.Text, nullable=False),
    sa.Column("source_text", sa.Text, nullable=False, comment="who reported it"),
    sa.Index("ix_event_source_key", "source", "key"),
    sa.Index("ix_event_file_id", "file_id"),
)

# Files that list a version again unchanged. A version's own file is in event.file_id and not repeated here.
event_seen = sa.Table(
    "event_seen",
    metadata,
    sa.Column("file_id", sa.Integer, sa.ForeignKey("source_file.id"), primary_key=True),
    sa.Column("event_id", sa.Integer, sa.ForeignKey("event.id"), primary_key=True),
)
