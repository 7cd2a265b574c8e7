"""From the settings to whom is trusted; what does not fit stops the start, with a reason."""

import base64
import time
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from issue_insight.app import create_app
from issue_insight.auth.misconfigured import Misconfigured
from issue_insight.auth.provider import frontend_host, issuer_of
from issue_insight.auth.state import auth_of
from issue_insight.settings import Settings
from issue_insight.testing.tokens import ORIGIN, Issuer, rsa_key
from tests.issue_insight.auth.asking import is_refusal, me
from tests.issue_insight.auth.conftest import Build
from tests.issue_insight.auth.test_keys import public_pem


def publishable(host: str, kind: str = "test") -> str:
    return f"pk_{kind}_{base64.b64encode(f'{host}$'.encode()).decode()}"


@pytest.fixture
def bare(settings: Settings) -> Settings:
    return settings.model_copy(update={"local_sign_in": False, "authorized_parties": (ORIGIN,)})


def changed(settings: Settings, **changes: Any) -> Settings:
    return settings.model_copy(update=changes)


@pytest.mark.parametrize(
    "host", ["happy-hippo-1.clerk.accounts.dev", "clerk.example.org", "localhost:8080", "a"]
)
def test_a_publishable_key_names_the_issuer(host: str, bare: Settings) -> None:
    for key in (publishable(host), publishable(host, "live"), publishable(host).rstrip("=")):
        assert frontend_host(f" {key}\n") == host
        assert issuer_of(changed(bare, clerk_publishable_key=key)) == f"https://{host}"


@pytest.mark.parametrize(
    "key",
    [
        "nonsense",
        "pk_test_",
        "pk_prod_" + base64.b64encode(b"clerk.example.org$").decode(),
        "sk_test_" + base64.b64encode(b"clerk.example.org$").decode(),
        "pk_test_" + base64.b64encode(b"clerk.example.org").decode(),
        "pk_test_" + base64.b64encode(b"clerk.example.org/path$").decode(),
        "pk_test_" + base64.b64encode(b"me@clerk.example.org$").decode(),
        "pk_test_" + base64.b64encode("clerk.éxample$".encode()).decode(),
        "pk_test_" + base64.b64encode(b"$").decode(),
        "pk_test_A",
        "pk_test_!!!",
    ],
)
def test_a_publishable_key_that_is_none_stops_the_start(key: str, bare: Settings) -> None:
    with pytest.raises(Misconfigured, match="PUBLIC_CLERK_PUBLISHABLE_KEY"):
        create_app(changed(bare, clerk_publishable_key=key))


def test_an_issuer_of_ones_own_comes_first(bare: Settings) -> None:
    both = changed(
        bare, auth_issuer="https://a.example", clerk_publishable_key=publishable("b.example")
    )
    assert issuer_of(both) == "https://a.example"


def test_a_secret_key_alone_does_not_say_who_issues(bare: Settings) -> None:
    with pytest.raises(Misconfigured, match="Nobody knows who issues the tokens"):
        create_app(changed(bare, clerk_secret_key=SecretStr("sk_test_x")))


@pytest.mark.parametrize("algorithms", [("HS256",), ("RS256", "none"), ("PS256",), ()])
def test_algorithms_are_those_two_only(algorithms: tuple[str, ...], bare: Settings) -> None:
    with pytest.raises(Misconfigured, match="AUTH_ALGORITHMS"):
        create_app(changed(bare, auth_issuer="https://a.example", auth_algorithms=algorithms))


@pytest.mark.parametrize(
    "changes",
    [
        {"auth_issuer": "https://a.example", "auth_jwks_url": "http://a.example/jwks.json"},
        {"auth_issuer": "http://a.example"},
        {
            "auth_issuer": "https://a.example",
            "auth_jwks_url": "https://a.example/jwks.json",
            "clerk_secret_key": SecretStr("sk"),
            "clerk_api_url": "http://api.example",
        },
    ],
)
def test_in_production_nobody_is_asked_in_the_open(changes: dict[str, Any], bare: Settings) -> None:
    with pytest.raises(Misconfigured, match="https:// in production"):
        create_app(changed(bare, environment="production", **changes))


def test_keys_are_asked_for_where_an_issuer_of_oidc_has_them(
    build: Build, issuer: Issuer, bare: Settings
) -> None:
    issuer.name = issuer.url
    client = build(changed(bare, auth_issuer=issuer.url)).test_client()
    assert me(client, issuer.token_for("user_1")).status_code == 200
    assert issuer.authorizations == [None]


def test_with_a_secret_key_they_are_asked_for_at_the_backend_api(
    build: Build, issuer: Issuer, bare: Settings
) -> None:
    with_secret = changed(
        bare,
        clerk_publishable_key=publishable("clerk.issuer.example"),
        clerk_secret_key=SecretStr("sk_test_x"),
        clerk_api_url=issuer.url,
    )
    answer = me(build(with_secret).test_client(), issuer.token_for("user_1", email="a@b.c"))
    assert answer.status_code == 200
    assert issuer.authorizations == ["Bearer sk_test_x"]


def test_parties_are_compared_without_a_last_slash(
    build: Build, issuer: Issuer, bare: Settings
) -> None:
    parties = ("https://one.example/", "https://two.example")
    client = build(issuer.settings(bare, authorized_parties=parties)).test_client()
    for azp in ("https://one.example", "https://two.example", "https://two.example/"):
        assert me(client, issuer.token_for("user_1", azp=azp)).status_code == 200
    assert is_refusal(me(client, issuer.token_for("user_1", azp=ORIGIN)))


def test_without_parties_no_origin_is_trusted(build: Build, issuer: Issuer, bare: Settings) -> None:
    client = build(issuer.settings(bare, authorized_parties=())).test_client()
    assert is_refusal(me(client, issuer.token_for("user_1")))
    assert is_refusal(me(client, issuer.token_for("user_1", azp=None)))


def test_a_token_without_azp_is_taken_only_where_the_settings_say_so(
    build: Build, issuer: Issuer, bare: Settings
) -> None:
    client = build(issuer.settings(bare, auth_require_azp=False)).test_client()
    assert me(client, issuer.token_for("user_1", azp=None)).status_code == 200
    # One that names an origin is still held to it.
    assert is_refusal(me(client, issuer.token_for("user_1", azp="https://mallory.example")))


def test_an_audience_is_taken_where_it_is_ours(
    build: Build, issuer: Issuer, bare: Settings
) -> None:
    client = build(issuer.settings(bare, auth_audiences=("issues", "tracker"))).test_client()
    for aud in ("issues", ["other", "tracker"]):
        assert me(client, issuer.token_for("user_1", aud=aud)).status_code == 200
    for aud in (None, "other", ["other"], []):
        assert is_refusal(me(client, issuer.token_for("user_1", aud=aud)))


def test_claims_that_others_leave_out_need_not_be_there(
    build: Build, issuer: Issuer, bare: Settings
) -> None:
    lenient = issuer.settings(bare, auth_required_claims=("exp",))
    client = build(lenient).test_client()
    assert me(client, issuer.token_for("user_1", nbf=None, sid=None)).status_code == 200
    for name in ("exp", "iat", "iss", "sub"):
        assert is_refusal(me(client, issuer.token_for("user_1", **{name: None})))


def test_the_leeway_is_a_setting(build: Build, issuer: Issuer, bare: Settings) -> None:
    patient = build(issuer.settings(bare, auth_leeway_seconds=60)).test_client()
    strict = build(issuer.settings(bare, auth_leeway_seconds=0)).test_client()
    token = issuer.token_for("user_1", exp=int(time.time()) - 20)
    assert me(patient, token).status_code == 200
    assert is_refusal(me(strict, token))


def test_the_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    key = public_pem(rsa_key())
    for name, value in {
        "PUBLIC_CLERK_PUBLISHABLE_KEY": publishable("clerk.example.org"),
        "CLERK_JWT_KEY": key.get_secret_value().replace("\n", "\\n"),
        "AUTHORIZED_PARTIES": "https://one.example, https://two.example",
    }.items():
        monkeypatch.setenv(name, value)
    app: Flask = create_app(Settings(_env_file=None))
    verifier = auth_of(app).verifier
    assert verifier is not None
    assert verifier.rules.issuer == "https://clerk.example.org"
    assert verifier.rules.parties == ("https://one.example", "https://two.example")
    assert "BEGIN" not in repr(Settings(_env_file=None))
