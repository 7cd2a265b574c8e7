"""The platform's own commands of the `flask` command line."""

import sys

import click
from flask import Flask

from issue_insight.doctor import examine
from issue_insight.plugin.manifest import Plugin
from issue_insight.plugin.migrate import upgrade
from issue_insight.settings import Settings
from issue_insight.storage import Storage


def register(app: Flask, settings: Settings, plugins: tuple[Plugin, ...], storage: Storage) -> None:
    """Add the commands of the platform and of every plugin to `app`."""

    @app.cli.command("upgrade")
    def upgrade_command() -> None:
        """Bring the database up to date: the platform's, built-in and plugins' own migrations."""
        upgrade(app, plugins)
        click.echo("The database is up to date.")

    @app.cli.command("plugins")
    def plugins_command() -> None:
        """List the loaded plugins in the order in which they were loaded."""
        for plugin in plugins:
            needs = f" (requires {', '.join(plugin.requires)})" if plugin.requires else ""
            click.echo(f"{plugin.name:<14} {plugin.summary}{needs}")

    @app.cli.command("doctor")
    def doctor_command() -> None:
        """Look at every part the instance needs; exit with 1 where something must be mended."""
        healthy = True
        for result in examine(app, settings, plugins, storage):
            click.echo(f"{'ok  ' if result.ok else 'FAIL'} {result.name:<11} {result.said}")
            if not result.ok:
                healthy = False
                click.echo(f"     {'':<11} → {result.mend}")
        sys.exit(0 if healthy else 1)

    for plugin in plugins:
        for command in plugin.commands:
            app.cli.add_command(command)
