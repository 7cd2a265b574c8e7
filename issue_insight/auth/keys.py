"""The public keys that session tokens are signed with: where they come from, how long they last.

`PyJWKClient` locks everybody out once its cache has expired while the provider is down. Here keys
once had serve on, fetching happens with short time-outs, and no flood of forged key ids makes more
than one request in an interval.
"""

import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK
from jwt.exceptions import InvalidKeyError, PyJWKError

from issue_insight.errors import Unauthenticated, Unavailable

log = logging.getLogger(__name__)

PublicKey = RSAPublicKey | EllipticCurvePublicKey
FRESH_SECONDS = 300.0
RETRY_SECONDS = 30.0
TIMEOUT_SECONDS = 3.0
MAX_BYTES = 256 * 1024
MIN_RSA_BITS = 2048

# The fingerprint of keys made by the flawed generator of CVE-2017-15361 ("ROCA"): such a modulus
# is a power of 65537 modulo each of these primes.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
_ROCA_RESIDUES = {p: {pow(65537, e, p) for e in range(p)} for p in _ROCA_PRIMES}


class KeySource(Protocol):
    """Where the key of a token comes from."""

    def key(self, kid: str | None) -> PublicKey:
        """Return the key of that id. Raises `Unauthenticated`, or `Unavailable` without keys."""


class FixedKey:
    """One key, known beforehand: `CLERK_JWT_KEY`, or the local sign-in's own."""

    def __init__(self, key: PublicKey) -> None:
        self._key = checked(key)

    @classmethod
    def from_pem(cls, pem: str) -> "FixedKey":
        """Read a public key in PEM (with `\\n` for line ends, as environments often hold it)."""
        loaded = load_pem_public_key(pem.replace("\\n", "\n").encode())
        if not isinstance(loaded, RSAPublicKey | EllipticCurvePublicKey):
            raise ValueError("CLERK_JWT_KEY is neither an RSA nor an EC public key")
        return cls(loaded)

    def key(self, kid: str | None) -> PublicKey:  # noqa: ARG002 (the protocol's)
        """Return the key, whatever the token calls it."""
        return self._key


class FetchedKeys:
    """Keys from a JWKS address, cached, renewed in the background, kept while it is down."""

    def __init__(
        self,
        fetch: Callable[[], Mapping[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._keys: dict[str, PublicKey] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = threading.Lock()

    def key(self, kid: str | None) -> PublicKey:
        """Return the key of that id, fetching where it is unknown and time allows."""
        if kid is None:
            raise Unauthenticated("The token names no key.")
        found = self._keys.get(kid)
        if found is not None:
            if self._age() > FRESH_SECONDS and self._may_try():
                threading.Thread(target=self._renew, daemon=True).start()
            return found
        if self._may_try():
            self._renew()
        found = self._keys.get(kid)
        if found is not None:
            return found
        if self._fetched_at is None:
            raise Unavailable("The identity provider's keys cannot be had right now.", 5)
        raise Unauthenticated("The token is signed with a key that is not known.")

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def _may_try(self) -> bool:
        # Without any key a retry is worth making sooner: nobody can sign in meanwhile.
        pause = RETRY_SECONDS if self._fetched_at is not None else RETRY_SECONDS / 10
        return self._tried_at is None or self._clock() - self._tried_at >= pause

    def _renew(self) -> None:
        with self._lock:
            if not self._may_try():
                return
            self._tried_at = self._clock()
            try:
                keys = usable(self._fetch())
            except (OSError, ValueError) as error:
                log.warning("keys of the identity provider: %s", type(error).__name__)
                return
            self._keys, self._fetched_at = keys, self._clock()


def usable(document: Mapping[str, Any]) -> dict[str, PublicKey]:
    """Return the keys of a JWKS that may sign tokens: named, for signing, strong enough."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise ValueError("not a JWKS")
    keys: dict[str, PublicKey] = {}
    for entry in listed:
        try:
            if entry.get("use", "sig") != "sig" or not isinstance(entry["kid"], str):
                continue
            keys[entry["kid"]] = checked(PyJWK.from_dict(entry).key)
        except (PyJWKError, InvalidKeyError, ValueError, KeyError, TypeError, AttributeError) as e:
            log.warning("left out a key of the identity provider: %s", type(e).__name__)
    return keys


def checked(key: object) -> PublicKey:
    """Return the key if it is public and strong enough. Raises `ValueError`."""
    if isinstance(key, EllipticCurvePublicKey):
        return key
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not a public key for RS256 or ES256")
    numbers = key.public_numbers()
    if key.key_size < MIN_RSA_BITS or numbers.e < 3 or numbers.e % 2 == 0:
        raise ValueError(f"an RSA key needs {MIN_RSA_BITS} bits")
    if all(numbers.n % prime in _ROCA_RESIDUES[prime] for prime in _ROCA_PRIMES):
        raise ValueError("the RSA key is of a generator known to be flawed (ROCA)")
    return key


def fetcher(url: str, secret: str | None = None) -> Callable[[], Mapping[str, Any]]:
    """Return a function that fetches the JWKS at `url`, with `secret` as bearer if given."""
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"not an address of keys: {url!r}")

    def fetch() -> Mapping[str, Any]:
        headers = {"User-Agent": "issue-insight", "Accept": "application/json"}
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 (http(s) only)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            document: Mapping[str, Any] = json.loads(response.read(MAX_BYTES))
        return document

    return fetch
