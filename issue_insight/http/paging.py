"""Keyset pages: what a page looks like, and cursors that only we can make."""

import base64
import binascii
import hmac
import json
import secrets
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Generic, NoReturn, Self, TypeVar

from flask import Flask, current_app
from pydantic import Field

from issue_insight.errors import FieldError, Invalid
from issue_insight.http.schema import Model
from issue_insight.settings import Settings

Item = TypeVar("Item")
_EXTENSION = "issue_insight.cursors"
_SEAL_BYTES = 16


class Page(Model, Generic[Item]):
    """One page of a list. Give it a name by a subclass: `class IssuePage(Page[IssueRead])`."""

    items: list[Item]
    next: str | None = Field(description="The cursor of the next page; null on the last.")
    total: int = Field(ge=0, description="How many there are on all pages.")
    total_is_estimate: bool = Field(
        default=False, description="Whether `total` is too large to have been counted exactly."
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name `Page[IssueRead]` so that it reads well in a client: `IssueReadPage`."""
        return "".join(getattr(p, "__name__", str(p)) for p in params) + cls.__name__


class CursorSigner:
    """Makes and opens cursors: the sort key of the last item shown, sealed by HMAC-SHA256.

    The seal covers a context as well (who asks, for what list, in which order), so that a cursor
    is worth nothing anywhere else. The values can be read by whoever holds the cursor: put nothing
    in that the item itself does not show.
    """

    def __init__(self, secret: bytes) -> None:
        # A key of its own: the secret may seal other things elsewhere.
        self._key = hmac.digest(secret, b"issue_insight paging cursors", sha256)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Use the instance's secret key, else Clerk's, which all processes have in common too.

        Without either, a random one that lives as long as this process.
        """
        secret = settings.secret_key or settings.clerk_secret_key
        return cls(secret.get_secret_value().encode() if secret else secrets.token_bytes(32))

    def seal(self, values: list[Any], context: str) -> str:
        """Return a cursor of `values`: strings, numbers, booleans, None, dates and instants."""
        payload = json.dumps(values, default=_tagged, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(payload, context) + payload).decode().rstrip("=")

    def open(self, cursor: str, context: str) -> list[Any]:
        """Return the values of a cursor sealed in the same context; `Invalid` for any other."""
        try:
            raw = base64.b64decode(
                cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
            )
        except (UnicodeEncodeError, binascii.Error):
            _refuse()
        seal, payload = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._mac(payload, context)):
            _refuse()
        # Only what we have sealed ourselves is ever parsed.
        values: list[Any] = json.loads(payload, object_hook=_untagged)
        return values

    def _mac(self, payload: bytes, context: str) -> bytes:
        named = len(context.encode()).to_bytes(4) + context.encode()
        return hmac.digest(self._key, named + payload, sha256)[:_SEAL_BYTES]


def register(app: Flask, settings: Settings) -> None:
    """Give `app` its signer."""
    app.extensions[_EXTENSION] = CursorSigner.from_settings(settings)


def cursors() -> CursorSigner:
    """Return the signer of the current application."""
    signer = current_app.extensions[_EXTENSION]
    if not isinstance(signer, CursorSigner):
        raise TypeError(f"app.extensions[{_EXTENSION!r}] is no CursorSigner")
    return signer


def _refuse() -> NoReturn:
    raise Invalid(
        "The cursor is not valid here. Start again from the first page.",
        [FieldError("?cursor", "is not a cursor of this list")],
    )


def _tagged(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return {"t": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    raise TypeError(f"a cursor holds no {type(value).__name__}")


def _untagged(tagged: dict[str, str]) -> datetime | date:
    if "t" in tagged:
        return datetime.fromisoformat(tagged["t"])
    return date.fromisoformat(tagged["d"])
