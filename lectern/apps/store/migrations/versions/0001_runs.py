"""Runs and the workflows they execute."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "workflows",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("graph", sa.JSON, nullable=False),
        sa.Column("targets", sa.JSON, nullable=False),
        sa.Column("outputs", sa.JSON, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("app", sa.String(63), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("workflow", sa.String(64), sa.ForeignKey("workflows.digest"), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("input", sa.JSON, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("prompt_id", sa.String(36)),
        sa.Column("outputs", sa.JSON, nullable=False),
        sa.Column("error", sa.JSON),
        sa.Column("cached_nodes", sa.Integer),
        sa.Column("execution_ms", sa.BigInteger),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("completed_ms", sa.BigInteger),
    )
    op.create_index("runs_by_status", "runs", ["status", "sequence"])
    op.create_index("runs_by_app", "runs", ["app", "sequence"])


def downgrade() -> None:
    op.drop_table("runs")
    op.drop_table("workflows")
