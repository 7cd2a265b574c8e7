"""Messages from Clerk: people whose name or address changed, and people who are gone.

Signed as Standard Webhooks (Svix). A message may come twice or out of order: everything done here
is idempotent, and older news never overwrites newer.
https://www.standardwebhooks.com
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import structlog
from flask import Blueprint, Response, request
from werkzeug.datastructures import Headers

from issue_insight import clock
from issue_insight.auth.misconfigured import Misconfigured
from issue_insight.auth.permission import public
from issue_insight.auth.profile import read_profile
from issue_insight.auth.provider import issuer_of
from issue_insight.auth.provision import keep_profile, remove
from issue_insight.db import unit_of_work
from issue_insight.errors import Invalid, Unauthenticated
from issue_insight.settings import Settings

TOLERANCE_SECONDS = 300
"""How old a message may be, or how far ahead: one that was overheard is worth little later."""

log = structlog.get_logger("issue_insight.auth.webhook")


class Signature:
    """Checks the signature of messages."""

    def __init__(self, secret: str) -> None:
        """Take the signing secret, `whsec_` and base64. Raises `Misconfigured`."""
        try:
            self._key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
        except binascii.Error:
            self._key = b""
        if len(self._key) < 16:
            raise Misconfigured("CLERK_WEBHOOK_SIGNING_SECRET is no signing secret (whsec_...).")

    def check(self, headers: Headers, body: bytes) -> None:
        """Raise `Unauthenticated` unless the message is Clerk's and of now."""
        message, instant, given = (
            headers.get(f"svix-{name}") or headers.get(f"webhook-{name}") or ""
            for name in ("id", "timestamp", "signature")
        )
        signed = f"{message}.{instant}.".encode() + body
        wanted = base64.b64encode(hmac.digest(self._key, signed, sha256))
        # A message bears several signatures while the secret is being changed.
        sound = [
            hmac.compare_digest(signature.encode(), wanted)
            for version, _, signature in (each.partition(",") for each in given.split(" "))
            if version == "v1"
        ]
        if not any(sound) or not message:
            raise Unauthenticated("The signature of the message is not valid.")
        if not instant.isascii() or not instant.isdecimal() or len(instant) > 12:
            raise Unauthenticated("The message does not say when it was sent.")
        if abs(clock.now().timestamp() - int(instant)) > TOLERANCE_SECONDS:
            raise Unauthenticated("The message is too old.")


def blueprint(settings: Settings) -> Blueprint:
    """Return the address that Clerk posts to. Raises `Misconfigured`."""
    secret = settings.clerk_webhook_signing_secret
    if secret is None:
        raise Misconfigured("CLERK_WEBHOOK_SIGNING_SECRET is not set.")
    signature = Signature(secret.get_secret_value())
    issuer = issuer_of(settings)
    made = Blueprint("clerk_webhook", __name__)

    @made.post("/webhooks/clerk")
    @public
    def receive_clerk_message() -> Response:
        """Take a message."""
        body = request.get_data(cache=False)
        signature.check(request.headers, body)
        _apply(issuer, _parsed(body))
        return Response(status=204)

    return made


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("The message is no JSON.") from error
    if not isinstance(message, Mapping):
        raise Invalid("The message is no object.")
    return message


def _apply(issuer: str, message: Mapping[str, Any]) -> None:
    kind, user = message.get("type"), message.get("data")
    if kind not in ("user.created", "user.updated", "user.deleted"):
        return  # of no concern here; an error would only bring it again
    subject = user.get("id") if isinstance(user, Mapping) else None
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise Invalid("The message names nobody.")
    with unit_of_work() as session:
        if kind == "user.deleted":
            remove(session, issuer, subject)
        else:
            keep_profile(session, issuer, subject, read_profile(user))
    log.info("webhook_applied", kind=kind)
