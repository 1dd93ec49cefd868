"""Alembic's entry: runs the migrations on the connection that `migrate.py` hands over."""

from alembic import context

# SQLite can roll back table changes; Alembic assumes it cannot unless told.
context.configure(connection=context.config.attributes["connection"], render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
