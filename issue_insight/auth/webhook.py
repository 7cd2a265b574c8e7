"""Clerk's webhook: keeps names and addresses current, and removes people who are gone.

Signed as Standard Webhooks (Svix) say: https://www.standardwebhooks.com/
"""

import base64
import binascii
import hmac
import json
from hashlib import sha256
from typing import Any

from flask import Response, request
from sqlalchemy import update
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.clerk import issuer_of
from issue_insight.auth.permission import public
from issue_insight.auth.provision import full_name, primary_email
from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.errors import FieldError, Invalid, Unauthenticated
from issue_insight.http.blueprint import Blueprint
from issue_insight.settings import Settings

TOLERANCE_SECONDS = 300


def blueprint(settings: Settings) -> Blueprint:
    """Return the view that takes the webhooks of the configured instance.

    Raises `ValueError` where the signing secret is none.
    """
    key, issuer = signing_key(settings), issuer_of(settings)
    blp = Blueprint("webhooks", __name__, url_prefix="", description="Messages from Clerk.")

    @blp.post("/webhooks/clerk")
    @blp.uploads("application/json")
    @blp.response(204)
    @blp.problems(401, 422)
    @public
    def receive_clerk_webhook() -> Any:
        """Take a signed message about a user."""
        body = request.get_data(cache=False)
        headers = request.headers
        verify(
            key,
            headers.get("svix-id", ""),
            headers.get("svix-timestamp", ""),
            headers.get("svix-signature", ""),
            body,
        )
        try:
            message = json.loads(body)
            kind, person = message["type"], message["data"]
            subject = person["id"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Invalid(
                "Not a message about a user.", [FieldError("", "is malformed")]
            ) from error
        if isinstance(subject, str) and isinstance(kind, str):
            with unit_of_work() as session:
                apply(session, issuer, kind, subject, person)
        return Response(status=204)

    return blp


def signing_key(settings: Settings) -> bytes:
    """Return the bytes of `whsec_…`. Raises `ValueError` for anything else."""
    secret = settings.clerk_webhook_signing_secret
    encoded = secret.get_secret_value().removeprefix("whsec_") if secret else ""
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError("CLERK_WEBHOOK_SIGNING_SECRET is not a signing secret") from error
    if len(key) < 16:
        raise ValueError("CLERK_WEBHOOK_SIGNING_SECRET is not a signing secret")
    return key


def verify(key: bytes, identifier: str, timestamp: str, signatures: str, body: bytes) -> None:
    """Raise `Unauthenticated` unless one of the signatures is ours, and of these minutes."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12 and identifier):
        raise Unauthenticated("The message is not signed.")
    if abs(clock.now().timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unauthenticated("The message is too old, or from the future.")
    signed = f"{identifier}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, sha256))
    if not any(hmac.compare_digest(given.encode(), expected) for given in signatures.split()):
        raise Unauthenticated("The message is not signed by Clerk.")


def apply(session: Session, issuer: str, kind: str, subject: str, person: dict[str, Any]) -> None:
    """Write what the message says; a repeated message writes the same again."""
    who = (User.issuer == issuer, User.subject == subject)
    if kind == "user.deleted":
        # The row stays, since history names it; whoever it was cannot come in any more.
        session.execute(
            update(User)
            .where(*who, User.removed_at.is_(None))
            .values(removed_at=clock.now(), email=None, name="Former user", role="reporter")
        )
    elif kind in {"user.created", "user.updated"}:
        changed = {"email": primary_email(person), "name": full_name(person)}
        known = {name: value for name, value in changed.items() if value is not None}
        if known:
            session.execute(update(User).where(*who, User.removed_at.is_(None)).values(**known))
