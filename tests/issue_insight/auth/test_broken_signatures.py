"""Signatures and encodings that are nearly right, by the classes of Wycheproof's JWS vectors.
https://github.com/C2SP/wycheproof
"""

import base64
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from flask.testing import FlaskClient
from sqlalchemy import Engine

from issue_insight.app import create_app
from issue_insight.db import db
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer, claims_for, ec_key, jwk_of, rsa_key
from tests.issue_insight.auth.asking import is_refusal, me
from tests.issue_insight.auth.forging import (
    Sign,
    b64,
    ec_numbers,
    es256,
    forged,
    header,
    part,
    ps256,
    rs256,
    signed,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256."""
EC_HEADER = header(alg="ES256", kid="ec")


@pytest.fixture(scope="module")
def provider() -> Iterator[Issuer]:
    with Issuer() as issuer:
        issuer.keys = [jwk_of(rsa_key(), "key-0"), jwk_of(ec_key(), "ec")]
        yield issuer


@pytest.fixture(scope="module")
def asked(provider: Issuer, settings: Settings) -> Iterator[FlaskClient]:
    """A client of an application that takes both algorithms."""
    app = create_app(provider.settings(settings, auth_algorithms=("RS256", "ES256")))
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


def test_sound_ones_of_both_kinds_are_taken(
    clean_database: Engine, provider: Issuer, asked: FlaskClient
) -> None:
    """Else the lists below would prove nothing."""
    assert me(asked, forged(provider)).status_code == 200
    assert me(asked, forged(provider, EC_HEADER, sign=es256(ec_key()))).status_code == 200


def flipped(sign: Sign, byte: int, bit: int) -> Sign:
    def wrong(text: bytes) -> bytes:
        signature = bytearray(sign(text))
        signature[byte] ^= 1 << bit
        return bytes(signature)

    return wrong


RSA = rs256(rsa_key())
MODULUS = rsa_key().public_key().public_numbers().n

RSA_SIGNATURES: dict[str, Sign] = {
    "none": lambda _: b"",
    "one byte": lambda _: b"\x00",
    "zeros": lambda _: bytes(256),
    "one": lambda _: (1).to_bytes(256),
    "the modulus": lambda _: MODULUS.to_bytes(256),
    "the modulus less one": lambda _: (MODULUS - 1).to_bytes(256),
    "ones": lambda _: b"\xff" * 256,
    "of another text": lambda text: RSA(text + b"x"),
    "of nothing": lambda _: RSA(b""),
    "too short": lambda text: RSA(text)[:-1],
    "without its first byte": lambda text: RSA(text)[1:],
    "a byte longer": lambda text: RSA(text) + b"\x00",
    "a zero before it": lambda text: b"\x00" + RSA(text),
    "the modulus added": lambda text: (int.from_bytes(RSA(text)) + MODULUS).to_bytes(257),
    "twice": lambda text: RSA(text) * 2,
    "backwards": lambda text: RSA(text)[::-1],
    "with SHA-1": rs256(rsa_key(), hashes.SHA1()),
    "with SHA-224": rs256(rsa_key(), hashes.SHA224()),
    "with SHA-384": rs256(rsa_key(), hashes.SHA384()),
    "with SHA-512": rs256(rsa_key(), hashes.SHA512()),
    "by PSS": ps256(rsa_key()),
    "encrypted for the key": lambda text: (
        rsa_key().public_key().encrypt(text[:32], padding.PKCS1v15())
    ),
    "by a key of elliptic curves": es256(ec_key()),
    **{
        f"with bit {bit} of byte {byte} flipped": flipped(RSA, byte, bit)
        for byte in (0, 1, 127, 255)
        for bit in (0, 7)
    },
}


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32) + s.to_bytes(32)


def longer(text: bytes) -> bytes:
    r, s = ec_numbers(ec_key(), text)
    return r.to_bytes(33) + s.to_bytes(33)


def exchanged(text: bytes) -> bytes:
    r, s = ec_numbers(ec_key(), text)
    return raw(s, r)


EC_SIGNATURES: dict[str, Sign] = {
    "none": lambda _: b"",
    # CVE-2022-21449: zeros passed for a signature of everything.
    **{
        f"r = {r_name}, s = {s_name}": lambda _, r=r, s=s: raw(r, s)
        for r_name, r in (("0", 0), ("1", 1), ("n", ORDER), ("2^256 - 1", 2**256 - 1))
        for s_name, s in (("0", 0), ("1", 1), ("n", ORDER))
    },
    "in DER": lambda text: ec_key().sign(text, ec.ECDSA(hashes.SHA256())),
    "r and s exchanged": exchanged,
    "r and s a byte longer": longer,
    "cut short": lambda text: es256(ec_key())(text)[:-1],
    "a byte longer": lambda text: es256(ec_key())(text) + b"\x00",
    "of another key": es256(ec_key(7)),
    "with SHA-1": lambda text: ec_key().sign(text, ec.ECDSA(hashes.SHA1())),
    "by an RSA key": RSA,
    **{
        f"with a bit of byte {byte} flipped": flipped(es256(ec_key()), byte, 0)
        for byte in (0, 31, 32, 63)
    },
}


@pytest.mark.parametrize("sign", RSA_SIGNATURES.values(), ids=RSA_SIGNATURES.keys())
def test_a_wrong_rsa_signature_is_refused(sign: Sign, provider: Issuer, asked: FlaskClient) -> None:
    assert is_refusal(me(asked, forged(provider, sign=sign)))


@pytest.mark.parametrize("sign", EC_SIGNATURES.values(), ids=EC_SIGNATURES.keys())
def test_a_wrong_ecdsa_signature_is_refused(
    sign: Sign, provider: Issuer, asked: FlaskClient
) -> None:
    assert is_refusal(me(asked, forged(provider, EC_HEADER, sign=sign)))


def test_a_key_is_good_for_its_own_algorithm_only(provider: Issuer, asked: FlaskClient) -> None:
    crossed = header(alg="ES256", kid="key-0")
    assert is_refusal(me(asked, forged(provider, crossed, sign=es256(ec_key()))))
    assert is_refusal(me(asked, forged(provider, crossed, sign=RSA)))
    assert is_refusal(me(asked, forged(provider, header(kid="ec"), sign=RSA)))


def test_the_signature_of_one_token_is_none_for_another(
    provider: Issuer, asked: FlaskClient
) -> None:
    mine, others = forged(provider), forged(provider, sub="user_admin")
    head, _, signature = mine.split(".")
    assert is_refusal(me(asked, f"{head}.{others.split('.')[1]}.{signature}"))


def claims() -> dict[str, object]:
    return claims_for("https://clerk.issuer.example", "user_mallory")


def with_text(change: Callable[[str], str]) -> str:
    """Return a token whose parts were changed and signed as they are."""
    head, payload = change(part(header())), change(part(claims()))
    text = f"{head}.{payload}"
    return f"{text}.{change(b64(RSA(text.encode())))}"


def standard(text: str) -> str:
    """Encode with the alphabet of e-mail, which has + and /."""
    return base64.b64encode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))).decode()


ENCODINGS: dict[str, Callable[[], str]] = {
    "padded": lambda: with_text(lambda t: t + "=" * (-len(t) % 4 or 4)),
    "in the other alphabet": lambda: with_text(standard),
    "with a space": lambda: with_text(lambda t: t[:4] + " " + t[4:]),
    "with a line end": lambda: with_text(lambda t: t + "%0A"),
    "with a letter that is none": lambda: with_text(lambda t: t[:4] + "!" + t[4:]),
    "with a dot too many": lambda: with_text(lambda t: t) + ".",
    "with a part too many": lambda: with_text(lambda t: t) + ".AAAA",
    "without a header": lambda: with_text(lambda t: t).partition(".")[2],
    "with an empty header": lambda: "." + with_text(lambda t: t).partition(".")[2],
    "a header that is a list": lambda: signed([header()], claims(), RSA),
    "a header that is a text": lambda: signed("RS256", claims(), RSA),
    "a header that is null": lambda: signed(b"null", claims(), RSA),
    "a header that is no JSON": lambda: signed(b"{alg:RS256}", claims(), RSA),
    "a header in UTF-16": lambda: signed('{"alg":"RS256"}'.encode("utf-16"), claims(), RSA),
    "a header nested deeply": lambda: signed(b"[" * 1000 + b"]" * 1000, claims(), RSA),
    "claims that are a list": lambda: signed(header(), [claims()], RSA),
    "claims that are a text": lambda: signed(header(), "claims", RSA),
    "claims that are null": lambda: signed(header(), b"null", RSA),
    "claims that are nothing": lambda: signed(header(), b"", RSA),
    "claims that are no JSON": lambda: signed(header(), b"\x00\x01", RSA),
    "claims in no UTF-8": lambda: signed(header(), b'{"iss":"\xff\xfe"}', RSA),
    "claims nested deeply": lambda: signed(header(), b'{"a":' * 900 + b"1" + b"}" * 900, RSA),
    "claims that stay empty": lambda: signed(header(), {}, RSA),
    "a crit": lambda: signed(header(crit=["exp"]), claims(), RSA),
    "a b64 of false": lambda: signed(header(b64=False), claims(), RSA),
    "a zip": lambda: signed(header(zip="DEF"), claims(), RSA),
    "an empty crit": lambda: signed(header(crit=[]), claims(), RSA),
    "a b64 that changes nothing": lambda: signed(header(b64=True), claims(), RSA),
    "claims outside the encoding": lambda: (
        f"{part(header(b64=False, crit=['b64']))}.claims.{b64(RSA(b'claims'))}"
    ),
}


@pytest.mark.parametrize("forge", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_token_of_odd_shape_is_refused(forge: Callable[[], str], asked: FlaskClient) -> None:
    assert is_refusal(me(asked, forge()))
