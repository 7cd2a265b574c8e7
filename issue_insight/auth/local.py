"""Local sign-in: for trying things on one's own machine, where there is no identity provider.

The instance's own key signs tokens shaped like Clerk's, and the same verifier checks them. It
cannot be reached in production: the start is refused unless the environment says development,
nothing of an identity provider is set and the app listens on loopback, and each use asks for a peer
on loopback.
"""

import ipaddress
import os
import secrets
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from issue_insight.auth.clerk import Verifier
from issue_insight.auth.keys import FixedKey
from issue_insight.errors import Forbidden
from issue_insight.settings import Settings

ISSUER = "https://local.issue-insight.invalid"
"""A name that no provider can have (RFC 6761)."""
PARTY = "local"
KEY_FILE = "local-sign-in.pem"


class LocalIssuer:
    """Makes and verifies tokens of the local sign-in."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key

    @classmethod
    def from_settings(cls, settings: Settings) -> "LocalIssuer":
        """Use the key in the data directory, making it at the first use.

        Raises `ValueError` wherever a local sign-in has no place.
        """
        if settings.environment != "development":
            raise ValueError("LOCAL_SIGN_IN is for development only; set ENVIRONMENT=development.")
        if settings.identity_provider_configured:
            raise ValueError("LOCAL_SIGN_IN cannot stand beside an identity provider.")
        if not is_loopback(settings.host):
            raise ValueError(
                f"LOCAL_SIGN_IN needs a loopback address to listen on, not {settings.host}."
            )
        return cls(_kept_key(settings.data_dir / KEY_FILE))

    def verifier(self) -> Verifier:
        """Return the verifier of these tokens: the same rules as for any issuer."""
        key = FixedKey(self._key.public_key())
        return Verifier(key, issuer=ISSUER, authorized_parties=(PARTY,))

    def token(self, email: str, name: str = "", *, lifetime: int) -> tuple[str, int]:
        """Return a token that vouches for `email` for `lifetime` seconds, and when it ends."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": f"local:{email.lower()}",
            "sid": f"sess_{secrets.token_hex(8)}",
            "azp": PARTY,
            "sts": "active",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": secrets.token_hex(8),
            "email": email,
            "name": name or email.partition("@")[0],
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "local"}), now + (
            lifetime
        )


def is_loopback(host: str | None) -> bool:
    """Tell whether an address, or the name localhost, is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def must_be_near(peer: str | None) -> None:
    """Raise `Forbidden` unless the connection comes from this machine."""
    if not is_loopback(peer):
        raise Forbidden("The local sign-in is for this machine only.")


def _kept_key(path: Path) -> RSAPrivateKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        try:
            os.link(draft, path)  # whoever comes second takes the key of the first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    loaded = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(loaded, RSAPrivateKey):
        raise ValueError(f"{path} is no RSA key; remove it to have a new one made.")
    return loaded
