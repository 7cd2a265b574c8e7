"""Alembic's environment for the platform and the built-in plugins (run by Flask-Migrate)."""

from typing import Any

from alembic import context
from flask import current_app

from issue_insight.db import Base, db


def built_in(name: str | None, kind: str, parents: Any) -> bool:
    """Leave out what is not ours: the tables that plugins from elsewhere migrate themselves."""
    return kind != "table" or name in Base.metadata.tables


def run() -> None:
    """Run the migrations, each in its own transaction, giving up on locks rather than waiting."""
    plugins = current_app.extensions["issue_insight"].plugins
    foreign = tuple(f"{plugin.name}_" for plugin in plugins if plugin.migrations is not None)

    def include_object(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        return not (kind == "table" and foreign and str(name).startswith(foreign))

    with db.engine.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '4s'")
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_name=built_in,
            include_object=include_object,
            transaction_per_migration=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
