"""`flask roles`: who may do what, how the first admin is made; `flask users`: erasing people."""

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from issue_insight.auth.permission import ROLES
from issue_insight.auth.principal import system
from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.errors import DomainError
from plugins.roles.services import erase_user, set_role, user_by_address, user_to_erase

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


users = AppGroup("users", help="Erase a person's data.")


@users.command("erase")
@click.argument("who")
@click.option(
    "--texts",
    type=click.Choice(["keep", "blank"]),
    required=True,
    help="keep: what they wrote stays, under nobody's name. blank: it goes, and their files.",
)
@click.confirmation_option(prompt="This cannot be taken back. Erase this person?")
def erase(who: str, texts: str) -> None:
    """Erase the user WHO (id, e-mail address or subject) for good."""
    erasers = [
        plugin.erase
        for plugin in current_app.extensions["issue_insight"].plugins
        if plugin.erase is not None
    ]
    try:
        with unit_of_work() as session:
            user_id = user_to_erase(session, who)
            erase_user(session, system(), user_id, erasers, texts=texts == "blank")
    except DomainError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"User {user_id} is erased.")
