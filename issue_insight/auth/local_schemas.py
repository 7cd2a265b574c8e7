"""What the local sign-in takes and gives."""

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from issue_insight.http.schema import Instant, Model

_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


def _address(value: str) -> str:
    """Bring an address into the one form it is known by."""
    address = unicodedata.normalize("NFC", value).strip().lower()
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise ValueError("is no e-mail address")
    return address


def _name(value: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", value).split())
    if not name or not name.isprintable():
        raise ValueError("is no name")
    return name


Email = Annotated[
    str, Field(max_length=254, examples=["ada@example.org"]), AfterValidator(_address)
]
Name = Annotated[str, Field(max_length=100, examples=["Ada Lovelace"]), AfterValidator(_name)]
Role = Literal["reporter", "maintainer", "admin"]

EMAIL: TypeAdapter[str] = TypeAdapter(Email)


class LocalCredentials(Model):
    """Who to be. What is left out stays as it is; a new user is a reporter."""

    email: Email
    name: Name | None = None
    role: Role | None = None


class LocalToken(Model):
    """A token for `Authorization: Bearer`."""

    token: str
    expires_at: Instant
