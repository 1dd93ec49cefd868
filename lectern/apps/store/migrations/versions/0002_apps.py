"""Published apps and their versions, files, keys, webhook deliveries; what section 6 of the surface adds to runs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = ("owner", "takes", "takes_done", "retry", "seconds", "deadline_ms", "expires_ms", "logs", "webhook", "seeds")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _runs()
    _idempotency()
    _apps()
    _versions()
    _files()
    _deliveries()
    _keys()


def downgrade() -> None:
    for table in ("keys", "deliveries", "files", "versions", "apps", "idempotency"):
        op.drop_table(table)
    with op.batch_alter_table("runs") as runs:
        runs.drop_index("runs_by_expiry")
        runs.drop_index("runs_by_owner")
        for name in COLUMNS:
            runs.drop_column(name)


def _runs() -> None:
    columns = [
        sa.Column("owner", sa.String(32), nullable=False, server_default=""),
        sa.Column("takes", sa.Integer, nullable=False, server_default="1"),
        sa.Column("takes_done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("retry", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("seconds", sa.Integer),
        sa.Column("deadline_ms", sa.BigInteger),
        sa.Column("expires_ms", sa.BigInteger),
        sa.Column("logs", sa.Text, nullable=False, server_default=""),
        sa.Column("webhook", sa.JSON),
        sa.Column("seeds", sa.JSON),
    ]
    for column in columns:
        op.add_column("runs", column)
    op.create_index("runs_by_owner", "runs", ["owner", "sequence"])
    op.create_index("runs_by_expiry", "runs", ["expires_ms"])


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("owner", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("run", sa.String(36), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("idempotency_by_age", "idempotency", ["created_ms"])


def _apps() -> None:
    op.create_table(
        "apps",
        sa.Column("slug", sa.String(63), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("active", sa.Integer, nullable=False),
        sa.Column("newest", sa.Integer, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("picture", sa.LargeBinary),
        sa.Column("picture_type", sa.String(32)),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.false()),
    )


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column("slug", sa.String(63), sa.ForeignKey("apps.slug"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("workflow", sa.JSON),
        sa.Column("graph", sa.JSON, nullable=False),
        sa.Column("picked", sa.JSON, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("author", sa.String(32), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("files_by_expiry", "files", ["expires_ms"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("sequence", ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("run", sa.String(36), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("deliveries_by_state", "deliveries", ["state", "next_ms"])
    op.create_index("deliveries_by_run", "deliveries", ["run"])


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("apps", sa.JSON),
        sa.Column("rate", sa.Integer),
        sa.Column("concurrent", sa.Integer),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("last_used_ms", sa.BigInteger),
        sa.Column("revoked_ms", sa.BigInteger),
    )
