"""Alembic's environment for a plugin's own migrations; `plugin.migrate` hands in the connection."""

from alembic import context

options = context.config.attributes
context.configure(connection=options["connection"], version_table=options["version_table"])
with context.begin_transaction():
    context.run_migrations()
