"""From a session token to the claims we believe.

Clerk's session tokens, and those of any other issuer who signs by RS256 or ES256. Stricter than
Clerk's own SDKs: the issuer, the session and every instant have to be there.
https://clerk.com/docs/guides/sessions/session-tokens
"""

import math
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import jwt

from issue_insight import clock
from issue_insight.auth.key_filter import PublicKey
from issue_insight.auth.keys import KeySource
from issue_insight.errors import Unauthenticated, Unavailable

LARGEST_TOKEN = 8192
"""Characters. A real one has about a thousand."""
CACHED_TOKENS = 4096
SESSION_CATEGORIES = (None, "cl_B7d4PD111AAA", "cl_I7d4PD111III")
"""Clerk marks the class of a token by the header `cat`, for all classes share one key: those of
session tokens, or, where an instance does not use classes, a mark that says nothing. Templates,
machine tokens and whatever comes next are not for signing in."""
ALWAYS_REQUIRED = frozenset({"exp", "iat", "iss", "sub"})

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_FOREIGN_KEYS = ("jku", "jwk", "x5u", "x5c", "crit", "b64", "zip")
"""Headers that bring a key along, or that change what the signature means."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")

REFUSAL = "The token is not valid, or not any more. Sign in again."


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token has to be like. `leeway` is in seconds."""

    issuer: str
    algorithms: tuple[str, ...] = ("RS256",)
    parties: tuple[str, ...] = ()
    require_azp: bool = True
    leeway: int = 5
    required: frozenset[str] = ALWAYS_REQUIRED | {"nbf", "sid"}
    audiences: tuple[str, ...] = ()
    types: frozenset[str] = frozenset({"jwt"})


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that was checked says. `expires_at` is in seconds since 1970."""

    issuer: str
    subject: str
    expires_at: float
    email: str | None = None
    name: str | None = None
    session: str | None = None


class RefusedToken(Unauthenticated):
    """The token is not believed; `reason` is for the log alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(REFUSAL)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Checked:
    claims: Claims
    kid: str | None
    key: PublicKey


class Verifier:
    """Checks tokens, and remembers those it has checked until they expire. Safe for threads."""

    def __init__(self, rules: Rules, keys: KeySource) -> None:
        self.rules = rules
        self._keys = keys
        self._lock = threading.Lock()
        self._checked: OrderedDict[bytes, _Checked] = OrderedDict()

    def has_keys(self) -> bool:
        """Tell whether there are keys to tell good tokens with; fetches them, if need be."""
        try:
            self._keys.find(None)
        except Unavailable:
            return False
        return True

    def verify(self, token: str) -> Claims:
        """Return the claims of a good token.

        Raises `RefusedToken` for any other, `Unavailable` where there are no keys to tell with.
        """
        if len(token) > LARGEST_TOKEN or not _SHAPE.fullmatch(token):
            raise RefusedToken("shape")
        digest = sha256(token.encode()).digest()
        with self._lock:
            known = self._checked.get(digest)
        # A key that was withdrawn takes the tokens it signed along.
        if known is not None and self._keys.find(known.kid) == known.key:
            self._check_expiry(known.claims.expires_at)
            return known.claims
        checked = self._check(token)
        with self._lock:
            self._checked[digest] = checked
            while len(self._checked) > CACHED_TOKENS:
                self._checked.popitem(last=False)
        return checked.claims

    def _check(self, token: str) -> _Checked:
        try:
            parsed = jwt.decode_complete(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise RefusedToken("not a JWT") from error
        header, payload = parsed["header"], parsed["payload"]
        # Everything that can be told without a key comes first: what is refused anyway must not
        # make us fetch keys, nor hide behind a key set that is not to be had.
        kid = self._check_header(header)
        claims = self._check_claims(payload)
        key = self._keys.find(kid)
        if key is None:
            raise RefusedToken("unknown key")
        if header["alg"] != key.algorithm:
            raise RefusedToken("another algorithm than the key's")
        try:
            jwt.decode_complete(token, key.key, algorithms=[key.algorithm], options=_SIGNATURE_ONLY)
        except jwt.PyJWTError as error:
            raise RefusedToken("signature") from error
        return _Checked(claims, kid, key)

    def _check_header(self, header: Mapping[str, Any]) -> str | None:
        if header.get("alg") not in self.rules.algorithms:
            raise RefusedToken("algorithm")
        if any(name in header for name in _FOREIGN_KEYS):
            raise RefusedToken("a key or an extension in the header")
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in self.rules.types:
            raise RefusedToken("type")
        if header.get("cat") not in SESSION_CATEGORIES:
            raise RefusedToken("category")
        kid = header.get("kid")
        if kid is not None and (not isinstance(kid, str) or len(kid) > 256):
            raise RefusedToken("key id")
        return kid

    def _check_claims(self, payload: Mapping[str, Any]) -> Claims:
        rules = self.rules
        if missing := sorted(name for name in rules.required if payload.get(name) in (None, "")):
            raise RefusedToken(f"without {missing[0]}")
        if payload["iss"] != rules.issuer:
            raise RefusedToken("issuer")
        subject = payload["sub"]
        if not _is_identifier(subject):
            raise RefusedToken("subject")
        if "sid" in payload and not _is_identifier(payload["sid"]):
            raise RefusedToken("session")
        if payload.get("sts", "active") != "active":
            raise RefusedToken("session status")
        self._check_party(payload)
        self._check_audience(payload)
        self._check_instants(payload)
        return Claims(
            issuer=rules.issuer,
            subject=subject,
            expires_at=float(payload["exp"]),
            # An address that was not proved could be anybody's.
            email=None if payload.get("email_verified") is False else clean(payload.get("email")),
            name=clean(payload.get("name")),
            session=payload.get("sid"),
        )

    def _check_party(self, payload: Mapping[str, Any]) -> None:
        party = payload.get("azp")
        if party is None:
            if self.rules.require_azp:
                raise RefusedToken("without azp")
        elif not isinstance(party, str) or party.rstrip("/") not in self.rules.parties:
            raise RefusedToken("azp")

    def _check_audience(self, payload: Mapping[str, Any]) -> None:
        given = payload.get("aud", [])
        meant = given if isinstance(given, list) else [given]
        wanted = self.rules.audiences
        # A token for somebody else is none for us, also where we ask for no audience.
        if (wanted or meant) and not any(isinstance(a, str) and a in wanted for a in meant):
            raise RefusedToken("audience")

    def _check_instants(self, payload: Mapping[str, Any]) -> None:
        self._check_expiry(_instant(payload, "exp"))
        latest = clock.now().timestamp() + self.rules.leeway
        if any(name in payload and _instant(payload, name) > latest for name in ("nbf", "iat")):
            raise RefusedToken("not yet valid")

    def _check_expiry(self, expires_at: float) -> None:
        if expires_at + self.rules.leeway <= clock.now().timestamp():
            raise RefusedToken("expired")


# The claims were checked above, against our clock; PyJWT checks what needs the key.
_SIGNATURE_ONLY: Any = {
    f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}


def _is_identifier(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable()


def _instant(payload: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate (RFC 7519, section 2) in seconds."""
    value = payload[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedToken(f"{name} is no instant")
    try:
        seconds = float(value)
    except OverflowError as error:
        raise RefusedToken(f"{name} is no instant") from error
    if not math.isfinite(seconds) or seconds < 0:
        raise RefusedToken(f"{name} is no instant")
    return seconds


def clean(value: object, longest: int = 254) -> str | None:
    """Return a name or address from elsewhere as we store it; None where nothing is left of it."""
    if not isinstance(value, str):
        return None
    sound = value.encode("utf-8", "ignore").decode()
    return " ".join(_CONTROLS.sub(" ", sound).split())[:longest].strip() or None
