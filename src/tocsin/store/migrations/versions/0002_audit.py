"""The audit trail, which refuses change, and the record of label changes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SQLITE = (
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    """CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
       WHEN NEW.id <> OLD.id OR NEW.chain <> OLD.chain OR NEW.seq <= OLD.seq
       BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END""",
    """CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    """CREATE TRIGGER label_change_no_update BEFORE UPDATE ON label_change
       BEGIN SELECT RAISE(ABORT, 'label changes are append-only'); END""",
    """CREATE TRIGGER label_change_no_delete BEFORE DELETE ON label_change
       BEGIN SELECT RAISE(ABORT, 'label changes are append-only'); END""",
)
POSTGRESQL = (
    """CREATE FUNCTION tocsin_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$""",
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse()",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE OR TRUNCATE ON audit
       FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse()""",
    """CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW
       WHEN (NEW.id <> OLD.id OR NEW.chain <> OLD.chain OR NEW.seq <= OLD.seq) EXECUTE FUNCTION tocsin_refuse()""",
    """CREATE TRIGGER audit_head_no_delete BEFORE DELETE OR TRUNCATE ON audit_head
       FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse()""",
    """CREATE TRIGGER label_change_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON label_change
       FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse()""",
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "label_change",
        sa.Column("audit_seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("row_id", sa.Text, nullable=False),
        sa.Column("from_tlp", sa.Text, nullable=False),
        sa.Column("to_tlp", sa.Text, nullable=False),
        sa.Column("from_classification", sa.Text, nullable=False),
        sa.Column("to_classification", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["audit_seq"], ["audit.seq"], name="fk_label_change_audit_seq"),
        sa.PrimaryKeyConstraint("audit_seq", name="pk_label_change"),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for name in ("label_change", "audit_head", "audit"):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION tocsin_refuse()")
