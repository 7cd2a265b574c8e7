"""The HTTP API of API tokens."""

from typing import Any

from flask import current_app, request

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.auth.tokens import queries, services
from issue_insight.auth.tokens.policy import MANAGE, OWN
from issue_insight.auth.tokens.schemas import (
    OwnedTokenListQuery,
    OwnedTokenPage,
    TokenCreate,
    TokenListQuery,
    TokenMade,
    TokenPage,
    TokenRead,
)
from issue_insight.db import reading, unit_of_work
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.paging import cursors
from issue_insight.http.rate_limits import costly

blp = Blueprint("tokens", __name__, description="Personal API tokens, for scripts.")


@blp.post("/me/tokens")
@blp.arguments(TokenCreate)
@blp.response(201, TokenMade, headers=("Location",))
@blp.problems(409)
@costly("tokens")
@requires(OWN)
def create_token(data: TokenCreate) -> Any:
    """Make an API token. Its text is in this answer and nowhere else.

    There is no Idempotency-Key here: an answer that could be had again would have to be kept.
    """
    longest = current_app.extensions["issue_insight"].settings.api_token_max_days
    with unit_of_work() as session:
        token, text = services.create(
            session, current_principal(), data.name, data.scope, data.expires_in_days, longest
        )
        made = TokenMade(token=text, **TokenRead.model_validate(token).model_dump())
    return made, 201, {"Location": f"{request.script_root}/api/v1/me/tokens/{made.id}"}


@blp.get("/me/tokens")
@blp.arguments(TokenListQuery, location="query")
@blp.response(200, TokenPage)
@requires(OWN)
def list_own_tokens(query: TokenListQuery) -> Any:
    """List one's own tokens, newest first: those not revoked, and others where asked for."""
    owner_id = current_principal().user_id
    with reading() as session:
        return TokenPage.model_validate(
            queries.own_tokens(
                session,
                owner_id,
                revoked=query.revoked,
                limit=query.limit,
                cursor=query.cursor,
                signer=cursors(),
            )
        )


@blp.delete("/me/tokens/<int:token_id>")
@blp.response(204)
@requires(OWN)
def revoke_own_token(token_id: int) -> Any:
    """Revoke a token of one's own, at once and for good."""
    principal = current_principal()
    with unit_of_work() as session:
        services.revoke(session, principal, token_id, owner_id=principal.user_id)
    return None, 204


@blp.get("/tokens")
@blp.arguments(OwnedTokenListQuery, location="query")
@blp.response(200, OwnedTokenPage)
@requires(MANAGE)
def list_tokens(query: OwnedTokenListQuery) -> Any:
    """List everybody's tokens that are not revoked, newest first."""
    with reading() as session:
        return OwnedTokenPage.model_validate(
            queries.all_tokens(
                session,
                owner_id=query.owner,
                limit=query.limit,
                cursor=query.cursor,
                signer=cursors(),
            )
        )


@blp.delete("/tokens/<int:token_id>")
@blp.response(204)
@requires(MANAGE)
def revoke_token(token_id: int) -> Any:
    """Revoke anybody's token, at once and for good."""
    with unit_of_work() as session:
        services.revoke(session, current_principal(), token_id)
    return None, 204
