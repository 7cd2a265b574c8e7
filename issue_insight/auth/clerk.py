"""From a session token to its claims, or a refusal.

Verified here: algorithm, signature, issuer, the instants, the origin that asked (`azp`), that it is
the token of a live session. https://clerk.com/docs/backend-requests/resources/session-tokens
"""

import base64
import binascii
import threading
import time
from collections import OrderedDict
from typing import Any

import jwt

from issue_insight.auth.keys import FetchedKeys, FixedKey, KeySource, fetcher
from issue_insight.errors import Unauthenticated
from issue_insight.settings import Settings

MAX_TOKEN = 8 * 1024
_REQUIRED = ["exp", "nbf", "iat", "iss", "sub", "sid"]
# Headers that offer a key of the sender's choice, or ask for rules we do not know.
_REFUSED_HEADERS = ("jku", "x5u", "jwk", "x5c", "crit")
_SESSION_CLASS = "cl_B7d4PD111AAA"
"""Clerk marks the class of a token in its header `cat`; this one is a session's."""


class Verifier:
    """Checks tokens of one issuer."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        algorithms: tuple[str, ...] = ("RS256",),
        authorized_parties: tuple[str, ...] = (),
        require_azp: bool = True,
        leeway: int = 5,
        remembered: int = 10_000,
    ) -> None:
        if set(algorithms) - {"RS256", "ES256"}:
            raise ValueError("only RS256 and ES256 tokens can be verified")
        self.issuer = issuer
        self._keys, self._algorithms = keys, list(algorithms)
        self._parties, self._require_azp = frozenset(authorized_parties), require_azp
        self._leeway = leeway
        self._seen: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()
        self._remembered, self._lock = remembered, threading.Lock()

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a good token.

        Raises `Unauthenticated` for any other, `Unavailable` where there are no keys to tell.
        """
        now = time.time()
        with self._lock:
            seen = self._seen.get(token)
        if seen is not None and now < seen[0]:
            return seen[1]
        claims = self._claims(token)
        with self._lock:
            self._seen[token] = (float(claims["exp"]), claims)
            while len(self._seen) > self._remembered:
                self._seen.popitem(last=False)
        return claims

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN or not token.isascii():
            raise Unauthenticated("The token is not valid.")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise Unauthenticated("The token is not valid.") from error
        if header.get("alg") not in self._algorithms or any(h in header for h in _REFUSED_HEADERS):
            raise Unauthenticated("The token is not valid.")
        if header.get("cat", _SESSION_CLASS) != _SESSION_CLASS:
            raise Unauthenticated("The token is not one of a session.")
        kid = header.get("kid")
        key = self._keys.key(kid if isinstance(kid, str) else None)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=self._algorithms,
                issuer=self.issuer,
                leeway=self._leeway,
                options={"require": _REQUIRED, "verify_aud": False, "verify_sub": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The token has expired.") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise Unauthenticated("The token is not valid.") from error
        self._check_session(claims)
        return claims

    def _check_session(self, claims: dict[str, Any]) -> None:
        if not all(isinstance(claims[name], str) and claims[name] for name in ("sub", "sid")):
            raise Unauthenticated("The token is not one of a session.")
        if claims.get("sts", "active") != "active":
            raise Unauthenticated("The session is not active.")
        party = claims.get("azp")
        if party is None and not self._require_azp:
            return
        if party not in self._parties:
            raise Unauthenticated("The token was not made for this application.")


def issuer_of(settings: Settings) -> str:
    """Return the issuer: as set, or the Frontend API host in the publishable key.

    Raises `ValueError` for a key that is none.
    """
    if settings.auth_issuer:
        return settings.auth_issuer
    _, _, encoded = settings.clerk_publishable_key.rpartition("_")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("PUBLIC_CLERK_PUBLISHABLE_KEY is not a publishable key") from error
    host = decoded.removesuffix("$")
    if not decoded.endswith("$") or not host or "/" in host:
        raise ValueError(
            "Set PUBLIC_CLERK_PUBLISHABLE_KEY (pk_live_… or pk_test_…) or AUTH_ISSUER: "
            "the issuer of session tokens follows from it."
        )
    return f"https://{host}"


def verifier_from(settings: Settings) -> Verifier:
    """Build the verifier of the configured identity provider.

    Raises `ValueError` for settings that say too little, or what cannot be.
    """
    issuer = issuer_of(settings)
    keys: KeySource
    if settings.clerk_jwt_key is not None:
        keys = FixedKey.from_pem(settings.clerk_jwt_key.get_secret_value())
    elif settings.auth_jwks_url:
        keys = FetchedKeys(fetcher(settings.auth_jwks_url))
    elif settings.clerk_secret_key is not None:
        secret = settings.clerk_secret_key.get_secret_value()
        keys = FetchedKeys(fetcher(f"{settings.clerk_api_url.rstrip('/')}/v1/jwks", secret))
    else:
        keys = FetchedKeys(fetcher(f"{issuer}/.well-known/jwks.json"))
    return Verifier(
        keys,
        issuer=issuer,
        algorithms=settings.auth_algorithms,
        authorized_parties=settings.authorized_parties,
        require_azp=settings.auth_require_azp,
        leeway=settings.auth_leeway_seconds,
    )
