"""`flask doctor`: whatever is broken, one line says what it is and how to mend it."""

import base64
import sys
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import Engine, insert, text

from issue_insight import clock
from issue_insight.app import create_app
from issue_insight.errors import Unavailable
from issue_insight.jobs.models import JobRun
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer, sign_in
from tests.issue_insight.ill_servers import dead_endpoint
from tests.issue_insight.receiving import receiver

PARTS = [
    "database",
    "migrations",
    "clock",
    "storage",
    "sign-in",
    "admin",
    "cursors",
    "jobs",
    "connections",
    "extras",
]


def doctor(app: Flask) -> Result:
    """Let the doctor look at an application."""
    return app.test_cli_runner().invoke(args=["doctor"])


def findings(result: Result) -> dict[str, tuple[str, str]]:
    """Return what is wrong and how to mend it, by part."""
    found: dict[str, tuple[str, str]] = {}
    lines = result.stdout.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("FAIL "):
            name, _, said = line.removeprefix("FAIL ").partition(" ")
            assert following.strip().startswith("→ ")
            found[name] = (said.strip(), following.strip().removeprefix("→ "))
    return found


def changed(settings: Settings, **changes: Any) -> Flask:
    """Return an application with other settings."""
    return create_app(settings.model_copy(update=changes))


@pytest.fixture
def healthy(app: Flask) -> Flask:
    """An application that nothing is wrong with."""
    sign_in(app.test_client(), "admin")
    return app


def test_a_healthy_instance_gets_a_line_for_each_part(healthy: Flask) -> None:
    result = doctor(healthy)
    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["ok", part] for part in PARTS
    ]


def test_a_database_that_is_down(settings: Settings) -> None:
    port = dead_endpoint().rpartition(":")[2]
    app = changed(settings, database_url=f"postgresql+psycopg2://me:secret@127.0.0.1:{port}/x")
    result = doctor(app)
    found = findings(result)
    assert result.exit_code == 1
    assert set(found) == {"database", "migrations", "clock", "admin", "jobs", "connections"}
    said, mend = found["database"]
    assert said.startswith('connection to server at "127.0.0.1"')
    assert mend == "Check DATABASE_URL and that the server is running."
    assert "secret" not in result.output


def test_a_database_that_is_not_migrated(settings: Settings, empty_database: str) -> None:
    app = changed(settings, database_url=empty_database)
    found = findings(doctor(app))
    assert set(found) == {"migrations", "admin", "jobs"}
    assert found["migrations"] == ("not up to date: built-in", "Run `flask upgrade`.")
    upgraded = app.test_cli_runner().invoke(args=["upgrade"])
    assert upgraded.exit_code == 0
    assert upgraded.stdout.endswith("The database is up to date.\n")
    assert "migrations" not in findings(doctor(app))


def test_an_s3_server_that_is_down(healthy: Flask, settings: Settings) -> None:
    endpoint = dead_endpoint()
    result = doctor(changed(settings, s3_endpoint=endpoint))
    assert result.exit_code == 1
    assert findings(result) == {
        "storage": (
            f"{endpoint} does not answer (MaxRetryError)",
            "Check S3_ENDPOINT and that the server is running.",
        )
    }


@pytest.mark.parametrize(
    ("changes", "code", "mend"),
    [
        (
            {"s3_secret_key": SecretStr("wrong")},
            "SignatureDoesNotMatch",
            "Set S3_SECRET_KEY to the secret of S3_ACCESS_KEY.",
        ),
        (
            {"s3_access_key": "nobody"},
            "InvalidAccessKeyId",
            "Set S3_ACCESS_KEY and S3_SECRET_KEY to a pair that the server knows.",
        ),
    ],
)
def test_s3_keys_that_are_wrong(
    healthy: Flask, settings: Settings, changes: dict[str, Any], code: str, mend: str
) -> None:
    found = findings(doctor(changed(settings, **changes)))
    assert found == {"storage": (f"{settings.s3_endpoint} refuses requests: {code}", mend)}


def test_a_bucket_that_is_missing(healthy: Flask, settings: Settings) -> None:
    app = changed(settings, s3_bucket="nowhere-to-be-found")
    assert findings(doctor(app)) == {
        "storage": (
            f"{settings.s3_endpoint} has no bucket 'nowhere-to-be-found'",
            "Create it on the S3 server, or set S3_BUCKET to the one that is meant.",
        )
    }
    # Looking has not made it.
    with pytest.raises(Unavailable):
        app.extensions["issue_insight"].storage.ping()


def test_a_public_endpoint_that_browsers_cannot_reach(healthy: Flask, settings: Settings) -> None:
    public = dead_endpoint()
    found = findings(doctor(changed(settings, s3_public_endpoint=public)))
    assert set(found) == {"storage"}
    said, mend = found["storage"]
    assert said.startswith(f"browsers cannot use {public}: it does not answer (")
    assert mend.startswith("Set S3_PUBLIC_ENDPOINT to the address at which browsers reach")


@pytest.mark.parametrize(("hours", "where"), [(1, "behind"), (-1, "ahead")])
def test_clocks_that_differ(healthy: Flask, hours: int, where: str) -> None:
    with clock.frozen(clock.now() + timedelta(hours=hours)):
        found = findings(doctor(healthy))
    said, mend = found.pop("clock")
    assert said.startswith("the database's clock is 3")
    assert said.endswith(f" s {where}")
    assert "NTP" in mend
    assert found == {}


def test_nobody_who_can_sign_in(healthy: Flask, settings: Settings) -> None:
    found = findings(doctor(changed(settings, local_sign_in=False)))
    assert set(found) == {"sign-in"}
    assert found["sign-in"][0] == "nobody can sign in"
    assert "PUBLIC_CLERK_PUBLISHABLE_KEY" in found["sign-in"][1]


def test_an_identity_provider(healthy: Flask, settings: Settings) -> None:
    with Issuer() as issuer:
        result = doctor(create_app(issuer.settings(settings)))
        assert result.exit_code == 0, result.stdout
        assert f"tokens of {issuer.name} are taken" in result.stdout
        of_no_origin = issuer.settings(settings, authorized_parties=())
        assert findings(doctor(create_app(of_no_origin)))["sign-in"] == (
            "tokens of no origin are taken",
            "Set AUTHORIZED_PARTIES to the origins of your frontend.",
        )
        issuer.answers = False
        found = findings(doctor(create_app(issuer.settings(settings))))
        assert found["sign-in"][0] == "the keys to check tokens with cannot be fetched"


def test_an_instance_without_an_admin(app: Flask) -> None:
    found = findings(doctor(app))
    assert found == {
        "admin": ("there is no admin", "Sign in once, then run `flask roles grant EMAIL admin`.")
    }


def test_an_admin_who_was_removed_is_none(healthy: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET removed_at = now()"))
    assert set(findings(doctor(healthy))) == {"admin"}


def test_no_key_for_cursors(healthy: Flask, settings: Settings) -> None:
    found = findings(doctor(changed(settings, secret_key=None)))
    assert set(found) == {"cursors"}
    assert "SECRET_KEY" in found["cursors"][1]


def test_a_key_of_clerk_for_another_address(healthy: Flask, settings: Settings) -> None:
    host = base64.b64encode(b"clerk.invalid$").decode()
    app = changed(
        settings,
        local_sign_in=False,
        clerk_publishable_key=f"pk_test_{host}",
        authorized_parties=("http://localhost",),
    )
    found = findings(doctor(app))
    assert found["sign-in"][0] == "the keys to check tokens with cannot be fetched"


def test_a_part_that_fails_in_a_way_nobody_thought_of(
    healthy: Flask, engine: Engine, settings: Settings
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE users RENAME TO people"))
    try:
        found = findings(doctor(healthy))
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE people RENAME TO users"))
    assert found == {
        "admin": (
            'relation "users" does not exist',
            "Make the database answer and run `flask upgrade` first.",
        )
    }


def ran(engine: Engine, outcome: str, hours_ago: int) -> None:
    """Put a run of the job of the daily numbers on record."""
    at = clock.now() - timedelta(hours=hours_ago)
    with engine.begin() as connection:
        connection.execute(
            insert(JobRun).values(
                name="stats.aggregate", started_at=at, ended_at=at, outcome=outcome
            )
        )


def test_jobs_that_nobody_runs(healthy: Flask, engine: Engine) -> None:
    ran(engine, "ok", hours_ago=0)
    assert "jobs" not in findings(doctor(healthy))
    with engine.begin() as connection:
        connection.execute(text("UPDATE job_runs SET ended_at = ended_at - interval '1 day'"))
    said, mend = findings(doctor(healthy))["jobs"]
    assert "stats.aggregate is due every 0:30:00 and last went well at 20" in said
    assert "SCHEDULER_ENABLED=1" in mend


def test_a_job_that_failed(healthy: Flask, engine: Engine) -> None:
    ran(engine, "failed", hours_ago=0)
    said, mend = findings(doctor(healthy))["jobs"]
    assert said == "stats.aggregate failed"
    assert "flask jobs list" in mend


def test_a_pool_larger_than_the_database_takes(healthy: Flask, settings: Settings) -> None:
    found = findings(doctor(changed(settings, database_pool_size=200)))
    assert set(found) == {"connections"}
    assert found["connections"][0].startswith("a process may open 420 connections")
    assert "DATABASE_POOL_SIZE" in found["connections"][1]


def test_an_extra_that_is_not_installed(
    healthy: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    app = changed(settings, sentry_dsn=SecretStr("http://public@127.0.0.1:1/7"))
    assert findings(doctor(app)) == {
        "extras": (
            "SENTRY_DSN is set, but what it takes is not installed",
            "Run `pip install 'issue-insight[sentry]'`, or unset SENTRY_DSN.",
        )
    }


def test_a_server_of_another_kind_is_found_with_what_to_do(
    healthy: Flask, settings: Settings
) -> None:
    """A server that answers at S3_ENDPOINT, but speaks no S3."""
    with receiver() as received:
        app = changed(settings, s3_endpoint=f"http://127.0.0.1:{received.port}")
        said, mend = findings(doctor(app))["storage"]
    assert said
    assert mend
