"""Who asks too often is told to wait: by person, token and address, and for what is costly."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import parse
from limits.storage import MemoryStorage
from pydantic import ValidationError
from sqlalchemy import Engine

from issue_insight.app import create_app
from issue_insight.db import db
from issue_insight.http.rate_limits import Counters, Limit
from issue_insight.settings import Settings
from issue_insight.testing.live import free_port
from issue_insight.testing.tokens import SignedIn, bearer, sign_in

ME = "/api/v1/me"
Build = Callable[..., Flask]


@pytest.fixture
def build(settings: Settings, clean_database: Engine) -> Iterator[Build]:
    """Makes applications with other limits; `off` for all that are not named."""
    off = {name: "" for name in Settings.model_fields if name.startswith("rate_limit_")}
    off["rate_limit_storage"] = "memory://"
    with ExitStack() as stack:

        def make(**limits: Any) -> Flask:
            named = {f"rate_limit_{name}": value for name, value in limits.items()}
            app = create_app(settings.model_copy(update=off | named))
            app.testing = True

            def close() -> None:
                with app.app_context():
                    db.engine.dispose()

            stack.callback(close)
            return app

        yield make


def person(app: Flask, role: str = "reporter") -> SignedIn:
    """Sign somebody in, which counts one request."""
    return sign_in(app.test_client(), role)


def asked(app: Flask, times: int, path: str = ME, **options: Any) -> list[int]:
    """Return the statuses of so many requests."""
    return [app.test_client().open(path, **options).status_code for _ in range(times)]


def test_a_person_is_refused_beyond_their_limit_and_nobody_else_is(build: Build) -> None:
    app = build(user="5/minute")
    ada, bob = person(app), person(app)
    assert asked(app, 6, headers=ada.headers) == [200] * 4 + [429] * 2
    assert asked(app, 4, headers=bob.headers) == [200] * 4


def test_the_refusal_is_a_problem_that_says_when_to_come_back(build: Build) -> None:
    app = build(user="1/minute")
    ada = person(app)
    answer = app.test_client().get(ME, headers=ada.headers)
    assert answer.status_code == 429
    assert answer.content_type == "application/problem+json"
    assert answer.json["title"] == "Too Many Requests"
    assert answer.json["detail"].startswith("Too many requests: there may be 1 in 60 seconds.")
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 120
    assert answer.headers["RateLimit-Policy"] == '"user";q=1;w=60'
    assert re.fullmatch(r'"user";r=0;t=\d+', answer.headers["RateLimit"])


def test_every_answer_says_how_much_is_left(build: Build) -> None:
    app = build(user="10/hour")
    ada = person(app)
    left = []
    for _ in range(3):
        answer = app.test_client().get(ME, headers=ada.headers)
        assert answer.headers["RateLimit-Policy"] == '"user";q=10;w=3600'
        found = re.fullmatch(r'"user";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
        assert found is not None
        left.append(int(found[1]))
    assert left == [8, 7, 6]


def token_of(app: Flask, who: SignedIn) -> str:
    """Make an API token."""
    body = {"name": "Script", "expires_in_days": 1}
    answer = app.test_client().post("/api/v1/me/tokens", json=body, headers=who.headers)
    assert answer.status_code == 201
    return str(answer.json["token"])


def test_a_token_has_a_limit_of_its_own_and_counts_for_its_owner(build: Build) -> None:
    app = build(token="2/minute", user="7/minute")
    ada = person(app)  # 1
    first, second = token_of(app, ada), token_of(app, ada)  # 3
    assert asked(app, 3, headers=bearer(first)) == [200, 200, 429]  # 6
    assert asked(app, 2, headers=bearer(second)) == [200, 429]  # 7: now the person's
    assert asked(app, 1, headers=ada.headers) == [429]


def test_an_address_is_counted_where_nobody_is_signed_in(build: Build) -> None:
    app = build(address="3/minute")
    ada = person(app)
    elsewhere = {"REMOTE_ADDR": "127.0.0.2"}
    assert asked(app, 4, "/config.json") == [200] * 3 + [429]
    assert asked(app, 1, "/config.json", environ_base=elsewhere) == [200]
    assert asked(app, 3, headers=ada.headers) == [200] * 3


def test_what_watches_the_instance_is_not_counted(build: Build) -> None:
    app = build(address="1/minute", refused="1/minute")
    assert asked(app, 3, "/healthz") == [200] * 3
    assert "RateLimit" not in app.test_client().get("/healthz").headers


@pytest.mark.parametrize("token", ["garbage", "ii_pat_" + "0" * 49, "a.b.c"])
def test_an_address_that_guesses_tokens_is_shut_out_whatever_it_sends(
    build: Build, token: str
) -> None:
    app = build(refused="3/minute")
    ada = person(app)
    assert asked(app, 4, headers=bearer(token)) == [401] * 3 + [429]
    # Also with a good one at last: else guessing would pay.
    assert asked(app, 1, headers=ada.headers) == [429]
    elsewhere = {"REMOTE_ADDR": "127.0.0.2"}
    assert asked(app, 1, headers=ada.headers, environ_base=elsewhere) == [200]


@pytest.mark.parametrize(
    ("addresses", "are_one"),
    [
        (("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), True),
        (("2001:db8:1:2::1", "2001:db8:1:3::1"), False),
        (("::ffff:192.0.2.1", "192.0.2.1"), True),
        (("192.0.2.1", "192.0.2.2"), False),
    ],
)
def test_an_address_of_version_6_is_its_network(
    build: Build, addresses: tuple[str, str], are_one: bool
) -> None:
    app = build(address="1/minute")
    statuses = [
        asked(app, 1, "/config.json", environ_base={"REMOTE_ADDR": address})[0]
        for address in addresses
    ]
    assert statuses == [200, 429 if are_one else 200]


def test_a_forwarded_address_is_not_believed(build: Build) -> None:
    app = build(address="1/minute")
    statuses = [
        asked(app, 1, "/config.json", headers={"X-Forwarded-For": f"192.0.2.{number}"})[0]
        for number in range(2)
    ]
    assert statuses == [200, 429]


def test_what_is_costly_has_limits_of_its_own(build: Build) -> None:
    app = build(sign_in="2/minute", uploads="1/minute", tokens="1/hour", exports="1/minute")
    admin = person(app, "admin")
    headers = admin.headers
    body = {"email": "ada@example.org"}
    signing = asked(app, 3, "/api/v1/sign-in/local", method="POST", json=body)
    assert signing == [200, 200, 429]
    token = {"name": "Script", "expires_in_days": 1}
    made = asked(app, 2, "/api/v1/me/tokens", method="POST", json=token, headers=headers)
    assert made == [201, 429]
    assert asked(app, 2, "/api/v1/issues/export?format=csv", headers=headers) == [200, 429]
    app.test_client().post("/api/v1/projects", json={"key": "WEB", "name": "W"}, headers=headers)
    issue = {"project": "WEB", "title": "Broken"}
    app.test_client().post("/api/v1/issues", json=issue, headers=headers)
    upload = {"name": "a.txt", "size": 3, "content_type": "text/plain"}
    path = "/api/v1/issues/WEB-1/attachments/uploads"
    assert asked(app, 2, path, method="POST", json=upload, headers=headers)[1] == 429
    assert asked(app, 3, headers=headers) == [200] * 3


def test_the_document_says_that_any_operation_can_refuse(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    without = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "429" not in operation["responses"]
    ]
    assert without == []


def test_the_defaults_are_beyond_what_people_do(client: FlaskClient) -> None:
    sign_in(client)
    assert {client.get(ME).status_code for _ in range(200)} == {200}


@pytest.mark.parametrize("rate", ["many", "10", "-1/minute", "1/fortnight"])
def test_what_is_no_rate_stops_the_start(rate: str) -> None:
    with pytest.raises(ValidationError, match="600/minute"):
        Settings(_env_file=None, rate_limit_user=rate)


@pytest.mark.parametrize("rate", ["off", "0", " "])
def test_a_limit_can_be_lifted(rate: str) -> None:
    assert Settings(_env_file=None, rate_limit_user=rate).rate_limit_user == ""


def test_a_storage_that_does_not_answer_closes_nothing_and_lifts_nothing(build: Build) -> None:
    app = build(storage=f"redis://127.0.0.1:{free_port()}/0", user="3/minute")
    ada = person(app)
    assert asked(app, 4, headers=ada.headers) == [200, 200, 429, 429]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """A Redis server, where one is installed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("neither redis-server nor valkey-server is installed")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


def test_in_redis_all_processes_count_as_one(build: Build, redis: str) -> None:
    from redis import Redis
    from redis.exceptions import ConnectionError as Refused

    for _ in range(200):
        try:
            Redis.from_url(redis).ping()
            break
        except Refused:
            time.sleep(0.05)
    one, other = (build(storage=redis, user="4/minute") for _ in range(2))
    ada = person(one)
    assert asked(one, 2, headers=ada.headers) == [200, 200]
    local = asked(other, 2, headers=ada.headers)
    assert local == [200, 429]


def test_counting_in_memory_starts_no_threads_and_forgets_what_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counters = Counters("memory://")
    before = threading.active_count()
    limit = Limit("each", parse("2/second"))
    assert [counters.hit(limit, str(who)) for who in range(100)] == [True] * 100
    assert threading.active_count() == before
    storage = counters._own.storage
    assert isinstance(storage, MemoryStorage)
    assert len(storage.storage) >= 100
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "monotonic", lambda: later)
    counters.hit(limit, "somebody")
    assert len(storage.storage) <= 2
