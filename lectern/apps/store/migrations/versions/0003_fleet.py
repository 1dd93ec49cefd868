"""What a fleet needs to know of runs, and the secrets that all gateways share."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = ("priority", "alone", "worker", "place")


def upgrade() -> None:
    columns = [
        sa.Column("priority", sa.String(12), nullable=False, server_default="interactive"),
        sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("worker", sa.String(64), nullable=False, server_default=""),
        sa.Column("place", sa.BigInteger),
    ]
    for column in columns:  # not as a batch, which would copy the whole table in SQLite
        op.add_column("runs", column)
    op.create_index("runs_by_turn", "runs", ["status", "priority", "owner", "sequence"])
    op.add_column("deliveries", sa.Column("claimed_ms", sa.BigInteger))
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("secrets")
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_column("claimed_ms")
    with op.batch_alter_table("runs") as runs:
        runs.drop_index("runs_by_turn")
        for name in COLUMNS:
            runs.drop_column(name)
