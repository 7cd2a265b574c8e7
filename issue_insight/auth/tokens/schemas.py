"""What comes in and goes out over HTTP."""

from typing import Annotated

from pydantic import AfterValidator, Field

from issue_insight.auth.clerk import clean
from issue_insight.auth.permission import Scope
from issue_insight.http.paging import Page
from issue_insight.http.schema import Instant, Model


def _name(text: str) -> str:
    tidied = clean(text)
    if tidied is None or not any(character.isprintable() for character in tidied):
        raise ValueError("is empty")
    return tidied


class TokenCreate(Model):
    """The token one wants."""

    name: Annotated[
        str,
        Field(max_length=100, description="What it is for.", examples=["Nightly report"]),
        AfterValidator(_name),
    ]
    scope: Annotated[
        Scope,
        Field(
            description="How far it reaches: `read` only reads, `write` changes things as well, "
            "`admin` does what takes an admin, too. Never more than its owner may."
        ),
    ] = "read"
    expires_in_days: Annotated[
        int, Field(ge=1, le=3660, description="How long it is good for.", examples=[90])
    ]


class TokenRead(Model):
    """A token, without its text."""

    id: int
    name: str
    scope: Scope
    created_at: Instant
    expires_at: Instant
    last_used_at: Annotated[
        Instant | None, Field(description="To within five minutes; null: never.")
    ]


class OwnTokenRead(TokenRead):
    """A token of one's own, in force or not."""

    revoked_at: Instant | None


class TokenMade(TokenRead):
    """A new token, with its text: this once, for it is not kept."""

    token: Annotated[str, Field(examples=["ii_pat_..."])]


class TokenPage(Page[OwnTokenRead]):
    """One's own tokens, newest first."""


class TokenListQuery(Model):
    """Which page of which of one's own tokens."""

    revoked: Annotated[
        bool, Field(description="With those that were revoked in the last 30 days.")
    ] = False
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class TokenOwner(Model):
    """Whose token it is."""

    id: int
    name: str


class OwnedTokenRead(TokenRead):
    """A token, as admins see it."""

    owner: TokenOwner


class OwnedTokenPage(Page[OwnedTokenRead]):
    """Everybody's tokens that are not revoked, newest first."""


class OwnedTokenListQuery(Model):
    """Which tokens."""

    owner: Annotated[int, Field(ge=1, le=10**18 - 1, description="Only this user's.")] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None
