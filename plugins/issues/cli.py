"""`flask issues`: lists issues, fills a demo project."""

import click
from flask import current_app
from flask.cli import AppGroup

from issue_insight.auth.principal import system
from issue_insight.db import unit_of_work
from issue_insight.errors import DomainError
from issue_insight.http.paging import cursors
from plugins.issues import demo, policy, queries
from plugins.issues.relations import parse_as_of

issues = AppGroup("issues", help="List and import issues.")


@issues.command("list")
@click.argument("q", default="")
@click.option("--as-of", help="Show the state at this instant, or at the end of this day.")
@click.option("--limit", default=50, type=click.IntRange(1, 200), show_default=True)
def list_command(q: str, as_of: str | None, limit: int) -> None:
    """List the issues that the filter Q selects, as an admin sees them."""
    zone = current_app.extensions["issue_insight"].settings.zone
    everything = system(permissions=frozenset(p.name for p in policy.PERMISSIONS))
    try:
        with unit_of_work() as session:
            selection = queries.select_issues(
                session, everything, q, parse_as_of(as_of, zone), zone
            )
            page = queries.list_issues(
                session, selection, limit=limit, cursor=None, signer=cursors(), context="cli"
            )
    except DomainError as error:
        raise click.ClickException(error.message) from error
    for item in page["items"]:
        click.echo(
            f"{item['key']:<12} {item['status']:<12} {item['severity'] or '-':<9} {item['title']}"
        )
    about = "about " if page["total_is_estimate"] else ""
    click.echo(f"{len(page['items'])} of {about}{page['total']}")


@issues.command("demo")
def demo_command() -> None:
    """Fill a small demo project; once there, it is left alone."""
    with unit_of_work() as session:
        made = demo.fill(session)
    click.echo(
        f"The project {demo.KEY} has {made} issues." if made else f"{demo.KEY} is there already."
    )
