"""The platform's own commands of the `flask` command line."""

import copy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from issue_insight.archive.commands import archive, backup_command, restore_command
from issue_insight.doctor import examine
from issue_insight.plugin.loader import PluginError
from issue_insight.plugin.manifest import Plugin
from issue_insight.plugin.migrate import upgrade
from issue_insight.settings import Settings
from issue_insight.storage import Storage


class Commands(AppGroup):
    """Commands that say in one line that there is no database to work on."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, if there is one."""
        command = super().get_command(ctx, cmd_name)
        if command is None:
            return None

        def invoke(context: click.Context) -> Any:
            try:
                return command.invoke(context)
            except OperationalError as error:
                reason = str(error.orig).strip().splitlines()[0]
                raise click.ClickException(
                    f"The database does not answer: {reason}. `make run` starts one, DATABASE_URL "
                    "names another, `flask doctor` looks closer."
                ) from error

        # A copy: several applications may share the command.
        explained = copy.copy(command)
        explained.invoke = invoke  # type: ignore[assignment, method-assign]
        return explained


@contextmanager
def starting() -> Iterator[None]:
    """Say in one line what keeps the application from starting, where settings can mend it."""
    try:
        yield
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc']).upper()}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        ]
        raise click.ClickException("; ".join(faults)) from error
    except (PluginError, ValueError) as error:
        raise click.ClickException(" ".join(str(error).split())) from error


def register(app: Flask, settings: Settings, plugins: tuple[Plugin, ...], storage: Storage) -> None:
    """Add the commands of the platform and of every plugin to `app`."""
    earlier, app.cli = app.cli, Commands(app.name)
    for command in earlier.commands.values():
        app.cli.add_command(command)

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

    for command in (archive, backup_command, restore_command):
        app.cli.add_command(command)
    for plugin in plugins:
        for command in plugin.commands:
            app.cli.add_command(command)
