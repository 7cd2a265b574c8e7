"""`flask auth`: tokens for scripts, and names and addresses that were missed."""

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from issue_insight.auth.local import SCRIPT_LIFE
from issue_insight.auth.local_schemas import EMAIL
from issue_insight.auth.permission import ROLES
from issue_insight.auth.provision import keep_profile
from issue_insight.auth.state import auth_of
from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.errors import Unavailable

auth = AppGroup("auth", help="Tokens for scripts; names and addresses.")


@auth.command("token")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), help="Give the user this role as well.")
@click.option("--name", help="Give the user this name as well.")
def token(email: str, role: str | None, name: str | None) -> None:
    """Print a token of 12 hours for the user EMAIL of a local instance, made if need be."""
    local = auth_of(current_app).local
    if local is None:
        raise click.ClickException(
            "The local sign-in is off here: start `make run`, or take a token from your identity "
            "provider."
        )
    try:
        address = EMAIL.validate_python(email)
    except ValueError as error:
        raise click.ClickException(f"{email!r} is no e-mail address.") from error
    with unit_of_work() as session:
        made, _ = local.sign_in(session, address, name, role, SCRIPT_LIFE)
    click.echo(made)


@auth.command("profiles")
def profiles() -> None:
    """Ask Clerk's Backend API for the addresses of users who have none here."""
    state = auth_of(current_app)
    if state.verifier is None:
        raise click.ClickException("No identity provider is configured.")
    issuer = state.verifier.rules.issuer
    with unit_of_work() as session:
        missing = session.scalars(
            select(User.subject)
            .where(User.issuer == issuer, User.email.is_(None), User.removed_at.is_(None))
            .order_by(User.id)
        ).all()
    for subject in missing:
        try:
            profile = state.profiles.fetch(subject)
        except Unavailable as error:
            raise click.ClickException(error.message) from error
        if profile is None:
            raise click.ClickException("CLERK_SECRET_KEY is not set.")
        with unit_of_work() as session:
            keep_profile(session, issuer, subject, profile)
    click.echo(f"{len(missing)} users were looked up.")
