"""The store's tables. Types are those that SQLite and PostgreSQL share; times are milliseconds since 1970.

The migrations create them; a test compares the two.
"""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table

metadata = MetaData()

# SQLite numbers rows by itself only in a column declared INTEGER.
ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")

workflows = Table(
    "workflows",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("graph", JSON, nullable=False),
    Column("targets", JSON, nullable=False),
    Column("outputs", JSON, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("sequence", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("app", String(63), nullable=False),
    Column("version", Integer, nullable=False),
    Column("workflow", String(64), ForeignKey("workflows.digest"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("input", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("prompt_id", String(36)),
    Column("outputs", JSON, nullable=False),
    Column("error", JSON(none_as_null=True)),
    Column("cached_nodes", Integer),
    Column("execution_ms", BigInteger),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("completed_ms", BigInteger),
    Index("runs_by_status", "status", "sequence"),
    Index("runs_by_app", "app", "sequence"),
)
