"""The application factory: the whole start-up, readable in one screen.

It never reads the database, so that `flask` commands work before there is one.
"""

from dataclasses import dataclass

from flask import Flask
from flask_migrate import Migrate

from issue_insight import cli, jobs, live, reporting, tracing
from issue_insight.auth import guard
from issue_insight.db import connections, db
from issue_insight.http import (
    admission,
    compression,
    cors,
    frontend,
    health,
    metrics,
    openapi,
    problems,
    proxies,
    rate_limits,
    request_log,
)
from issue_insight.plugin import loader, migrate
from issue_insight.plugin.manifest import Plugin
from issue_insight.settings import Settings
from issue_insight.storage import Storage


@dataclass(frozen=True, slots=True)
class Runtime:
    """What belongs to one application: found at `app.extensions["issue_insight"]`."""

    settings: Settings
    plugins: tuple[Plugin, ...]
    storage: Storage


def create_app(settings: Settings | None = None) -> Flask:
    """Build an application from `settings` (from the environment, where none are given).

    Raises `PluginError` for plugins that do not fit together and `pydantic.ValidationError` for
    settings that make no sense.
    """
    settings = settings or Settings()
    plugins = loader.choose(loader.discover(), settings.plugins)
    loader.check_tables(plugins)
    storage = Storage.from_settings(settings)

    app = Flask("issue_insight", static_folder=None)
    app.config.from_mapping(PROPAGATE_EXCEPTIONS=False)
    app.extensions["issue_insight"] = Runtime(settings, plugins, storage)
    compression.register(app)
    metrics.count_requests(app)
    request_log.register(app, settings)
    problems.register(app)
    reporting.register(app, settings)
    connections.configure(app, settings)
    tracing.register(app, settings)
    Migrate(app, db, directory=str(migrate.BUILT_IN))

    permissions = [permission for plugin in plugins for permission in plugin.permissions]
    api = openapi.register(app)
    health.register(app, storage, pending=lambda: migrate.pending(app, plugins))
    cors.register(app, settings)
    limits = rate_limits.register(app, settings)
    guard.register(app, settings, permissions, api)
    app.before_request(limits.after_guard)
    metrics.register(app, settings, [job for plugin in plugins for job in plugin.jobs])
    admission.register(app, settings)
    live.register(app, settings)
    for plugin in plugins:
        for blueprint in plugin.blueprints:
            api.register_blueprint(blueprint)
    frontend.register(app, settings)
    loader.check_marks(app)
    proxies.register(app, settings)

    cli.register(app, settings, plugins, storage)
    jobs.register(app, settings, plugins)
    return app
