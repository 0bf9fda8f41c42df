"""Sealed fields: who a source is, as ciphertext."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "sealed_key",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True)),
        sa.Column("proof", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sealed_key"),
    )
    op.create_table(
        "sealed_value",
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("row_id", sa.Text, nullable=False),
        sa.Column("column_name", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("box", sa.LargeBinary, nullable=False),
        sa.Column("lookup", sa.Text, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["sealed_key.id"], name="fk_sealed_value_key_id"),
        sa.PrimaryKeyConstraint("table_name", "row_id", "column_name", name="pk_sealed_value"),
    )
    op.create_index("ix_sealed_value_lookup", "sealed_value", ["lookup"])


def downgrade() -> None:
    for name in ("sealed_value", "sealed_key"):
        op.drop_table(name)
