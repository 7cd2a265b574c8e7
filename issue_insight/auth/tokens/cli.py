"""`flask tokens`: whose API tokens there are, and revoking them."""

import click
from flask.cli import AppGroup
from sqlalchemy import select

from issue_insight.auth.principal import system
from issue_insight.auth.tokens import services
from issue_insight.auth.tokens.models import ApiToken
from issue_insight.auth.users import User, goes_by
from issue_insight.db import unit_of_work
from issue_insight.errors import NotFound

tokens = AppGroup("tokens", help="List and revoke API tokens.")


@tokens.command("list")
@click.option("--owner", help="Only those of the user with this e-mail address or subject.")
def list_tokens(owner: str | None) -> None:
    """List the API tokens that are not revoked."""
    rows = select(ApiToken, User).join(User).where(ApiToken.revoked_at.is_(None))
    if owner is not None:
        rows = rows.where(goes_by(owner))
    with unit_of_work() as session:
        for token, user in session.execute(rows.order_by(ApiToken.id)):
            used = f"{token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never"
            click.echo(
                f"{token.id:>6}  {token.scope:<5}  until {token.expires_at:%Y-%m-%d}  "
                f"used {used:<10}  {user.email or user.subject}  {token.name}"
            )


@tokens.command("revoke")
@click.argument("ids", type=click.IntRange(1, 10**18 - 1), nargs=-1, required=True)
def revoke_tokens(ids: tuple[int, ...]) -> None:
    """Revoke the API tokens IDS, at once and for good; all of them or none."""
    try:
        with unit_of_work() as session:
            for token_id in ids:
                services.revoke(session, system(), token_id)
    except NotFound as error:
        raise click.ClickException(error.message) from error
    click.echo(f"Revoked: {', '.join(map(str, ids))}.")
