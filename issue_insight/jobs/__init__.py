"""Scheduled jobs: each runs once per tick, however many processes there are.

`runs` does one, `scheduler` looks for what is due, `commands` is `flask jobs`.
"""

from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import ScriptInfo

from issue_insight.jobs import scheduler
from issue_insight.jobs.commands import commands
from issue_insight.settings import Settings

if TYPE_CHECKING:
    from issue_insight.plugin.manifest import Plugin


def register(app: Flask, settings: Settings, plugins: tuple["Plugin", ...]) -> None:
    """Add `flask jobs`; start the scheduler where the settings want it and this process serves."""
    jobs = tuple(job for plugin in plugins for job in plugin.jobs)
    app.cli.add_command(commands(settings, jobs))
    if settings.scheduler_enabled and jobs and _serves():
        scheduler.start(app, settings, jobs)


def _serves() -> bool:
    """Tell a server from a command: `flask roles list` has no use for a scheduler.

    Servers are commands of click as well (granian is); only those of `flask` have a `ScriptInfo`.
    """
    context = click.get_current_context(silent=True)
    if context is None or context.find_object(ScriptInfo) is None:
        return True
    return context.info_name == "run"
