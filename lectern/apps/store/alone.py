"""One transaction at a time, among all processes."""

from sqlalchemy import Connection, Table


def alone(connection: Connection, table: Table) -> None:
    """Until the transaction ends, no other one writes to this table. Only as the first thing that a transaction does.

    SQLite's transactions are alone from the beginning. On PostgreSQL this is no statement that would fix the moment
    that the transaction sees, so it sees what those before it did.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")
