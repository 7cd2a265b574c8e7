"""Tokens written by hand, part by part: what a JWT library would never write."""

import base64
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from issue_insight.testing.tokens import Issuer, claims_for, rsa_key

Sign = Callable[[bytes], bytes]

HEADER: dict[str, Any] = {"alg": "RS256", "typ": "JWT", "kid": "key-0", "cat": "cl_B7d4PD111AAA"}


def b64(raw: bytes) -> str:
    """Encode as JOSE does: base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(value: Any) -> str:
    """Encode a header or payload; bytes are taken as they are."""
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def header(**changes: Any) -> dict[str, Any]:
    """Return a good header with changes; None leaves a member out."""
    return {k: v for k, v in {**HEADER, **changes}.items() if v is not None}


def signed(head: Any, payload: Any, sign: Sign) -> str:
    """Return a token of these parts."""
    text = f"{part(head)}.{part(payload)}"
    return f"{text}.{b64(sign(text.encode()))}"


def forged(
    issuer: Issuer, head: Any = None, payload: Any = None, sign: Sign | None = None, **claims: Any
) -> str:
    """Return a token that is good but for what is given."""
    return signed(
        HEADER if head is None else head,
        claims_for(issuer.name, "user_mallory", **claims) if payload is None else payload,
        sign or rs256(rsa_key()),
    )


def rs256(key: rsa.RSAPrivateKey, digest: hashes.HashAlgorithm | None = None) -> Sign:
    """Sign by PKCS #1 v1.5."""
    return lambda text: key.sign(text, padding.PKCS1v15(), digest or hashes.SHA256())


def ps256(key: rsa.RSAPrivateKey) -> Sign:
    """Sign by PSS, which RS256 is not."""
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return lambda text: key.sign(text, pss, hashes.SHA256())


def hs256(secret: bytes) -> Sign:
    """Sign by a shared secret."""
    return lambda text: hmac.digest(secret, text, sha256)


def ec_numbers(key: ec.EllipticCurvePrivateKey, text: bytes) -> tuple[int, int]:
    """Return r and s of an ECDSA signature."""
    return decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))


def es256(key: ec.EllipticCurvePrivateKey) -> Sign:
    """Sign as RFC 7518, section 3.4 says: r and s, 32 bytes each."""

    def sign(text: bytes) -> bytes:
        r, s = ec_numbers(key, text)
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


def public_forms(key: rsa.RSAPrivateKey) -> dict[str, bytes]:
    """Return what anybody can know of a key, in the forms a confused verifier might hold it."""
    public = key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "PEM": pem,
        "PEM without its last line end": pem.rstrip(),
        "PKCS #1 PEM": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "modulus": public.public_numbers().n.to_bytes(256),
        "nothing": b"",
    }
