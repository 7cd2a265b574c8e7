"""`flask auth`: a token for scripts."""

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from pydantic import ValidationError

from issue_insight.auth.local import LocalIssuer
from issue_insight.auth.permission import ROLES
from issue_insight.auth.sign_in import BROWSER_SECONDS, SignIn, enter
from issue_insight.db import unit_of_work

auth = AppGroup("auth", help="Signing in on this machine.")


@auth.command("token")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), help="Give the user this role.")
def token_command(email: str, role: str | None) -> None:
    """Print a token for EMAIL that a local instance accepts for twelve hours."""
    settings = current_app.extensions["issue_insight"].settings
    if not settings.local_sign_in:
        raise click.ClickException(
            "There is no local sign-in here: start `make run` first, or set "
            "ENVIRONMENT=development and LOCAL_SIGN_IN=1."
        )
    try:
        who = SignIn.model_validate({"email": email, "role": role})
    except ValidationError as error:
        raise click.ClickException(f"{email!r} is not an e-mail address.") from error
    with unit_of_work() as session:
        local = LocalIssuer.from_settings(settings)
        token, _ = enter(session, settings, local, who, BROWSER_SECONDS)
    click.echo(token)


def register(app: Flask) -> None:
    """Add `flask auth` to `app`."""
    app.cli.add_command(auth)
