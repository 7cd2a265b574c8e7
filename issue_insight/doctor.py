"""`flask doctor`: looks at every part an instance needs and says how to mend what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from minio.error import S3Error
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from issue_insight import clock, reporting, tracing
from issue_insight.auth.state import auth_of
from issue_insight.auth.users import User
from issue_insight.db import connections, db
from issue_insight.errors import Unavailable
from issue_insight.jobs.models import JobRun
from issue_insight.jobs.runs import last_runs
from issue_insight.plugin.manifest import Plugin
from issue_insight.plugin.migrate import pending
from issue_insight.probing import probe, probe_presigned
from issue_insight.settings import Settings
from issue_insight.storage import Storage

OLDEST_POSTGRES = 16
LATE = 3
"""Intervals without a success after which a job is late."""
LARGEST_SKEW = 5.0
"""Seconds that two clocks may differ: tokens live for a minute, and days end at midnight."""


class Finding(Exception):
    """Something is wrong: what it is, and what to do about it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one check; `mend` is empty where all is well."""

    name: str
    ok: bool
    said: str
    mend: str = ""


def examine(
    app: Flask, settings: Settings, plugins: tuple[Plugin, ...], storage: Storage
) -> Iterator[Result]:
    """Run every check, each on its own: one that fails does not hide the next."""

    def database() -> str:
        with db.engine.connect() as connection:
            number: int = connection.execute(
                text("SELECT current_setting('server_version_num')::int")
            ).scalar_one()
        if number // 10_000 < OLDEST_POSTGRES:
            raise Finding(
                f"PostgreSQL {number // 10_000}", f"Use PostgreSQL {OLDEST_POSTGRES} or later."
            )
        return f"PostgreSQL {number // 10_000}.{number % 10_000}"

    def migrations() -> str:
        if behind := pending(app, plugins):
            raise Finding(f"not up to date: {', '.join(behind)}", "Run `flask upgrade`.")
        return "up to date"

    def time() -> str:
        with db.engine.connect() as connection:
            before = clock.now()
            theirs: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        skew = (theirs - before).total_seconds()
        if abs(skew) > LARGEST_SKEW:
            raise Finding(
                f"the database's clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}",
                "Let both machines keep their time by NTP (`timedatectl set-ntp true`).",
            )
        return "the same as the database's"

    def s3() -> str:
        try:
            # A listing first: it makes no bucket, and its refusal comes with a reason.
            next(storage.list("probe/"), None)
            probe(storage)
        except Unavailable as error:
            raise _of_storage(error, settings) from error
        try:
            probe_presigned(storage)
        except Unavailable as error:
            raise Finding(
                f"browsers cannot use {storage.public_endpoint}: {error.message}",
                "Set S3_PUBLIC_ENDPOINT to the address at which browsers reach the S3 server; a "
                "proxy before it has to leave the Host header as it is.",
            ) from error
        return (
            f"stored, fetched and deleted a probe in {settings.s3_bucket!r}, and another by "
            f"presigned URLs at {storage.public_endpoint}"
        )

    def sign_in() -> str:
        if settings.local_sign_in:
            return "local sign-in (development only)"
        if not settings.identity_provider_configured:
            raise Finding(
                "nobody can sign in",
                "Set PUBLIC_CLERK_PUBLISHABLE_KEY and CLERK_SECRET_KEY (or AUTH_ISSUER and "
                "AUTH_JWKS_URL).",
            )
        if settings.auth_require_azp and not settings.authorized_parties:
            raise Finding(
                "tokens of no origin are taken",
                "Set AUTHORIZED_PARTIES to the origins of your frontend.",
            )
        verifier = auth_of(app).verifier
        if verifier is None or not verifier.has_keys():
            raise Finding(
                "the keys to check tokens with cannot be fetched",
                "Check the CLERK_* (or AUTH_*) settings and that this machine reaches the "
                "identity provider; CLERK_JWT_KEY needs no network.",
            )
        return f"tokens of {verifier.rules.issuer} are taken"

    def admin() -> str:
        with db.engine.connect() as connection:
            admins = connection.execute(
                select(func.count())
                .select_from(User)
                .where(User.role == "admin", User.removed_at.is_(None))
            ).scalar_one()
        if admins == 0:
            raise Finding(
                "there is no admin", "Sign in once, then run `flask roles grant EMAIL admin`."
            )
        return f"{admins} admin{'s' if admins > 1 else ''}"

    def cursors() -> str:
        if settings.secret_key is None:
            raise Finding(
                "SECRET_KEY is not set: page cursors end with the process that made them",
                "Set SECRET_KEY to a long random text, the same for every process.",
            )
        return "SECRET_KEY is set"

    def scheduled() -> str:
        found = [job for plugin in plugins for job in plugin.jobs]
        with db.engine.connect() as connection:
            began = connection.scalar(select(func.min(JobRun.started_at)))
            runs = last_runs(connection, [job.name for job in found])
        if began is None:
            return "none has run yet"
        by_name = {run.name: run for run in runs}
        for job in found:
            run, every = by_name.get(job.name), job.interval(settings)
            # The first one is due within one interval of the start.
            last = began if run is None else run.succeeded_at or began
            if run is not None and run.outcome == "failed":
                raise Finding(
                    f"{job.name} failed",
                    f"`flask jobs list` shows its error; `flask jobs run {job.name}` tries again.",
                )
            if clock.now() - last > LATE * every:
                raise Finding(
                    f"{job.name} is due every {every} and last went well at {last:%F %T}Z",
                    "Let one process run with SCHEDULER_ENABLED=1, and look at its log.",
                )
        return f"{len(found)} on time"

    def room() -> str:
        with db.engine.connect() as connection:
            most, kept = connection.execute(
                text(
                    "SELECT current_setting('max_connections')::int, "
                    "current_setting('superuser_reserved_connections')::int"
                )
            ).one()
        free, needed = most - kept, connections.most(settings)
        if needed > free:
            raise Finding(
                f"a process may open {needed} connections, PostgreSQL takes {free} of all",
                "Lower DATABASE_POOL_SIZE, or raise max_connections in postgresql.conf and restart "
                "PostgreSQL.",
            )
        return f"{free // needed} processes have room, with {needed} connections each at most"

    def extras() -> str:
        asked = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": (
                "otel",
                bool(settings.otel_exporter_otlp_endpoint),
                tracing.EXTENSION,
            ),
            "SENTRY_DSN": ("sentry", settings.sentry_dsn is not None, reporting.EXTENSION),
        }
        for name, (extra, wanted, extension) in asked.items():
            if wanted and extension not in app.extensions:
                raise Finding(
                    f"{name} is set, but what it takes is not installed",
                    f"Run `pip install 'issue-insight[{extra}]'`, or unset {name}.",
                )
        used = [name for name, (_, wanted, _) in asked.items() if wanted]
        return f"used: {', '.join(used)}" if used else "none is asked for"

    checks: list[tuple[str, Callable[[], str]]] = [
        ("database", database),
        ("migrations", migrations),
        ("clock", time),
        ("storage", s3),
        ("sign-in", sign_in),
        ("admin", admin),
        ("cursors", cursors),
        ("jobs", scheduled),
        ("connections", room),
        ("extras", extras),
    ]
    for name, check in checks:
        try:
            yield Result(name, True, check())
        except Finding as finding:
            yield Result(name, False, finding.what, finding.mend)
        except Exception as error:  # a doctor reports whatever the part said
            said = str(error.orig if isinstance(error, DBAPIError) else error)
            first = said.strip().splitlines()[:1] or [type(error).__name__]
            yield Result(name, False, first[0], _MEND.get(name, _UNKNOWN))


_MEND = {
    "database": "Check DATABASE_URL and that the server is running.",
    "migrations": "Make the database answer first, then run `flask upgrade`.",
    "clock": "Make the database answer first.",
    "admin": "Make the database answer and run `flask upgrade` first.",
    "jobs": "Make the database answer and run `flask upgrade` first.",
    "connections": "Make the database answer first.",
}
_UNKNOWN = "Nobody has met this before: LOG_LEVEL=debug shows more. Please report it."

_MEND_OF_S3 = {
    "SignatureDoesNotMatch": "Set S3_SECRET_KEY to the secret of S3_ACCESS_KEY.",
    "InvalidAccessKeyId": "Set S3_ACCESS_KEY and S3_SECRET_KEY to a pair that the server knows.",
    "RequestTimeTooSkewed": "Let this machine keep its time by NTP (`timedatectl set-ntp true`).",
    "AccessDenied": "Let S3_ACCESS_KEY read, write, delete and list in the bucket.",
}


def _of_storage(error: Unavailable, settings: Settings) -> Finding:
    """Say what the S3 server said: its users are told less than its operator should know."""
    cause = error.__cause__
    if isinstance(cause, S3Error):
        code = str(cause.code)
        if code == "NoSuchBucket":
            return Finding(
                f"{settings.s3_endpoint} has no bucket {settings.s3_bucket!r}",
                "Create it on the S3 server, or set S3_BUCKET to the one that is meant.",
            )
        mend = _MEND_OF_S3.get(code, "Look the code up in the documentation of the S3 server.")
        return Finding(f"{settings.s3_endpoint} refuses requests: {code}", mend)
    if cause is not None:
        return Finding(
            f"{settings.s3_endpoint} does not answer ({type(cause).__name__})",
            "Check S3_ENDPOINT and that the server is running.",
        )
    return Finding(error.message, "Check the S3_* settings and the log of the S3 server.")
