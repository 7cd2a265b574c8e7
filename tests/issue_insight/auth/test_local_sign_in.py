"""The local sign-in: for this machine, in development, and nowhere else."""

import http.client
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.app import create_app
from issue_insight.auth import local_views
from issue_insight.auth.clerk import Verifier
from issue_insight.auth.local import ISSUER, KEY_FILE, SCRIPT_LIFE, LocalSignIn, is_loopback
from issue_insight.auth.misconfigured import Misconfigured
from issue_insight.auth.state import auth_of
from issue_insight.auth.users import User
from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing.live import environment_of
from issue_insight.testing.tokens import Issuer, ec_key, rsa_key, sign_in, token_for
from tests.issue_insight.auth.asking import ME, is_refusal, me
from tests.issue_insight.auth.conftest import Build
from tests.issue_insight.auth.forging import forged, header, hs256, rs256, signed

SIGN_IN = "/api/v1/sign-in/local"


def local_token(client: FlaskClient, email: str = "ada@example.org", **more: object) -> str:
    answer = client.post(SIGN_IN, json={"email": email, **more})
    assert answer.status_code == 200, answer.text
    return answer.json["token"]


def test_it_gives_a_token_that_the_instance_takes(client: FlaskClient) -> None:
    token = local_token(client, "Ada.Lovelace@Example.org", role="maintainer")
    answer = me(client, token)
    assert answer.status_code == 200
    assert answer.json["email"] == "ada.lovelace@example.org"
    assert answer.json["name"] == "Ada Lovelace"
    assert answer.json["role"] == "maintainer"


def test_what_is_not_said_stays_as_it_is(client: FlaskClient, session: Session) -> None:
    local_token(client, name="The Countess", role="admin")
    answer = me(client, local_token(client))
    assert (answer.json["name"], answer.json["role"]) == ("The Countess", "admin")
    assert me(client, local_token(client, "new@example.org")).json["role"] == "reporter"
    assert session.query(User).count() == 2


def test_its_tokens_last_a_minute(client: FlaskClient) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    with clock.frozen(start):
        answer = client.post(SIGN_IN, json={"email": "ada@example.org"})
    assert answer.json["expires_at"] == (start + timedelta(seconds=60)).isoformat().replace(
        "+00:00", "Z"
    )
    token = answer.json["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 60
    with clock.frozen(start + timedelta(seconds=64)):
        assert me(client, token).status_code == 200
    with clock.frozen(start + timedelta(seconds=66)):
        assert is_refusal(me(client, token))


def test_its_tokens_are_checked_by_the_same_code(app: Flask, client: FlaskClient) -> None:
    auth = auth_of(app)
    assert type(auth.verifier) is Verifier
    assert auth.local is not None
    key = auth.local._key
    claims = jwt.decode(token_for(client, "ada@example.org"), options={"verify_signature": False})
    good = header(kid="local", cat=None)
    assert me(client, signed(good, claims, rs256(key))).status_code == 200
    public = key.public_key().public_numbers().n.to_bytes(256)
    for head, payload, sign in (
        (header(alg="none"), claims, lambda _: b""),
        (header(alg="HS256"), claims, hs256(public)),
        (good, claims, rs256(rsa_key())),
        (header(cat="cl_B7d4PD222AAA"), claims, rs256(key)),
        (good | {"jku": "https://mallory.example"}, claims, rs256(key)),
        (good, claims | {"azp": "https://mallory.example"}, rs256(key)),
        (good, claims | {"iss": "https://mallory.example"}, rs256(key)),
        (good, claims | {"exp": 1}, rs256(key)),
        (good, claims | {"sid": ""}, rs256(key)),
        (good, claims | {"sts": "pending"}, rs256(key)),
    ):
        assert is_refusal(me(client, signed(head, payload, sign)))


def test_tokens_of_others_are_refused(client: FlaskClient, issuer: Issuer) -> None:
    assert is_refusal(me(client, forged(issuer)))


def test_no_other_instance_takes_them(
    client: FlaskClient, build: Build, issuer: Issuer, settings: Settings, tmp_path: Path
) -> None:
    token = local_token(client)
    neighbour = build(settings.model_copy(update={"data_dir": tmp_path}))
    assert is_refusal(me(neighbour.test_client(), token))
    clerk = build(issuer.settings(settings))
    assert is_refusal(me(clerk.test_client(), token))
    assert clerk.test_client().post(SIGN_IN, json={"email": "a@example.org"}).status_code == 404


def test_its_issuer_can_never_be_anybodys() -> None:
    assert ISSUER.endswith(".invalid")


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "in production": ({"environment": "production"}, "ENVIRONMENT=development only"),
    "beside a publishable key": (
        {"clerk_publishable_key": "pk_test_Y2xlcmsuZXhhbXBsZSQ"},
        "beside an identity provider",
    ),
    "beside a secret key": ({"clerk_secret_key": SecretStr("sk")}, "beside an identity provider"),
    "beside a key in PEM": ({"clerk_jwt_key": SecretStr("x")}, "beside an identity provider"),
    "beside an issuer": ({"auth_issuer": "https://a.example"}, "beside an identity provider"),
    "beside a key set": ({"auth_jwks_url": "https://a.example"}, "beside an identity provider"),
    **{
        f"on {host!r}": ({"host": host}, "lets anybody in")
        for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.example.org")
    },
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_the_application_refuses_to_start_with_it(
    changes: dict[str, object], reason: str, settings: Settings
) -> None:
    with pytest.raises(Misconfigured, match=reason):
        create_app(settings.model_copy(update=changes))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8", "[::1]"])
def test_on_loopback_it_starts(host: str, settings: Settings) -> None:
    assert auth_of(create_app(settings.model_copy(update={"host": host}))).local is not None


def test_it_is_off_unless_it_is_switched_on(settings: Settings) -> None:
    assert Settings(_env_file=None).local_sign_in is False
    off = create_app(settings.model_copy(update={"local_sign_in": False}))
    assert auth_of(off).local is None
    assert "sign-in" not in " ".join(rule.rule for rule in off.url_map.iter_rules())


def test_its_pages_are_closed_even_where_they_are_mounted_by_mistake(settings: Settings) -> None:
    off = create_app(settings.model_copy(update={"local_sign_in": False}))
    off.register_blueprint(local_views.page)
    assert off.test_client().get("/sign-in").status_code == 404
    assert off.test_client().post("/sign-in", data={"email": "a@b.c"}).status_code == 404


def test_a_server_refuses_to_start_with_it_in_production(settings: Settings) -> None:
    environment = environment_of(settings) | {"ENVIRONMENT": "production"}
    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert "LOCAL_SIGN_IN is for ENVIRONMENT=development only." in started.stderr


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("128.0.0.1", False),
        ("localhost", False),
        ("127.1", False),
        ("2130706433", False),
        ("", False),
    ],
)
def test_what_loopback_is(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


STRANGERS = [
    {"REMOTE_ADDR": "192.168.1.7"},
    {"REMOTE_ADDR": "2001:db8::1"},
    {"REMOTE_ADDR": "::ffff:192.168.1.7"},
    {"REMOTE_ADDR": ""},
    {"HTTP_X_FORWARDED_FOR": "192.168.1.7"},
    {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    {"HTTP_FORWARDED": "for=192.168.1.7"},
    {"HTTP_X_REAL_IP": "192.168.1.7"},
    {"HTTP_VIA": "1.1 proxy"},
]


@pytest.mark.parametrize("environ", STRANGERS, ids=str)
def test_a_stranger_gets_no_token_and_none_of_theirs_is_taken(
    environ: dict[str, str], client: FlaskClient, session: Session
) -> None:
    person = sign_in(client, "admin")
    for method, path, given in (
        ("POST", SIGN_IN, {"json": {"email": "mallory@example.org"}}),
        ("GET", "/sign-in", {}),
        ("POST", "/sign-in", {"data": {"email": "mallory@example.org"}}),
        ("GET", ME, {"headers": person.headers}),
    ):
        answer = client.open(path, method=method, environ_overrides=environ, **given)
        assert answer.status_code == 403, path
        assert answer.json["detail"] == "The local sign-in is for this machine alone."
    assert session.query(User).count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "mallory.example"},
        {"Host": "mallory.example:8181"},
        {"Host": "localhost.mallory.example"},
        {"Host": "[::1"},
        {"Origin": "https://mallory.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Origin": "http://[mallory]"},
        {"Origin": "http://localhost.mallory.example"},
    ],
    ids=str,
)
def test_a_page_from_elsewhere_gets_no_token(headers: dict[str, str], client: FlaskClient) -> None:
    for path, given in (
        (SIGN_IN, {"json": {"email": "mallory@example.org"}}),
        ("/sign-in", {"data": {"email": "mallory@example.org"}}),
    ):
        assert client.post(path, headers=headers, **given).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:8181", "Origin": "http://localhost:5173"},
        {"Host": "127.0.0.1:8181", "Origin": "http://127.0.0.1:8181"},
        {"Host": "[::1]:8181"},
    ],
    ids=str,
)
def test_pages_of_this_machine_do(headers: dict[str, str], client: FlaskClient) -> None:
    assert client.post(SIGN_IN, headers=headers, json={"email": "a@b.c"}).status_code == 200


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        ({}, ["/email"]),
        ({"email": "nobody"}, ["/email"]),
        ({"email": "a b@example.org"}, ["/email"]),
        ({"email": "a@b@example.org"}, ["/email"]),
        ({"email": "a\u200e@example.org"}, ["/email"]),
        ({"email": 5}, ["/email"]),
        ({"email": "a@example.org", "role": "wizard"}, ["/role"]),
        ({"email": "a@example.org", "name": "   "}, ["/name"]),
        ({"email": "a@example.org", "admin": True}, ["/admin"]),
        ({"email": "x" * 300, "name": "y" * 101}, ["/email", "/name"]),
    ],
    ids=str,
)
def test_a_wrong_request_names_its_faults(
    given: dict[str, object], pointers: list[str], client: FlaskClient
) -> None:
    answer = client.post(SIGN_IN, json=given)
    assert answer.status_code == 422
    assert sorted(fault["pointer"] for fault in answer.json["errors"]) == pointers


def test_the_page_gives_a_token_for_half_a_day(client: FlaskClient) -> None:
    assert "choose who to be" in client.get("/sign-in").text
    answer = client.post("/sign-in", data={"email": "ada@example.org", "role": "admin", "name": ""})
    assert answer.status_code == 200
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    token = answer.text.split("<textarea", 1)[1].split(">", 1)[1].split("<", 1)[0]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == SCRIPT_LIFE.total_seconds()
    assert me(client, token).json["role"] == "admin"
    assert "ada@example.org" in client.get("/sign-in").text
    assert client.get("/sign-in/page.css").mimetype == "text/css"


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(client: FlaskClient) -> None:
    answer = client.post("/sign-in", data={"email": "<b>nobody", "role": "wizard"})
    assert answer.status_code == 422
    assert "Please look at: email, role." in answer.text
    assert "&lt;b&gt;nobody" in answer.text
    assert "<b>" not in answer.text


def test_its_key_is_made_once_and_for_the_owner_alone(settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(update={"data_dir": tmp_path / "new" / "place"})
    made: list[LocalSignIn] = []
    threads = [Thread(target=lambda: made.append(LocalSignIn.from_settings(own))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({signer._key.private_numbers().d for signer in made}) == 1
    assert len(made) == 4
    path = own.data_dir / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(own.data_dir) == [KEY_FILE]
    again = LocalSignIn.from_settings(own)
    assert again._key.private_numbers() == made[0]._key.private_numbers()


def readable(path: Path) -> None:
    path.chmod(0o644)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def another_kind(path: Path) -> None:
    pem = ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(readable, "Others can read"), (cut, "holds no key"), (another_kind, "holds no RSA key")],
)
def test_a_spoilt_key_is_named_and_not_used(
    spoil: Callable[[Path], None], reason: str, settings: Settings, tmp_path: Path
) -> None:
    own = settings.model_copy(update={"data_dir": tmp_path})
    LocalSignIn.from_settings(own)
    spoil(tmp_path / KEY_FILE)
    with pytest.raises(Misconfigured, match=reason) as caught:
        LocalSignIn.from_settings(own)
    assert "remove it" in str(caught.value)


def test_a_served_instance_knows_strangers(live_server: Server) -> None:
    port = live_server.address[1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = '{"email": "ada@example.org"}'
    connection.request("POST", SIGN_IN, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()
    headers = {"Content-Type": "application/json", "X-Forwarded-For": "10.0.0.1"}
    connection.request("POST", SIGN_IN, body, headers)
    assert connection.getresponse().status == 403
    connection.close()
    outside = own_address()
    if outside is not None:
        with socket.socket() as probe:
            probe.settimeout(5)
            assert probe.connect_ex((outside, port)) != 0  # it listens on loopback alone


def own_address() -> str | None:
    """Return an address of this machine that is not loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if is_loopback(address) else address
