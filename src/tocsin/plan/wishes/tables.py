"""Plans that people asked for on the screen, from the question to the plan or the reason why there is none."""

import sqlalchemy as sa

from tocsin.store.database import metadata
from tocsin.store.tables import Instant

plan_wish = sa.Table(
    "plan_wish",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("asked_by", sa.Text, nullable=False, comment="account"),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("objective", sa.Text, nullable=False, comment="as `tocsin plan --objective`"),
    sa.Column("demands", sa.JSON, nullable=False, comment="limits, and the request as `tocsin plan --request`"),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, working, done, refused"),
    sa.Column("step", sa.Text, nullable=False, comment="what is being done"),
    sa.Column("beat_at", Instant, nullable=False, comment="last sign of the process that works on it"),
    sa.Column("begun_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("run", sa.Text, comment="the plan that came of it"),
    sa.Column("problem", sa.JSON, comment="why there is none: code, title, demands that clash"),
)
