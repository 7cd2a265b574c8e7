"""Keys that a key set may hold and that nobody should trust: none of them ever checks a token."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask

from issue_insight.auth import key_filter
from issue_insight.auth.key_filter import UnfitKey, bears_roca, from_jwk, from_jwk_set, from_pem
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer, ec_key, jwk_of, rsa_key
from tests.issue_insight.auth.asking import is_refusal, me
from tests.issue_insight.auth.conftest import Build
from tests.issue_insight.auth.forging import b64, es256, forged, header, rs256

BOTH = key_filter.ALGORITHMS


def roca_key() -> rsa.RSAPrivateKey:
    """Return a key as afflicted chips made them: primes of the form k·M + (65537^a mod M).

    M is the product of the primes up to 167; for these two `a`, the first `k` of 1024 bits that
    gives a prime is a few steps above the first there is.
    """
    product = 2
    for prime in key_filter._ROCA_PRIMES:
        product *= prime
    first = 3 * 2**1022 // product + 1
    p = (first + 2) * product + pow(65537, 11, product)
    q = (first + 38) * product + pow(65537, 13, product)
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q)
    ).private_key()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8 or 1))


def rsa_jwk(**changes: Any) -> dict[str, Any]:
    """Return a good key with changes; None leaves a member out."""
    jwk = {**jwk_of(rsa_key(), "key-0"), **changes}
    return {name: value for name, value in jwk.items() if value is not None}


def ec_jwk(**changes: Any) -> dict[str, Any]:
    jwk = {**jwk_of(ec_key(), "key-0"), **changes}
    return {name: value for name, value in jwk.items() if value is not None}


UNFIT: dict[str, Any] = {
    "of 1024 bits": jwk_of(rsa_key(1, 1024), "key-0"),
    "of 2040 bits": jwk_of(rsa_key(2, 2040), "key-0"),
    "of 16384 bits": rsa_jwk(n=number(2**16383 + 1)),
    "of a ROCA chip": jwk_of(roca_key(), "key-0"),
    "for encryption": rsa_jwk(use="enc"),
    "for a use that is null": {**rsa_jwk(), "use": None},
    "for encryption, as operations": rsa_jwk(key_ops=["encrypt", "wrapKey"]),
    "for operations that are no list": rsa_jwk(key_ops="verify"),
    **{f"for {alg}": rsa_jwk(alg=alg) for alg in ("RS512", "PS256", "RSA-OAEP", "ES256", "none")},
    "for an algorithm that is a list": rsa_jwk(alg=["RS256"]),
    "with its private part": rsa_jwk(d="AQAB"),
    "with one of its primes": rsa_jwk(p="AQAB"),
    "with the exponent 1": rsa_jwk(e="AQ"),
    "with the exponent 2": rsa_jwk(e="Ag"),
    "with an even exponent": rsa_jwk(e=number(65536)),
    "with the exponent 0": rsa_jwk(e="AA"),
    "with an even modulus": rsa_jwk(n=number(2**2047)),
    "with a modulus that is a multiple of 3": rsa_jwk(n=number(3 * (2**2046 + 1))),
    "without a modulus": rsa_jwk(n=None),
    "without an exponent": rsa_jwk(e=None),
    "with a modulus that is a number": rsa_jwk(n=5),
    "with a modulus that is empty": rsa_jwk(n=""),
    "with a modulus that is no base64": rsa_jwk(n="a b!"),
    "with a modulus of one letter": rsa_jwk(n="A"),
    "with an endless modulus": rsa_jwk(n="A" * 100_000),
    "of shared secrets": {"kty": "oct", "k": "AAAA", "kid": "key-0", "alg": "HS256"},
    "of shared secrets, dressed as RSA": rsa_jwk(k="AAAA"),
    "of Ed25519": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "key-0"},
    "of no kind": rsa_jwk(kty=None),
    "of a kind in small letters": rsa_jwk(kty="rsa"),
    "of a kind that is a list": rsa_jwk(kty=["RSA"]),
    "of P-384": ec_jwk(crv="P-384"),
    "of secp256k1": ec_jwk(crv="secp256k1"),
    "of a point beside the curve": ec_jwk(y=ec_jwk()["x"]),
    "of the point 0, 0": ec_jwk(x="AA", y="AA"),
    "of half a point": ec_jwk(y=None),
    "of a point out of the field": ec_jwk(x=number(2**256)),
    "that is no object": "key-0",
    "that is null": None,
}


@pytest.mark.parametrize("jwk", UNFIT.values(), ids=UNFIT.keys())
def test_an_unfit_key_is_passed_over(jwk: Any) -> None:
    with pytest.raises(UnfitKey):
        from_jwk(jwk, BOTH)
    good = jwk_of(rsa_key(), "good")
    assert set(from_jwk_set({"keys": [jwk, good, jwk]}, BOTH)) == {"good"}


@pytest.mark.parametrize(
    "jwk",
    [
        rsa_jwk(),
        rsa_jwk(use=None, alg=None),
        rsa_jwk(key_ops=["verify"]),
        rsa_jwk(x5c=["MIIB"], x5t="AA"),
        rsa_jwk(e="Aw"),
        ec_jwk(),
        ec_jwk(use=None, alg=None),
    ],
)
def test_a_fit_key_is_taken(jwk: Any) -> None:
    """Else the list above would prove nothing."""
    assert from_jwk(jwk, BOTH).algorithm == ("RS256" if jwk["kty"] == "RSA" else "ES256")


def test_a_key_is_taken_for_algorithms_that_are_switched_on() -> None:
    with pytest.raises(UnfitKey, match="ES256 is not switched on"):
        from_jwk(ec_jwk(), ("RS256",))
    with pytest.raises(UnfitKey, match="RS256 is not switched on"):
        from_jwk(rsa_jwk(), ("ES256",))


def test_a_key_without_an_id_is_of_no_use() -> None:
    for kid in (None, "", 5, ["key-0"]):
        with pytest.raises(UnfitKey, match="no key of the set fits"):
            from_jwk_set({"keys": [{**rsa_jwk(), "kid": kid}]}, BOTH)


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": {}}, "keys", 5])
def test_what_is_no_key_set_is_refused(document: Any) -> None:
    with pytest.raises(UnfitKey, match="no JWK set"):
        from_jwk_set(document, BOTH)


def test_the_mark_of_roca_is_seen_and_only_there() -> None:
    assert bears_roca(roca_key().public_key().public_numbers().n)
    for number_of_key in range(3):
        assert not bears_roca(rsa_key(number_of_key).public_key().public_numbers().n)


def pem(key: Any) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


MODULUS = rsa_key().public_key().public_numbers().n


def der(tag: int, body: bytes) -> bytes:
    size = len(body)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)) + body


def pem_of_numbers(modulus: int, exponent: int) -> str:
    """Write a key that no library would make (RFC 8017, appendix A.1.1)."""
    numbers = [der(2, n.to_bytes(n.bit_length() // 8 + 1)) for n in (modulus, exponent)]
    rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
    bits = der(3, b"\x00" + der(0x30, b"".join(numbers)))
    text = base64.encodebytes(der(0x30, rsa_encryption + bits)).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----"


def test_the_same_holds_for_a_key_in_pem() -> None:
    sound = pem(rsa_key().public_key())
    assert from_pem(sound, BOTH).algorithm == "RS256"
    assert from_pem(sound.replace("\n", "\\n"), BOTH).algorithm == "RS256"
    assert from_pem(f"\n {sound} ", BOTH).algorithm == "RS256"
    assert from_pem(pem(ec_key().public_key()), BOTH).algorithm == "ES256"
    for exponent in (1, 2, 65536):
        with pytest.raises(UnfitKey):
            from_pem(pem_of_numbers(MODULUS, exponent), BOTH)
    assert from_pem(pem_of_numbers(MODULUS, 3), BOTH).algorithm == "RS256"
    unfit = {
        "1024 bits": pem(rsa_key(1, 1024).public_key()),
        "ROCA": pem(roca_key().public_key()),
        "neither RSA nor P-256": pem(ec.generate_private_key(ec.SECP384R1()).public_key()),
        "neither RSA": pem(ed25519.Ed25519PrivateKey.generate().public_key()),
        "no public key in PEM": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "this is no public key": "sk_test_x",
    }
    for reason, text in unfit.items():
        with pytest.raises(UnfitKey, match=reason):
            from_pem(text, BOTH)


@pytest.mark.parametrize(
    ("jwk", "head", "sign"),
    [
        (UNFIT["of 1024 bits"], header(), rs256(rsa_key(1, 1024))),
        (UNFIT["of a ROCA chip"], header(), rs256(roca_key())),
        (UNFIT["for encryption"], header(), rs256(rsa_key())),
        (UNFIT["with its private part"], header(), rs256(rsa_key())),
        (UNFIT["for RS512"], header(), rs256(rsa_key())),
        (jwk_of(ec_key(), "key-0"), header(alg="ES256"), es256(ec_key())),
    ],
    ids=["1024 bits", "ROCA", "use enc", "private", "RS512", "ES256 not switched on"],
)
def test_a_token_signed_by_an_unfit_key_is_refused(
    jwk: Any, head: Any, sign: Any, build: Build, issuer: Issuer, settings: Settings
) -> None:
    issuer.keys = [jwk, jwk_of(rsa_key(5), "good")]
    client = build(issuer.settings(settings)).test_client()
    assert is_refusal(me(client, forged(issuer, head, sign=sign)))
    good = forged(issuer, header(kid="good"), sign=rs256(rsa_key(5)))
    assert me(client, good).status_code == 200


def test_a_set_without_one_fit_key_is_as_good_as_none(trusting: Flask, issuer: Issuer) -> None:
    issuer.keys = [UNFIT["of 1024 bits"], UNFIT["for encryption"]]
    answer = me(trusting.test_client(), forged(issuer))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
