"""`flask stats`: the daily counts, from the command line."""

import sys
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import AppGroup

from issue_insight.db import unit_of_work
from plugins.stats import services

stats = AppGroup("stats", help="Keep the daily counts and hold them to the event log.")


def _zone() -> ZoneInfo:
    zone: ZoneInfo = current_app.extensions["issue_insight"].settings.zone
    return zone


@stats.command("aggregate")
def aggregate() -> None:
    """Count today so far, and every day that is missing."""
    with unit_of_work() as session:
        click.echo(f"{services.aggregate(session, _zone())}.")


@stats.command("rebuild")
def rebuild() -> None:
    """Make all daily counts anew."""
    with unit_of_work() as session:
        click.echo(f"{services.rebuild(session, _zone())}.")


@stats.command("verify")
def verify() -> None:
    """Compare the daily counts with a recount from the event log; exit with 1 if they differ."""
    with unit_of_work() as session:
        found = services.verify(session, _zone())
    for key, day in found.waiting:
        since = "" if day is None else f" since {day}"
        click.echo(f"{key}: not counted yet{since}; `flask stats aggregate` does it.")
    for row in found.differences:
        click.echo(
            f"{row.project} {row.day} {row.status}/{row.severity}: "
            f"stored {row.stored}, recounted {row.recounted}"
        )
    if found.differences:
        click.echo(
            f"{len(found.differences)} counts differ; `flask stats rebuild` makes them anew."
        )
        sys.exit(1)
    click.echo(f"{found.days} days hold what the event log says.")
