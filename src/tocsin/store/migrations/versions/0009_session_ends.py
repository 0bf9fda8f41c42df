"""Sessions that end at a time of their own: those that an organisation's sign-in opened."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("session") as batch:
        batch.add_column(sa.Column("ends_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    with op.batch_alter_table("session") as batch:
        batch.drop_column("ends_at")
