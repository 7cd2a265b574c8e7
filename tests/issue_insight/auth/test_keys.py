"""Where keys come from: fetched seldom, kept when the provider is down, changed when it changes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from issue_insight.auth import fetching, keys
from issue_insight.auth.keys import FRESH_SECONDS, RETRY_SECONDS, UNKNOWN_SECONDS, FetchedKeys
from issue_insight.auth.misconfigured import Misconfigured
from issue_insight.errors import Unavailable
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer, ec_key, jwk_of, rsa_key
from tests.issue_insight.auth.asking import is_refusal, me
from tests.issue_insight.auth.conftest import Build, Watch
from tests.issue_insight.auth.forging import es256, forged, header, rs256


def fetched() -> None:
    """Wait for the fetch under way, if there is one."""
    for thread in threading.enumerate():
        if thread.name == "keys":
            thread.join(30)
            assert not thread.is_alive()


def all_at_once(calls: list[Callable[[], TestResponse]]) -> list[TestResponse]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def is_unavailable(answer: TestResponse) -> bool:
    assert answer.status_code == 503, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    return answer.json["detail"] == "The keys to check sign-ins with are not to be had right now."


@pytest.fixture
def client(timed: Flask) -> FlaskClient:
    return timed.test_client()


@pytest.fixture
def old(issuer: Issuer) -> str:
    """A token by the key that is there from the beginning."""
    return issuer.token_for("user_old")


@pytest.fixture
def new(issuer: Issuer) -> str:
    """A token by a key that comes later."""
    return issuer.token_for("user_new", key=rsa_key(1), kid="key-1")


NEW_KEY = jwk_of(rsa_key(1), "key-1")


def unknown(issuer: Issuer, number: int) -> str:
    return forged(issuer, header(kid=f"forged-{number}"))


def test_keys_are_fetched_once_for_many_requests(visitor: FlaskClient, issuer: Issuer) -> None:
    for number in range(5):
        assert me(visitor, issuer.token_for(f"user_{number}")).status_code == 200
    assert issuer.fetches == 1


def test_the_first_requests_share_one_fetch(trusting: Flask, issuer: Issuer) -> None:
    issuer.hold = threading.Event()
    tokens = [issuer.token_for(f"user_{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(me, trusting.test_client(), token) for token in tokens]
        issuer.hold.set()
        assert [future.result().status_code for future in asked] == [200] * 4
    assert issuer.fetches == 1


def test_a_flood_of_unknown_keys_makes_one_fetch_an_interval(
    client: FlaskClient, issuer: Issuer, watch: Watch, old: str
) -> None:
    assert me(client, old).status_code == 200
    for interval in range(1, 4):
        for number in range(40):
            assert is_refusal(me(client, unknown(issuer, number)))
        assert issuer.fetches == 1 + interval
        watch.wind(UNKNOWN_SECONDS + 1)


def test_so_does_a_flood_from_many_sides(timed: Flask, issuer: Issuer, old: str) -> None:
    assert me(timed.test_client(), old).status_code == 200
    flood = [
        lambda number=number: me(timed.test_client(), unknown(issuer, number))
        for number in range(16)
    ]
    assert all(is_refusal(answer) for answer in all_at_once(flood))
    assert issuer.fetches == 2


def test_a_flood_at_the_start_makes_one_fetch(client: FlaskClient, issuer: Issuer) -> None:
    for number in range(40):
        assert is_refusal(me(client, unknown(issuer, number)))
    assert issuer.fetches == 1


def test_tokens_that_are_refused_anyway_make_no_fetch_at_all(
    client: FlaskClient, issuer: Issuer
) -> None:
    for claims in ({"exp": 1}, {"iss": "https://mallory.example"}, {"azp": None}):
        assert is_refusal(me(client, forged(issuer, header(kid="forged"), **claims)))
    assert is_refusal(me(client, forged(issuer, header(alg="none"))))
    assert issuer.fetches == 0


def test_a_new_key_is_found_by_its_first_token(
    client: FlaskClient, issuer: Issuer, old: str, new: str
) -> None:
    assert me(client, old).status_code == 200
    issuer.keys = [*issuer.keys, NEW_KEY]
    assert me(client, new).status_code == 200
    assert me(client, old).status_code == 200
    assert issuer.fetches == 2


def test_in_a_flood_a_new_key_is_found_an_interval_later(
    client: FlaskClient, issuer: Issuer, watch: Watch, old: str, new: str
) -> None:
    me(client, old)
    me(client, unknown(issuer, 1))
    issuer.keys = [*issuer.keys, NEW_KEY]
    assert is_refusal(me(client, new))
    watch.wind(UNKNOWN_SECONDS + 1)
    assert me(client, new).status_code == 200


def test_a_key_that_was_withdrawn_takes_along_what_it_signed(
    client: FlaskClient, issuer: Issuer, old: str, new: str
) -> None:
    assert me(client, old).status_code == 200
    issuer.keys = [NEW_KEY]
    assert me(client, new).status_code == 200
    assert is_refusal(me(client, old))


def test_a_key_that_was_replaced_under_its_id_does_so_too(
    client: FlaskClient, issuer: Issuer, watch: Watch, old: str
) -> None:
    assert me(client, old).status_code == 200
    issuer.keys = [jwk_of(rsa_key(1), "key-0")]
    watch.wind(FRESH_SECONDS + 1)
    assert me(client, old).status_code == 200  # and the keys are being fetched behind its back
    fetched()
    assert is_refusal(me(client, old))
    assert me(client, issuer.token_for("user_old", key=rsa_key(1))).status_code == 200


def test_a_provider_that_is_down_at_the_start_is_503(
    client: FlaskClient, issuer: Issuer, watch: Watch, old: str
) -> None:
    issuer.answers = False
    for _ in range(10):
        assert is_unavailable(me(client, old))
    assert issuer.fetches == 1
    watch.wind(RETRY_SECONDS)
    assert is_unavailable(me(client, old))
    assert issuer.fetches == 2
    issuer.answers = True
    assert is_unavailable(me(client, old))
    watch.wind(RETRY_SECONDS)
    assert me(client, old).status_code == 200


def test_even_then_a_token_that_no_key_could_save_is_401(
    client: FlaskClient, issuer: Issuer
) -> None:
    issuer.answers = False
    assert is_unavailable(me(client, issuer.token_for("user_1")))
    assert is_refusal(me(client, forged(issuer, header(alg="none"))))
    assert is_refusal(me(client, forged(issuer, exp=1)))
    assert is_refusal(me(client, "garbage"))


def test_nobody_listening_at_all_is_503(build: Build, issuer: Issuer, settings: Settings) -> None:
    nowhere = issuer.settings(settings, auth_jwks_url="http://127.0.0.1:1/jwks.json")
    assert is_unavailable(me(build(nowhere).test_client(), issuer.token_for("user_1")))


def test_a_provider_that_goes_down_midway_locks_nobody_out(
    client: FlaskClient, issuer: Issuer, watch: Watch, old: str
) -> None:
    assert me(client, old).status_code == 200
    issuer.answers = False
    for _ in range(50):
        watch.wind(FRESH_SECONDS * 10)  # days, in the end
        assert me(client, old).status_code == 200
        assert me(client, issuer.token_for("somebody_new")).status_code == 200
        fetched()
        assert is_refusal(me(client, unknown(issuer, 1)))
        assert is_refusal(me(client, forged(issuer, sign=rs256(rsa_key(7)))))
        fetched()
    issuer.answers = True
    issuer.keys = [NEW_KEY]
    watch.wind(FRESH_SECONDS)
    me(client, old)
    fetched()
    assert is_refusal(me(client, old))


def test_a_provider_that_is_down_is_not_asked_at_every_request(
    client: FlaskClient, issuer: Issuer, watch: Watch, old: str
) -> None:
    me(client, old)
    issuer.answers = False
    watch.wind(FRESH_SECONDS + 1)
    for _ in range(20):
        assert me(client, old).status_code == 200
        fetched()
    assert issuer.fetches == 2
    watch.wind(RETRY_SECONDS)
    me(client, old)
    fetched()
    assert issuer.fetches == 3


def test_a_slow_provider_holds_nobody_whose_key_is_known(
    client: FlaskClient,
    issuer: Issuer,
    watch: Watch,
    old: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient = urllib3.PoolManager(timeout=60, retries=False)  # however slow this machine is
    monkeypatch.setattr(fetching, "_pool", patient)
    monkeypatch.setattr(fetching, "WHOLE_SECONDS", 60.0)
    assert me(client, old).status_code == 200
    issuer.hold = threading.Event()
    issuer.keys = [*issuer.keys, NEW_KEY]
    watch.wind(FRESH_SECONDS + 1)
    for number in range(5):
        assert me(client, old).status_code == 200
        assert me(client, issuer.token_for(f"user_{number}")).status_code == 200
    # The answer has not come: all of these were served by the keys there were.
    assert any(thread.name == "keys" for thread in threading.enumerate())
    issuer.hold.set()
    fetched()
    assert me(client, issuer.token_for("u", key=rsa_key(1), kid="key-1")).status_code == 200
    assert issuer.fetches == 2


def test_a_request_waits_only_so_long_for_a_slow_provider(issuer: Issuer) -> None:
    hold = threading.Event()
    key = keys.PublicKey("RS256", rsa_key().public_key())

    def fetch() -> dict[str, keys.PublicKey]:
        hold.wait(30)
        return {"key-0": key}

    source = FetchedKeys(fetch, patience=0.01)
    with pytest.raises(Unavailable):
        source.find("key-0")
    hold.set()
    fetched()
    assert source.find("key-0") == key
    hold.clear()
    assert source.find("unknown") is None
    hold.set()
    fetched()


def test_few_wait_for_unknown_keys_while_the_provider_is_slow(watch: Watch) -> None:
    hold, fetches = threading.Event(), []
    key = keys.PublicKey("RS256", rsa_key().public_key())

    def fetch() -> dict[str, keys.PublicKey]:
        fetches.append(watch())
        if len(fetches) > 1:
            hold.wait(60)
        return {"key-0": key}

    source = FetchedKeys(fetch, monotonic=watch, patience=3600)
    assert source.find("key-0") == key
    flood = [
        threading.Thread(target=source.find, args=(f"forged-{number}",), daemon=True)
        for number in range(keys.WAITING + 4)
    ]
    for thread in flood:
        thread.start()
    # All but those that may wait are through while the provider still keeps silent.
    tries = 0
    while sum(thread.is_alive() for thread in flood) > keys.WAITING:
        assert (tries := tries + 1) < 2000
        hold.wait(0.01)
    assert not hold.is_set()
    assert source.find("forged") is None
    assert source.find("key-0") == key
    hold.set()
    for thread in flood:
        thread.join(30)
    assert len(fetches) == 2


def test_a_fetch_that_breaks_in_an_unforeseen_way_is_tried_again(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    answers: list[dict[str, keys.PublicKey]] = []
    source = FetchedKeys(lambda: answers.pop(), monotonic=watch, patience=30)
    with pytest.raises(Unavailable):
        source.find("key-0")
    answers.append({"key-0": keys.PublicKey("RS256", rsa_key().public_key())})
    watch.wind(RETRY_SECONDS)
    assert source.find("key-0") is not None


def test_a_process_out_of_threads_tries_again_later(
    client: FlaskClient, issuer: Issuer, watch: Watch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        # Of the issuer's threads, too: it must not even be asked.
        patch.setattr(threading.Thread, "start", no_more)
        assert is_unavailable(me(client, old))
    watch.wind(RETRY_SECONDS)
    assert me(client, old).status_code == 200


def public_pem(key: object) -> SecretStr:
    public = key.public_key()  # type: ignore[attr-defined]
    text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return SecretStr(text)


def test_with_a_key_of_its_own_nothing_is_fetched(
    build: Build, issuer: Issuer, settings: Settings
) -> None:
    pinned = issuer.settings(settings, clerk_jwt_key=public_pem(rsa_key()))
    client = build(pinned).test_client()
    for kid in ("key-0", "whatever", None):
        token = issuer.token_for("user_1", kid=kid, email="ada@example.org")
        assert me(client, token).status_code == 200
    assert is_refusal(me(client, forged(issuer, sign=rs256(rsa_key(7)))))
    assert is_refusal(me(client, forged(issuer, header(alg="none"))))
    assert issuer.fetches == 0
    assert issuer.asked_for == []


@pytest.mark.parametrize("text", ["nonsense", public_pem(rsa_key(1, 1024)).get_secret_value()])
def test_a_key_of_its_own_has_to_be_fit(
    text: str, build: Build, issuer: Issuer, settings: Settings
) -> None:
    with pytest.raises(Misconfigured, match="CLERK_JWT_KEY cannot be used"):
        build(issuer.settings(settings, clerk_jwt_key=SecretStr(text)))


def test_es256_is_taken_where_it_is_switched_on(
    build: Build, issuer: Issuer, settings: Settings
) -> None:
    issuer.keys = [jwk_of(ec_key(), "ec"), *issuer.keys]
    token = issuer.token_for("user_1", key=ec_key(), kid="ec", algorithm="ES256")
    both = build(issuer.settings(settings, auth_algorithms=("ES256", "RS256"))).test_client()
    assert me(both, token).status_code == 200
    assert me(both, issuer.token_for("user_1")).status_code == 200
    only_rsa = build(issuer.settings(settings)).test_client()
    assert is_refusal(me(only_rsa, token))
    only_ec = build(issuer.settings(settings, auth_algorithms=("ES256",))).test_client()
    assert me(only_ec, token).status_code == 200
    assert is_refusal(me(only_ec, issuer.token_for("user_1")))
    pinned = issuer.settings(
        settings, auth_algorithms=("ES256",), clerk_jwt_key=public_pem(ec_key())
    )
    assert me(build(pinned).test_client(), token).status_code == 200
    assert is_refusal(
        me(build(pinned).test_client(), forged(issuer, header(alg="ES256"), sign=es256(ec_key(7))))
    )
