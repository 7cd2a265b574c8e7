"""`flask doctor`: looks at every part an instance needs and says how to mend what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import func, select, text

from issue_insight.auth.users import User
from issue_insight.db import db
from issue_insight.plugin.manifest import Plugin
from issue_insight.plugin.migrate import pending
from issue_insight.settings import Settings
from issue_insight.storage import Storage

OLDEST_POSTGRES = 16


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

    def s3() -> str:
        storage.probe()
        return f"stored, fetched and deleted a probe in {settings.s3_bucket!r}"

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
        return "an identity provider is configured"

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

    checks: list[tuple[str, Callable[[], str]]] = [
        ("database", database),
        ("migrations", migrations),
        ("storage", s3),
        ("sign-in", sign_in),
        ("admin", admin),
        ("cursors", cursors),
    ]
    for name, check in checks:
        try:
            yield Result(name, True, check())
        except Finding as finding:
            yield Result(name, False, finding.what, finding.mend)
        except Exception as error:  # a doctor reports whatever the part said
            first = str(error).strip().splitlines()[:1] or [type(error).__name__]
            yield Result(name, False, first[0], _MEND.get(name, ""))


_MEND = {
    "database": "Check DATABASE_URL and that the server is running.",
    "migrations": "Make the database answer first, then run `flask upgrade`.",
    "storage": "Check S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET.",
    "admin": "Make the database answer and run `flask upgrade` first.",
}
