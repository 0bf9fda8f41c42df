"""Plans asked for on the screen, when each person last looked, and devices in the field that can be told to wipe."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "plan_wish",
        sa.Column("id", BIG, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("demands", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("run", sa.Text()),
        sa.Column("problem", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_plan_wish"),
    )
    op.create_table(
        "last_look",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_last_look"),
    )
    op.create_table(
        "field_device",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wipe_asked_at", sa.DateTime(timezone=True)),
        sa.Column("wipe_asked_by", sa.Text()),
        sa.Column("wiped_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("hash", name="pk_field_device"),
    )


def downgrade() -> None:
    for table in ("field_device", "last_look", "plan_wish"):
        op.drop_table(table)
