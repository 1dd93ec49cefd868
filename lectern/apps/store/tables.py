"""The store's tables. Types are those that SQLite and PostgreSQL share; times are milliseconds since 1970.

The migrations create them; a test compares the two.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    true,
)

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
    # From here on as of migration 0002.
    Column("owner", String(32), nullable=False, server_default=""),  # id of the key; empty without one
    Column("takes", Integer, nullable=False, server_default="1"),  # executions that were asked for, `n`
    Column("takes_done", Integer, nullable=False, server_default="0"),
    Column("retry", Boolean, nullable=False, server_default=true()),  # once more when ComfyUI lost it
    Column("seconds", Integer),  # that one execution may take
    Column("deadline_ms", BigInteger),  # canceled when it has not ended by then
    Column("expires_ms", BigInteger),
    Column("logs", Text, nullable=False, server_default=""),
    Column("webhook", JSON(none_as_null=True)),  # {"url", "events"}
    Column("seeds", JSON(none_as_null=True)),  # {name: [minimum, maximum]} of those that grow from take to take
    # From here on as of migration 0003.
    Column("priority", String(12), nullable=False, server_default="interactive"),
    Column("alone", Boolean, nullable=False, server_default=false()),  # no other run of its app at the same time
    Column("worker", String(64), nullable=False, server_default=""),  # name of the one that has or had it, in a fleet
    Column("place", BigInteger),  # of its message in a fleet's queue; null: it has none yet
    Index("runs_by_status", "status", "sequence"),
    Index("runs_by_turn", "status", "priority", "owner", "sequence"),
    Index("runs_by_app", "app", "sequence"),
    Index("runs_by_owner", "owner", "sequence"),
    Index("runs_by_expiry", "expires_ms"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("owner", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),  # of the request
    Column("run", String(36), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("idempotency_by_age", "created_ms"),
)

apps = Table(
    "apps",
    metadata,
    Column("slug", String(63), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("active", Integer, nullable=False),  # version number
    Column("newest", Integer, nullable=False),  # highest version number ever given; never given twice
    Column("options", JSON, nullable=False),
    Column("picture", LargeBinary),
    Column("picture_type", String(32)),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=false()),  # kept for `newest`
)

versions = Table(
    "versions",
    metadata,
    Column("slug", String(63), ForeignKey("apps.slug"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("workflow", JSON(none_as_null=True)),  # UI format
    Column("graph", JSON, nullable=False),  # API format
    Column("picked", JSON, nullable=False),  # inputs, outputs and stale picks
    Column("source", String(16), nullable=False),
    Column("author", String(32), nullable=False),  # id of the key; empty without one
    Column("created_ms", BigInteger, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("name", String(255), nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index("files_by_expiry", "expires_ms"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("sequence", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),  # the header webhook-id
    Column("run", String(36), nullable=False),
    Column("event", String(16), nullable=False),
    Column("url", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, delivered, failed
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("status", Integer),  # the last answer's
    Column("created_ms", BigInteger, nullable=False),
    Column("claimed_ms", BigInteger),  # until when one of several processes is sending it; as of migration 0003
    Index("deliveries_by_state", "state", "next_ms"),
    Index("deliveries_by_run", "run"),
)

secrets = Table(  # of Lectern itself, which all gateways of a fleet share
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("apps", JSON(none_as_null=True)),  # slugs; null: all
    Column("rate", Integer),  # requests a minute
    Column("concurrent", Integer),  # runs that wait or execute at once
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger),
    Column("revoked_ms", BigInteger),
)
