"""Which public keys are good enough to trust a signature by.

RSA of 2048 bits or more that no ROCA-afflicted chip has made, or P-256; meant for signatures, and
for one of the algorithms that are switched on. Anything else in a key set is passed over.
"""

import base64
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

ALGORITHMS = ("RS256", "ES256")
SMALLEST_RSA_BITS = 2048
LARGEST_RSA_BITS = 8192
"""Checking a signature costs time with the size: a key must not become a weight."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that passed, and the one algorithm it is used with."""

    algorithm: str
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class UnfitKey(ValueError):
    """The key is not to be trusted; the message says why."""


def from_jwk_set(document: Any, algorithms: Collection[str]) -> dict[str, PublicKey]:
    """Return the fit keys of a JWK set by `kid` (RFC 7517).

    Raises `UnfitKey` where it is no set, or none of its keys fits.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("keys"), list):
        raise UnfitKey("this is no JWK set")
    fit = dict(_fit(document["keys"], algorithms))
    if not fit:
        raise UnfitKey("no key of the set fits")
    return fit


def _fit(jwks: list[Any], algorithms: Collection[str]) -> Iterator[tuple[str, PublicKey]]:
    for jwk in jwks:
        try:
            key = from_jwk(jwk, algorithms)
        except UnfitKey:
            continue
        if isinstance(kid := jwk.get("kid"), str) and kid:
            yield kid, key


def from_jwk(jwk: Any, algorithms: Collection[str]) -> PublicKey:
    """Return the key that a JWK describes. Raises `UnfitKey`."""
    if not isinstance(jwk, Mapping):
        raise UnfitKey("a key is an object")
    if any(part in jwk for part in _PRIVATE):
        raise UnfitKey("a published private key is nobody's any more")
    if jwk.get("use", "sig") != "sig":
        raise UnfitKey("the key is not for signatures")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise UnfitKey("the key is not for checking signatures")
    try:
        key = _public_numbers(jwk)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitKey("the numbers are no key") from error
    checked = _checked(key, algorithms)
    if jwk.get("alg", checked.algorithm) != checked.algorithm:
        raise UnfitKey("the key is for another algorithm")
    return checked


def from_pem(text: str, algorithms: Collection[str]) -> PublicKey:
    r"""Return the public key written in PEM; `\n` may stand for line ends. Raises `UnfitKey`."""
    try:
        key = load_pem_public_key(text.replace("\\n", "\n").strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitKey("this is no public key in PEM") from error
    return _checked(key, algorithms)


def _public_numbers(jwk: Mapping[str, Any]) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    if jwk.get("kty") == "RSA":
        return rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key()
    if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
        # Refuses a point that is not on the curve.
        return ec.EllipticCurvePublicNumbers(
            _number(jwk, "x"), _number(jwk, "y"), ec.SECP256R1()
        ).public_key()
    raise UnfitKey("the key is neither RSA nor P-256")


def _number(jwk: Mapping[str, Any], name: str) -> int:
    """Decode base64urlUInt (RFC 7518, section 2)."""
    text = jwk.get(name)
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text) > 4096:
        raise UnfitKey(f"{name} is no number")
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _checked(key: object, algorithms: Collection[str]) -> PublicKey:
    if isinstance(key, rsa.RSAPublicKey):
        algorithm = "RS256"
        modulus = key.public_numbers().n
        if not SMALLEST_RSA_BITS <= key.key_size <= LARGEST_RSA_BITS:
            raise UnfitKey(f"RSA with {key.key_size} bits")
        # `cryptography` itself refuses even exponents, and those below 3.
        if any(modulus % prime == 0 for prime in (2, *_ROCA_PRIMES)):
            raise UnfitKey("RSA with a modulus that anybody can factor")
        if bears_roca(modulus):
            raise UnfitKey("RSA from a chip with the ROCA weakness")
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        algorithm = "ES256"
    else:
        raise UnfitKey("the key is neither RSA nor P-256")
    if algorithm not in algorithms:
        raise UnfitKey(f"{algorithm} is not switched on")
    return PublicKey(algorithm, key)


_ROCA_PRIMES = [p for p in range(3, 168, 2) if all(p % d for d in range(3, int(p**0.5) + 1, 2))]


def _powers(prime: int) -> frozenset[int]:
    """Return the powers of 65537 modulo `prime`."""
    found, power = set(), 1
    while power not in found:
        found.add(power)
        power = power * 65537 % prime
    return frozenset(found)


_ROCA_POWERS = {prime: _powers(prime) for prime in _ROCA_PRIMES}


def bears_roca(modulus: int) -> bool:
    """Tell whether an RSA modulus bears the mark of CVE-2017-15361.

    The afflicted library made primes of the form k·M + (65537^a mod M), M being a product of the
    first primes; so the modulus is a power of 65537 modulo each of them. A sound one is so by
    chance once in some 10^8. Nemec et al., "The Return of Coppersmith's Attack", CCS 2017.
    """
    return all(modulus % prime in powers for prime, powers in _ROCA_POWERS.items())
