"""Alembic's entry point: runs on the connection that :mod:`placket.storage.schema` hands over."""

from alembic import context
from alembic.util.exc import CommandError

connection = context.config.attributes.get("connection")
if connection is None:
    # By the command `alembic`, which is there to begin a new migration.
    raise CommandError("run `placket db upgrade`, which knows where the database is and waits for others")
context.configure(connection=connection, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
