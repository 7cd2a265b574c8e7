"""The real PostgreSQL and S3 of a test run: one of each, started when a test first needs it.

All workers of a run share them through one directory, which belongs to the process that began the
run: it holds a lock on it until its end, so that a later run can tell what a killed one left.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

from flask import Flask
from flask_migrate import Migrate

from issue_insight.db import db
from issue_insight.embedded import (
    S3,
    Postgres,
    running_postgres,
    running_s3,
    start_postgres,
    start_s3,
    stop_postgres,
    stop_s3,
)
from issue_insight.embedded.locking import Held, locked
from issue_insight.plugin import migrate

HOME = "ISSUE_INSIGHT_TEST_HOME"
"""The environment variable through which workers learn the directory."""

TEMPLATE = "migrated"
_PREFIX = "issue-insight-test-"


@contextmanager
def home() -> Iterator[Path]:
    """Hold a directory for the servers of one run; stop them and remove it at the end."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            with locked(left / "owner.lock"):
                _clear(left)
        except (Held, FileNotFoundError):
            continue
    # Under another name until it is locked: a run that begins now would take it for left behind.
    unlocked = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}"))
    directory = unlocked.with_name(unlocked.name.removeprefix("."))
    with ExitStack() as stack:
        stack.enter_context(locked(unlocked / "owner.lock"))
        unlocked.rename(directory)
        os.environ[HOME] = str(directory)
        try:
            yield directory
        finally:
            del os.environ[HOME]
            _clear(directory)


def _clear(directory: Path) -> None:
    stop_postgres(directory)
    stop_s3(directory)
    # Under another name again: once its lock is gone, two runs would remove it at a time.
    gone = directory.rename(directory.with_name(f".{directory.name}"))
    shutil.rmtree(gone)


def postgres() -> Postgres:
    """Return the run's PostgreSQL, with a migrated database to copy; start it if need be."""
    directory = Path(os.environ[HOME])
    with locked(directory / "postgres.lock", wait=True):
        running = running_postgres(directory)
        if running is None:
            running = start_postgres(directory, durable=False)
            running.create_database(TEMPLATE)
            bring_up_to_date(running.url(TEMPLATE))
        return running


def s3() -> S3:
    """Return the run's S3 server; start it if need be."""
    directory = Path(os.environ[HOME])
    with locked(directory / "s3.lock", wait=True):
        # Pages are served on a port of their own in every test that has any.
        return running_s3(directory) or start_s3(directory, bucket="issue-insight", origins=["*"])


def bring_up_to_date(url: str) -> None:
    """Run the built-in migrations, which need a database and no more of an application."""
    app = Flask("migrating")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.extensions["issue_insight"] = SimpleNamespace(plugins=())
    db.init_app(app)
    Migrate(app, db, directory=str(migrate.BUILT_IN))
    migrate.upgrade(app, ())
    with app.app_context():
        # A database is copied only while nobody is connected to it.
        db.engine.dispose()
