"""What comes in and goes out over HTTP."""

from typing import Annotated, Literal

from pydantic import Field

from issue_insight.http.paging import Page
from issue_insight.http.schema import Instant, Model

RoleName = Literal["reporter", "maintainer", "admin"]


class Me(Model):
    """Who is asking, and what they may do."""

    id: int
    email: str | None
    name: str
    role: RoleName
    permissions: list[str]


class UserRead(Model):
    """A user, as admins see them."""

    id: int
    email: str | None
    name: str
    role: RoleName
    created_at: Instant
    last_seen_at: Instant | None


class UserPage(Page[UserRead]):
    """Users, in the order in which they came."""


class PersonRead(Model):
    """A person, as far as everybody may know them."""

    id: int
    name: str


class PersonPage(Page[PersonRead]):
    """People, those seen last first."""


class PersonListQuery(Model):
    """Whom to look for."""

    q: Annotated[str, Field(max_length=200, description="A part of a name or address.")] = ""
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class UserListQuery(Model):
    """Which users."""

    q: Annotated[str, Field(max_length=200, description="A part of a name or address.")] = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class Erasure(Model):
    """What is to become of what the person wrote."""

    texts: Annotated[
        Literal["keep", "blank"],
        Field(
            description="`keep`: issues, comments and files stay, under nobody's name. "
            "`blank`: the texts of their issues and comments go, and the files that they attached."
        ),
    ]


class RoleChange(Model):
    """The role a user is to have."""

    role: RoleName
