"""`/metrics`: what is counted, who may read it, and that several workers tell one number."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr, ValidationError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from issue_insight.app import create_app
from issue_insight.db import db
from issue_insight.errors import Unavailable
from issue_insight.jobs.models import JobRun
from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.storage import Storage
from issue_insight.testing.tokens import sign_in
from tests.issue_insight.ill_servers import dead_endpoint

TOKEN = "a token of at least 16"


class Told(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """What an answer of `/metrics` says, by name and labels."""

    def value(self, name: str, **labels: str) -> float:
        """Return one number, 0 where nothing was counted yet."""
        return self.get((f"issue_insight_{name}", frozenset(labels.items())), 0.0)


def told(client: FlaskClient, **headers: str) -> Told:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    return read(answer.text)


def read(text: str) -> Told:
    return Told(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


def test_requests_are_counted_by_their_route_and_never_by_their_address(
    client: FlaskClient,
) -> None:
    sign_in(client, "admin")
    before = told(client)
    for number in (1, 2, 3):
        client.get(f"/api/v1/issues/SECRET-{number}")
    client.open("/nowhere-at-all/secret", method="BREW")
    after = told(client)
    name = "http_request_duration_seconds_count"
    of_issues = {"method": "GET", "route": "/api/v1/issues/<key>", "status": "404"}
    assert after.value(name, **of_issues) - before.value(name, **of_issues) == 3
    odd = [labels for _, labels in after if ("method", "other") in labels]
    assert odd
    assert all("secret" not in value.lower() for _, labels in after for _, value in labels)
    # The one that asks.
    assert after.value("http_requests_in_progress") == 1


def test_the_pool_tells_how_many_connections_are_taken(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.engine.connect():
        assert told(client).value("database_connections_in_use", pool="writing") == 1
    after = told(client)
    assert after.value("database_connections_in_use", pool="writing") == 0
    assert after.value("database_connections_max", pool="writing") >= 15


def test_waiting_for_a_connection_in_vain_is_counted(client: FlaskClient, app: Flask) -> None:
    before = told(client).value("database_pool_timeouts_total")
    with app.test_request_context():
        app.handle_user_exception(PoolTimeout())
    assert told(client).value("database_pool_timeouts_total") == before + 1


def test_jobs_tell_their_last_success_and_whether_the_last_run_failed(
    client: FlaskClient, session: Session
) -> None:
    began = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def ran(outcome: str, hours: int) -> None:
        start = began + timedelta(hours=hours)
        end = start + timedelta(seconds=7 + hours)
        run = JobRun(
            name="stats.aggregate", tick=None, started_at=start, ended_at=end, outcome=outcome
        )
        session.add(run)
        session.flush()

    ran("ok", 0)
    ran("failed", 1)
    session.commit()
    found = told(client)
    job = {"job_name": "stats.aggregate"}
    success = found.value("job_last_success_timestamp_seconds", **job)
    assert success == began.timestamp() + 7
    assert found.value("job_last_failed", **job) == 1
    assert found.value("job_last_duration_seconds", **job) == 8
    assert found.value("job_interval_seconds", **job) == 1800
    ran("ok", 2)
    session.commit()
    assert told(client).value("job_last_failed", **job) == 0


def test_a_job_that_never_ran_has_its_last_success_at_the_beginning_of_time(
    client: FlaskClient,
) -> None:
    name = (
        "issue_insight_job_last_success_timestamp_seconds",
        frozenset({("job_name", "stats.aggregate")}),
    )
    assert told(client)[name] == 0


def test_the_position_of_the_event_log_goes_on(client: FlaskClient) -> None:
    sign_in(client, "admin")
    before = told(client).value("event_log_last_id")
    client.post("/api/v1/projects", json={"key": "WEB", "name": "Web", "visibility": "all"})
    assert told(client).value("event_log_last_id") > before


def test_exchanges_with_the_s3_server_are_timed_and_failures_open_the_circuit(
    client: FlaskClient, settings: Settings
) -> None:
    Storage.from_settings(settings).ping()
    before = told(client)
    assert before.value("s3_request_duration_seconds_count") > 0
    away = Storage.from_settings(settings.model_copy(update={"s3_endpoint": dead_endpoint()}))
    for _ in range(4):
        with pytest.raises(Unavailable):
            away.ping()
    after = told(client)
    failed = {"reason": "no answer"}
    # The fourth was refused by the circuit, and is none.
    assert (
        after.value("s3_failures_total", **failed)
        == before.value("s3_failures_total", **failed) + 3
    )
    assert after.value("s3_circuit_open") == 1
    away.circuit.succeeded()
    assert told(client).value("s3_circuit_open") == 0


def test_a_database_that_is_away_is_a_number(settings: Settings) -> None:
    url = "postgresql+psycopg2://me:hunter2@127.0.0.1:1/nothing"
    client = create_app(settings.model_copy(update={"database_url": url})).test_client()
    found = told(client)
    assert found[("issue_insight_database_up", frozenset())] == 0
    assert not any(name == "issue_insight_event_log_last_id" for name, _ in found)


def test_without_a_token_only_this_machine_may_read_them(client: FlaskClient) -> None:
    assert told(client).value("database_up") == 1
    for stranger in (
        {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}},
        {"headers": {"X-Forwarded-For": "192.0.2.7"}},
    ):
        answer = client.get("/metrics", **stranger)
        assert answer.status_code == 403
        assert "METRICS_TOKEN" in answer.json["detail"]


def test_with_a_token_whoever_has_it_may_and_nobody_else(settings: Settings) -> None:
    changed = settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    client = create_app(changed).test_client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer ä"}).status_code == 401
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    right = {"Authorization": f"Bearer {TOKEN}"}
    answer = client.get("/metrics", headers=right, environ_base=elsewhere)
    assert answer.status_code == 200
    assert "issue_insight_database_up 1.0" in answer.text


def test_a_token_that_could_be_guessed_is_refused(settings: Settings) -> None:
    with pytest.raises(ValidationError, match="16"):
        Settings(_env_file=None, metrics_token=SecretStr("short"))


@pytest.fixture
def workers(
    settings: Settings, app: Flask, tmp_path: Path
) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that share their numbers, each having answered two requests."""
    from issue_insight.testing.live import environment_of

    environment = environment_of(settings) | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "shared")}
    program = (
        "import sys; from issue_insight.app import create_app\n"
        "client = create_app().test_client()\n"
        "client.get('/healthz'), client.get('/healthz')\n"
        "print('asked', flush=True)\n"
        "for _ in sys.stdin: print(client.get('/metrics').text + '# EOF', flush=True)\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
    yield started
    for process in started:
        process.kill()
        process.communicate()


def asked(process: subprocess.Popen[str]) -> Told:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    lines = iter(process.stdout.readline, "# EOF\n")
    return read("".join(lines))


def test_workers_behind_one_port_tell_the_sum_and_forget_those_that_ended(
    workers: list[subprocess.Popen[str]],
) -> None:
    one, other = workers
    health = {"method": "GET", "route": "/healthz", "status": "200"}
    found = asked(one)
    assert found.value("http_request_duration_seconds_count", **health) == 4
    most = found.value("database_connections_max", pool="writing")
    pids = {dict(labels)["pid"] for name, labels in found if name.endswith("memory_bytes")}
    assert pids == {str(one.pid), str(other.pid)}
    other.kill()
    other.wait()
    found = asked(one)
    # What it has counted stays; what it held is free.
    assert found.value("http_request_duration_seconds_count", **health) == 4
    assert found.value("database_connections_max", pool="writing") == most / 2


def test_streams_and_their_follower_are_told(live_server: Server, app: Flask) -> None:
    import http.client

    person = sign_in(app.test_client(), "reporter")
    stream = http.client.HTTPConnection(*live_server.address, timeout=10)
    stream.request("GET", "/api/v1/live", headers=person.headers)
    answer = stream.getresponse()
    assert answer.status == 200
    answer.readline()

    def served() -> Told:
        asking = http.client.HTTPConnection(*live_server.address, timeout=10)
        asking.request("GET", "/metrics")
        try:
            return read(asking.getresponse().read().decode())
        finally:
            asking.close()

    assert served().value("live_streams") == 1
    follower = {"follower": "live"}
    deadline = time.monotonic() + 10
    while not (
        last := served().value("event_log_follower_last_read_timestamp_seconds", **follower)
    ):
        assert time.monotonic() < deadline
    assert last <= time.time()
    stream.close()
    answer.close()
    while served().value("live_streams") != 0:
        assert time.monotonic() < deadline
