"""Tokens nobody should believe: each is refused with 401, all in one shape, none makes a user."""

import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import Engine, text

from issue_insight.app import create_app
from issue_insight.db import db
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer, bearer, jwk_of, rsa_key
from tests.issue_insight.auth.asking import ME, SIGN_IN, is_refusal, me
from tests.issue_insight.auth.conftest import Build
from tests.issue_insight.auth.forging import b64, forged, header, hs256, public_forms, rs256

Forge = Callable[[Issuer], str]


def now() -> int:
    return int(time.time())


def cut(token: str) -> str:
    """Take the signature away."""
    return token.rpartition(".")[0] + "."


ALGORITHMS: dict[str, Forge] = {
    **{
        f"alg {alg}, {how}": lambda i, alg=alg, change=change: change(forged(i, header(alg=alg)))
        for alg in ("none", "None", "NONE", "nOnE", "")
        for how, change in (("unsigned", cut), ("with a signature", str))
    },
    **{
        f"alg {alg}": lambda i, alg=alg: forged(i, header(alg=alg))
        for alg in ("rs256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "RSA-OAEP", "dir")
    },
    **{
        f"alg that is {what!r}": lambda i, what=what: forged(i, header() | {"alg": what})
        for what in (None, 256, True, ["RS256"], {"RS256": 1})
    },
    "no alg": lambda i: forged(i, header(alg=None)),
    **{
        f"{alg} keyed by the public key as {name}": lambda i, alg=alg, secret=secret: forged(
            i, header(alg=alg), sign=hs256(secret)
        )
        for alg in ("HS256", "RS256")
        for name, secret in public_forms(rsa_key()).items()
    },
}

KEYS: dict[str, Forge] = {
    "another's key under a known id": lambda i: forged(i, sign=rs256(rsa_key(7))),
    "an unknown key id": lambda i: forged(i, header(kid="key-9"), sign=rs256(rsa_key(7))),
    "no key id": lambda i: forged(i, header(kid=None)),
    "an empty key id": lambda i: forged(i, header(kid="")),
    "a key id that is a path": lambda i: forged(
        i, header(kid="../../../dev/null"), sign=hs256(b"")
    ),
    "a key id that is SQL": lambda i: forged(i, header(kid="' OR 1=1 --")),
    "a key id that is endless": lambda i: forged(i, header(kid="k" * 2000)),
    **{
        f"a key id that is {what!r}": lambda i, what=what: forged(i, header() | {"kid": what})
        for what in (0, 1.5, True, [], ["key-0"], {"key-0": 1})
    },
    "its own key in jwk": lambda i: forged(
        i, header(jwk=jwk_of(rsa_key(7), "key-0")), sign=rs256(rsa_key(7))
    ),
    "its own key set in jku": lambda i: forged(
        i, header(jku=f"{i.url}/mallory/jwks.json"), sign=rs256(rsa_key(7))
    ),
    "its own certificate in x5u": lambda i: forged(
        i, header(x5u=f"{i.url}/mallory/cert.pem"), sign=rs256(rsa_key(7))
    ),
    "its own certificate in x5c": lambda i: forged(i, header(x5c=["MIIB"]), sign=rs256(rsa_key(7))),
    # Also with a sound signature: nothing that brings a key along is for us.
    **{
        f"{name} and a sound signature": lambda i, name=name, value=value: forged(
            i, header(**{name: value})
        )
        for name, value in {
            "jku": "https://clerk.issuer.example/.well-known/jwks.json",
            "x5u": "https://clerk.issuer.example/cert.pem",
            "jwk": jwk_of(rsa_key(), "key-0"),
            "x5c": [],
        }.items()
    },
}

CLAIMS: dict[str, Forge] = {
    **{
        f"without {name}": lambda i, name=name: forged(i, **{name: None})
        for name in ("exp", "nbf", "iat", "iss", "sub", "sid", "azp")
    },
    **{
        f"{name} that is empty": lambda i, name=name: forged(i, **{name: ""})
        for name in ("exp", "nbf", "iat", "iss", "sub", "sid", "azp")
    },
    **{
        f"issued by {iss!r}": lambda i, iss=iss: forged(i, iss=iss)
        for iss in (
            "https://mallory.example",
            "https://clerk.issuer.example/",
            "https://clerk.issuer.example.mallory.example",
            "http://clerk.issuer.example",
            "HTTPS://CLERK.ISSUER.EXAMPLE",
            ["https://clerk.issuer.example"],
            0,
        )
    },
    **{
        f"for the origin {azp!r}": lambda i, azp=azp: forged(i, azp=azp)
        for azp in (
            "https://mallory.example",
            "http://localhost.mallory.example",
            "http://localhost:81",
            "https://localhost",
            "null",
            "*",
            ["http://localhost"],
            {},
        )
    },
    **{
        f"meant for {aud!r}": lambda i, aud=aud: forged(i, aud=aud)
        for aud in ("somebody else", ["somebody else"], 5, [None])
    },
    "expired": lambda i: forged(i, exp=now() - 6),
    "expired long ago": lambda i: forged(i, iat=1, nbf=1, exp=61),
    "not yet valid": lambda i: forged(i, nbf=now() + 60, exp=now() + 120),
    "issued in the future": lambda i: forged(i, iat=now() + 60, exp=now() + 120),
    **{
        f"{name} that is {what}": lambda i, name=name, what=what: forged(
            i,
            payload=f'{{"iss":"{i.name}","sub":"u","sid":"s","azp":"http://localhost",'
            f'"iat":{now()},"nbf":{now()},"exp":{now() + 60},"{name}":{what}}}'.encode(),
        )
        for name in ("exp", "nbf", "iat")
        for what in (
            "NaN",
            "Infinity",
            "-Infinity",
            "-1",
            "true",
            '"9999999999"',
            "[9999999999]",
            "{}",
            "null",
            "1" + "0" * 400,
            "9" * 4301,
        )
    },
    **{
        f"a subject that is {what!r:.20}": lambda i, what=what: forged(i, sub=what)
        for what in (0, True, [], {}, ["user_1"], "u" * 256, "user\x00_1", "user\n_1", "\ud800")
    },
    **{
        f"a session that is {what!r:.20}": lambda i, what=what: forged(i, sid=what)
        for what in (0, True, [], {}, "s" * 256, "sess\x00")
    },
    **{
        f"a session that is {sts!r}": lambda i, sts=sts: forged(i, sts=sts)
        for sts in ("pending", "revoked", "", "ACTIVE", False)
    },
    "a session whose status is null": lambda i: forged(
        i,
        payload=f'{{"iss":"{i.name}","sub":"u","sid":"s","azp":"http://localhost","sts":null,'
        f'"iat":{now()},"nbf":{now()},"exp":{now() + 60}}}'.encode(),
    ),
}

CLASSES: dict[str, Forge] = {
    "made from a template": lambda i: forged(i, header(cat="cl_B7d4PD222AAA"), sid=None),
    "made from a template, with a session": lambda i: forged(i, header(cat="cl_B7d4PD222AAA")),
    "of a class of tomorrow": lambda i: forged(i, header(cat="cl_B7d4PD999ZZZ")),
    "of a class that is no text": lambda i: forged(i, header(cat=["cl_B7d4PD111AAA"])),
    "an identity card of another protocol": lambda i: forged(i, header(typ="dpop+jwt")),
    "of a type that is no text": lambda i: forged(i, header(typ=1)),
}


@pytest.fixture(scope="module")
def closed(settings: Settings) -> Iterator[tuple[Issuer, Flask]]:
    """One provider and one application for the whole list: nothing on it changes either."""
    with Issuer() as issuer:
        app = create_app(issuer.settings(settings))
        yield issuer, app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def attacked(closed: tuple[Issuer, Flask]) -> FlaskClient:
    return closed[1].test_client()


def params(forgeries: dict[str, Forge]) -> list[object]:
    return [pytest.param(forge, id=name) for name, forge in forgeries.items()]


@pytest.mark.parametrize("forge", params(ALGORITHMS | KEYS | CLAIMS | CLASSES))
def test_a_forged_token_is_refused(
    forge: Forge, closed: tuple[Issuer, Flask], attacked: FlaskClient
) -> None:
    assert is_refusal(me(attacked, forge(closed[0])))


def test_what_is_left_unforged_is_let_in(
    clean_database: Engine, closed: tuple[Issuer, Flask], attacked: FlaskClient
) -> None:
    """Else the list above would prove nothing."""
    issuer = closed[0]
    assert me(attacked, forged(issuer)).status_code == 200
    for kind in ({"cat": None}, {"cat": "cl_I7d4PD111III"}, {"typ": None}, {"typ": "jwt"}):
        assert me(attacked, forged(issuer, header(**kind))).json
    assert me(attacked, forged(issuer, sts=None)).status_code == 200
    assert me(attacked, forged(issuer, azp="http://localhost/")).status_code == 200
    # A clock may be a little off.
    assert me(attacked, forged(issuer, exp=now() - 2)).status_code == 200
    assert me(attacked, forged(issuer, nbf=now() + 2, iat=now() + 2)).status_code == 200


def test_nobody_comes_into_being_by_a_forged_token(
    clean_database: Engine, closed: tuple[Issuer, Flask], attacked: FlaskClient
) -> None:
    for forge in (ALGORITHMS | KEYS | CLAIMS | CLASSES).values():
        me(attacked, forge(closed[0]))
    with clean_database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar() == 0


def test_an_address_in_a_token_is_never_visited(
    closed: tuple[Issuer, Flask], attacked: FlaskClient
) -> None:
    issuer = closed[0]
    for name in ("its own key set in jku", "its own certificate in x5u"):
        me(attacked, KEYS[name](issuer))
    assert not [path for path in issuer.asked_for if "mallory" in path]


GARBAGE = {
    "8 kB of letters": "A" * 8192,
    "more than 8 kB": "A" * 20_000,
    "8 kB with two dots": f"{'A' * 3000}.{'A' * 3000}.{'A' * 2190}",
    "8 kB of JSON": f"{b64(b'[' * 3000)}.{b64(b'[' * 3000)}.AAAA",
    "one dot": "a.b",
    "dots": "..",
    "four parts": "a.b.c.d",
    "five parts, as an encrypted one": "a.b.c.d.e",
    "the word null": "null",
    "JSON serialization": '{"payload":"e30","protected":"e30","signature":"AA"}',
    "letters of elsewhere": "é.ü.ß",
    "control characters": "a\tb.c.d",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused(garbage: str, attacked: FlaskClient) -> None:
    assert is_refusal(me(attacked, garbage))


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token {}", "{}", "Digest {}", "bearer:{}"],
)
def test_a_header_that_is_no_bearer_token_is_none(
    value: str, closed: tuple[Issuer, Flask], attacked: FlaskClient
) -> None:
    given = value.format(forged(closed[0]))
    assert is_refusal(attacked.get(ME, headers={"Authorization": given}), SIGN_IN)


def test_a_good_token_anywhere_but_in_the_header_is_none(
    closed: tuple[Issuer, Flask], attacked: FlaskClient
) -> None:
    token = forged(closed[0])
    for name in ("token", "access_token", "authorization", "jwt", "__session"):
        assert is_refusal(attacked.get(ME, query_string={name: token}), SIGN_IN)
        attacked.set_cookie(name, token)
    assert is_refusal(attacked.get(ME), SIGN_IN)
    form = {"access_token": token}
    assert attacked.post("/api/v1/issues", data=form).status_code == 401
    headers = {"X-Authorization": f"Bearer {token}", "Proxy-Authorization": f"Bearer {token}"}
    assert is_refusal(attacked.get(ME, headers=headers), SIGN_IN)


def test_two_tokens_in_one_header_are_none(
    closed: tuple[Issuer, Flask], attacked: FlaskClient
) -> None:
    token = forged(closed[0])
    for joined in (f"{token}, Bearer {token}", f"{token} {token}", f"{token},{token}"):
        assert is_refusal(attacked.get(ME, headers=bearer(joined)))


def test_the_word_bearer_is_known_in_any_case(
    clean_database: Engine, closed: tuple[Issuer, Flask], attacked: FlaskClient
) -> None:
    given = {"Authorization": f"bEARER  {forged(closed[0])}"}
    assert attacked.get(ME, headers=given).status_code == 200


def test_an_access_token_is_for_other_issuers_than_clerk(
    build: Build, closed: tuple[Issuer, Flask], attacked: FlaskClient, settings: Settings
) -> None:
    """At Clerk these are another class of tokens; elsewhere they are what one signs in by."""
    issuer = closed[0]
    token = forged(issuer, header(typ="at+jwt"), email="ada@example.org")
    assert me(attacked, token).status_code == 200
    clerk = build(issuer.settings(settings, clerk_secret_key=SecretStr("sk_test_x")))
    assert is_refusal(me(clerk.test_client(), token))
    assert me(clerk.test_client(), forged(issuer, email="ada@example.org")).status_code == 200
