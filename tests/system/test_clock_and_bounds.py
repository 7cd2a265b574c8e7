"""The clock jumps, streams reach their bound, schedulers are killed: nothing is lost or doubled."""

import http.client
import json
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.jobs.models import JobRun
from issue_insight.settings import Settings
from issue_insight.testing.live import live
from issue_insight.testing.tokens import SignedIn, token_for
from tests.system.invariants import broken
from tests.system.scheduling import scheduler

JUMPS = (timedelta(0), timedelta(hours=-3), timedelta(days=40), timedelta(days=-2), timedelta(0))


def test_events_stay_in_order_while_the_clock_jumps(
    client: FlaskClient, session: Session, person: Callable[[str], SignedIn]
) -> None:
    admin = person("admin")
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {admin.token}"
    project = {"key": "WEB", "name": "Site", "visibility": "all"}
    assert client.post("/api/v1/projects", json=project).status_code == 201
    now, path = clock.now(), "/api/v1/issues"
    for number, jump in enumerate(JUMPS, start=1):
        with clock.frozen(now + jump):
            # Tokens are judged by this clock as well.
            token = token_for(client, admin.email)
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
            made = client.post(path, json={"project": "WEB", "title": f"Number {number}"})
            assert made.status_code == 201
            for key in range(1, number + 1):
                changed = client.patch(
                    f"{path}/WEB-{key}",
                    json={"status": ("open", "triaged")[number % 2], "title": f"Now {number}"},
                    headers={"If-Match": "*"},
                )
                assert changed.status_code == 200
                said = client.post(f"{path}/WEB-{key}/comments", json={"body": "So."})
                assert said.status_code == 201
            # What was today may be days to come now.
            assert client.get(f"{path}?as_of={now:%Y-%m-%d}").status_code in (200, 422)
            assert client.get("/api/v1/stats/now").status_code == 200
    assert client.get(path).json["total"] == len(JUMPS)  # type: ignore[index]
    assert broken(session) == {}
    disordered = text(
        "SELECT subject_id FROM (SELECT subject_id, at, lag(at) OVER "
        "(PARTITION BY subject_id ORDER BY id) AS before FROM events WHERE subject = 'issue') e "
        "WHERE at < before"
    )
    assert session.scalars(disordered).all() == []


def test_streams_beyond_the_bound_are_refused_and_nobody_else_notices(
    settings: Settings, client: FlaskClient, person: Callable[[str], SignedIn], tmp_path: Path
) -> None:
    del client  # for its empty database
    people = [person("reporter") for _ in range(4)]
    narrow = settings.model_copy(update={"live_streams": 3})
    with live(narrow, tmp_path) as server, ExitStack() as held:

        def listen(who: SignedIn) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
            connection = http.client.HTTPConnection(*server.address, timeout=30)
            held.callback(connection.close)
            connection.request("GET", "/api/v1/live", headers=who.headers)
            return connection, connection.getresponse()

        open_streams = [listen(who) for who in people[:3]]
        assert [answer.status for _, answer in open_streams] == [200] * 3
        _, refused = listen(people[3])
        problem = json.loads(refused.read())
        assert (refused.status, problem["status"]) == (503, 503)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert int(refused.headers["Retry-After"]) > 0
        connection = http.client.HTTPConnection(*server.address, timeout=30)
        connection.request("GET", "/api/v1/issues", headers=people[3].headers)
        assert connection.getresponse().status == 200
        connection.close()
        # One who leaves makes room.
        left, answer = open_streams[0]
        answer.close()
        left.close()
        deadline = time.monotonic() + 30
        while listen(people[3])[1].status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_two_schedulers_run_each_job_once_and_a_killed_one_s_job_is_run_again(
    settings: Settings, client: FlaskClient, engine: Engine
) -> None:
    del client  # for its empty database

    def runs() -> dict[str, list[str]]:
        with engine.connect() as connection:
            found: dict[str, list[str]] = {}
            for name, outcome in connection.execute(
                select(JobRun.name, JobRun.outcome).order_by(JobRun.id)
            ):
                found.setdefault(name, []).append(outcome)
            return found

    def wait_for(outcomes: Callable[[dict[str, list[str]]], bool]) -> None:
        deadline = time.monotonic() + 60
        while not outcomes(runs()):
            assert time.monotonic() < deadline, runs()
            time.sleep(0.05)

    with ExitStack() as stack:

        def start() -> subprocess.Popen[bytes]:
            return stack.enter_context(scheduler(settings))

        with engine.begin() as locking:
            # The daily numbers wait for this table: the killing finds them amid their work.
            locking.execute(text("LOCK TABLE daily_stats_progress IN ACCESS EXCLUSIVE MODE"))
            both = [start(), start()]
            wait_for(lambda found: "running" in found.get("stats.aggregate", []))
            for process in both:
                process.kill()
                process.wait()
        start(), start()
        wait_for(lambda found: found.get("stats.aggregate", [])[-1:] == ["ok"])
        wait_for(lambda found: all(outcomes[-1] == "ok" for outcomes in found.values()))
    found = runs()
    assert found["stats.aggregate"] == ["interrupted", "ok"]
    for name, outcomes in found.items():
        assert outcomes.count("ok") == 1, (name, outcomes)
