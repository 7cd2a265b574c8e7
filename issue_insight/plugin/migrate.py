"""Bringing the database up to date: the platform and built-in plugins in one line of revisions,
then each plugin from elsewhere in a line, and with a version table, of its own.

One shared version table would bind the instance to every plugin it ever had: once a plugin is
uninstalled, Alembic no longer finds the revision and refuses everything.
"""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import flask_migrate
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection

from issue_insight.db import db
from issue_insight.plugin.loader import PluginError
from issue_insight.plugin.manifest import Plugin

BUILT_IN = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 4_710_283_551  # an arbitrary number that stands for "migrating" among advisory locks


def upgrade(app: Flask, plugins: Iterable[Plugin]) -> None:
    """Migrate everything to its newest revision; one process at a time, the others wait."""
    with app.app_context(), db.engine.connect() as guard:
        guard.exec_driver_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
        guard.commit()
        try:
            flask_migrate.upgrade(directory=str(BUILT_IN))
            for plugin in plugins:
                if plugin.migrations is not None:
                    with db.engine.begin() as connection:
                        command.upgrade(_config(plugin, connection), "head")
        finally:
            guard.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (_LOCK,))
            guard.commit()


def pending(app: Flask, plugins: Iterable[Plugin]) -> list[str]:
    """Name every line of revisions that is not at its newest: `built-in` or a plugin's name."""
    with app.app_context(), db.engine.connect() as connection:
        return [
            name
            for name, config, heads in _lines(connection, plugins)
            if set(heads) != set(ScriptDirectory.from_config(config).get_heads())
        ]


def revisions(app: Flask, plugins: Iterable[Plugin]) -> dict[str, list[str]]:
    """Return where the database is in every line of revisions: `built-in` or a plugin's name."""
    with app.app_context(), db.engine.connect() as connection:
        return {name: sorted(heads) for name, _, heads in _lines(connection, plugins)}


def _lines(
    connection: Connection, plugins: Iterable[Plugin]
) -> Iterator[tuple[str, Config, tuple[str, ...]]]:
    """Yield each line's name, its configuration and the revisions that the database is at."""
    built_in = Config()
    built_in.set_main_option("script_location", str(BUILT_IN))
    lines = [("built-in", built_in, "alembic_version")]
    lines += [
        (p.name, _config(p, connection), _version_table(p))
        for p in plugins
        if p.migrations is not None
    ]
    for name, config, table in lines:
        context = MigrationContext.configure(connection, opts={"version_table": table})
        yield name, config, context.get_current_heads()


def _version_table(plugin: Plugin) -> str:
    return f"alembic_version_{plugin.name}"


def _config(plugin: Plugin, connection: Connection) -> Config:
    package, _, directory = (plugin.migrations or "").partition(":")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise PluginError(f"Plugin {plugin.name!r}: its migrations name no package {package!r}.")
    versions = Path(spec.submodule_search_locations[0]) / directory
    if not versions.is_dir():
        raise PluginError(f"Plugin {plugin.name!r}: there is no folder of migrations {versions}.")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = _version_table(plugin)
    return config
