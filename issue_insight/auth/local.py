"""Local sign-in, for development: the instance itself vouches for whoever you say you are.

Its tokens look like Clerk's and pass the same verifier. It is there only in development, only with
no identity provider configured, and only for this machine: the address it listens on has to be
loopback, and so has the peer of every single request, whatever address was declared.
"""

import os
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth import provision
from issue_insight.auth.clerk import Claims, Rules, Verifier
from issue_insight.auth.key_filter import PublicKey
from issue_insight.auth.keys import PinnedKey
from issue_insight.auth.misconfigured import Misconfigured
from issue_insight.errors import Forbidden
from issue_insight.settings import Settings

ISSUER = "https://local.issue-insight.invalid"
"""A name that can never be anybody's (RFC 2606): no other verifier will ever trust it."""
BROWSER_LIFE = timedelta(seconds=60)
"""As Clerk's; the frontend asks for another one in time."""
SCRIPT_LIFE = timedelta(hours=12)
KEY_FILE = "local_sign_in.pem"

_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")


class LocalSignIn:
    """The issuer of local tokens."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    @classmethod
    def from_settings(cls, settings: Settings) -> "LocalSignIn":
        """Return the issuer with this installation's key, made at the first start.

        Raises `Misconfigured` anywhere but on a machine of one's own.
        """
        if settings.environment != "development":
            raise Misconfigured("LOCAL_SIGN_IN is for ENVIRONMENT=development only.")
        if settings.identity_provider_configured:
            raise Misconfigured("LOCAL_SIGN_IN cannot stand beside an identity provider.")
        if not is_loopback(settings.host) and settings.host != "localhost":
            raise Misconfigured(
                f"LOCAL_SIGN_IN lets anybody in who can reach HOST={settings.host}: "
                "use 127.0.0.1, or configure Clerk."
            )
        return cls(_kept_key(settings.data_dir / KEY_FILE))

    def verifier(self, leeway: int) -> Verifier:
        """Return the verifier for these tokens: the same code, another key."""
        rules = Rules(issuer=ISSUER, parties=(ISSUER,), leeway=leeway)
        return Verifier(rules, PinnedKey(PublicKey("RS256", self._key.public_key())))

    def token(self, email: str, name: str, life: timedelta) -> tuple[str, datetime]:
        """Return a token for the person of that address, and the instant it expires."""
        now = clock.now().replace(microsecond=0)
        expires = now + life
        claims = {
            "iss": ISSUER,
            "azp": ISSUER,
            "sub": subject_of(email),
            # A page asks for a token every minute: a day of a person counts as one session.
            "sid": f"sess_{sha256(f'{email.lower()} {now:%Y-%m-%d}'.encode()).hexdigest()[:24]}",
            "sts": "active",
            "iat": now,
            "nbf": now,
            "exp": expires,
            "email": email,
            "name": name,
        }
        return jwt.encode(claims, self._key, "RS256", headers={"kid": "local"}), expires

    def sign_in(
        self, session: Session, email: str, name: str | None, role: str | None, life: timedelta
    ) -> tuple[str, datetime]:
        """Make or change the person and return a token for them, and when it expires.

        What is not said stays as it is: a name is made from the address, a role is reporter.
        """
        asked = Claims(ISSUER, subject_of(email), 0, email, name)
        person = provision.find(asked)
        if person is None:
            person, _ = provision.first_sight(session, asked)
        else:
            person = provision.refresh(session, person, asked)
        if role is not None:
            provision.give_role(session, person, role)
        return self.token(email, person.name, life)


def subject_of(email: str) -> str:
    """Return the subject that stands for an address."""
    return f"local_{sha256(email.lower().encode()).hexdigest()[:24]}"


def is_loopback(address: str) -> bool:
    """Tell whether an IP address means this machine."""
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


def refuse_strangers(environ: Mapping[str, Any]) -> None:
    """Raise `Forbidden` for a request that comes from another machine, by whatever way.

    The peer's address is the connection's own. A proxy on this machine would hide the stranger
    behind it, so a request that says it was forwarded is refused as well.
    """
    peer = environ.get("REMOTE_ADDR") or ""
    if not is_loopback(peer) or any(environ.get(name) for name in _FORWARDED):
        raise Forbidden("The local sign-in is for this machine alone.")


def refuse_foreign_pages(environ: Mapping[str, Any]) -> None:
    """Raise `Forbidden` for a sign-in that a page from elsewhere sends from this machine's browser.

    Such a page gives itself away by its origin or, having bent its own name to 127.0.0.1 (DNS
    rebinding), by the host it asks for.
    """
    addresses = [f"//{environ.get('HTTP_HOST', '')}"]
    if origin := environ.get("HTTP_ORIGIN"):
        addresses.append(origin)
    for name in map(_hostname, addresses):
        if name != "localhost" and not is_loopback(name):
            raise Forbidden("The local sign-in answers at 127.0.0.1 and localhost only.")


def _hostname(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _kept_key(path: Path) -> rsa.RSAPrivateKey:
    """Return the key kept in `path`; make it if absent, once, however many processes start."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        own = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        try:
            os.link(own, path)  # complete or not at all; the first one stays
        except FileExistsError:
            pass
        finally:
            own.unlink()
    if path.stat().st_mode & 0o077:
        raise Misconfigured(f"Others can read {path}: remove it, and another key will be made.")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise Misconfigured(f"{path} holds no key: remove it, and another will be made.") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Misconfigured(f"{path} holds no RSA key: remove it, and another will be made.")
    return key
