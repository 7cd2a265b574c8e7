"""`flask roles`: who may do what, from the command line; how the first admin is made."""

import click
from flask.cli import AppGroup
from sqlalchemy import select

from issue_insight.auth.permission import ROLES
from issue_insight.auth.principal import system
from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.errors import DomainError
from plugins.roles.services import set_role, user_by_address

roles = AppGroup("roles", help="Show and change who may do what.")


@roles.command("list")
def list_roles() -> None:
    """List the users with their roles."""
    with unit_of_work() as session:
        for user in session.scalars(
            select(User).where(User.removed_at.is_(None)).order_by(User.id)
        ):
            # The subject as well: it tells apart two people of one address.
            click.echo(
                f"{user.id:>6}  {user.role:<10}  {user.email or '-'}  {user.subject}  {user.name}"
            )


@roles.command("grant")
@click.argument("who")
@click.argument("role", type=click.Choice(ROLES))
def grant(who: str, role: str) -> None:
    """Give the user WHO (e-mail address or subject) the role ROLE."""
    _set(who, role)


@roles.command("revoke")
@click.argument("who")
def revoke(who: str) -> None:
    """Make the user WHO a reporter again."""
    _set(who, ROLES[0])


def _set(who: str, role: str) -> None:
    try:
        with unit_of_work() as session:
            user = set_role(session, system(), user_by_address(session, who).id, role)
            click.echo(f"{user.email or user.subject} is {role} now.")
    except DomainError as error:
        raise click.ClickException(error.message) from error
