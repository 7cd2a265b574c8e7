"""A filled database is upgraded from the first migration to the last while the first version works.

Only the present code is here, so the version before is stood for by its statements: those of the
tables as the first migration made them, with the columns it knew. Migrations written after the
first release are also held to rules, statement by statement (CONTRIBUTING.md says them).
"""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, event, text

from issue_insight.app import create_app
from issue_insight.db import db
from issue_insight.plugin.migrate import BUILT_IN, upgrade
from issue_insight.settings import Settings

ISSUES = 5000
BEFORE_THE_FIRST_RELEASE = "0018"
"""Up to this revision nobody has run one version beside another."""

FILL = """
INSERT INTO users (issuer, subject, name) VALUES ('before', 'one', 'One');
INSERT INTO projects (key, name, visibility, created_at) VALUES ('OLD', 'Old', 'all', now());
INSERT INTO issues (number, title, status, version, created_at, updated_at, project_id, reporter_id)
SELECT n, 'Issue ' || n, 'open', 1, now(), now(), 1, 1 FROM generate_series(1, :issues) n;
INSERT INTO issue_texts (issue_id, description) SELECT id, title FROM issues;
INSERT INTO issue_versions (id, valid_from, number, title, status, version, created_at, updated_at,
                            project_id, reporter_id)
SELECT id, created_at, number, title, status, version, created_at, updated_at, project_id,
       reporter_id FROM issues;
INSERT INTO events (at, actor_kind, change_set, scope_id, subject, subject_id, kind, new)
SELECT created_at, 'person', gen_random_uuid(), 1, 'issue', id, 'created',
       jsonb_build_object('title', title, 'status', status) FROM issues;
"""
REPORT = """
WITH made AS (
  INSERT INTO issues (number, title, status, version, created_at, updated_at, project_id,
                      reporter_id)
  VALUES (:number, :title, 'open', 1, now(), now(), 1, 1) RETURNING *
), texts AS (
  INSERT INTO issue_texts (issue_id, description) SELECT id, title FROM made
), versions AS (
  INSERT INTO issue_versions (id, valid_from, number, title, status, version, created_at,
                              updated_at, project_id, reporter_id)
  SELECT id, created_at, number, title, status, version, created_at, updated_at, project_id,
         reporter_id FROM made
)
INSERT INTO events (at, actor_kind, change_set, scope_id, subject, subject_id, kind, new)
SELECT created_at, 'person', gen_random_uuid(), 1, 'issue', id, 'created',
       jsonb_build_object('title', title, 'status', status) FROM made
"""
CHANGE = (
    "UPDATE issues SET title = :title, version = version + 1 WHERE project_id = 1 AND number = :n"
)
LIST = """
SELECT number, title, status, severity, labels, due_date, version, created_at, updated_at,
       closed_at, reporter_id, assignee_id
FROM issues WHERE project_id = 1 AND deleted_at IS NULL ORDER BY updated_at DESC, id DESC LIMIT 50
"""


@pytest.fixture
def old(settings: Settings, empty_database: str) -> Iterator[Flask]:
    """An application whose database is filled, and at the first migration."""
    app = create_app(settings.model_copy(update={"database_url": empty_database}))
    with app.app_context():
        flask_migrate.upgrade(directory=str(BUILT_IN), revision="0001")
        with db.engine.begin() as connection:
            connection.execute(text(FILL), {"issues": ISSUES})
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


class Work:
    """One thread of the version before; keeps what it was promised, and what went wrong."""

    def __init__(self, engine: Engine, number: int) -> None:
        self.engine, self.number = engine, number
        self.promised: list[int] = []
        self.changed: dict[int, str] = {}
        self.faults: list[Exception] = []
        self.end = threading.Event()
        self.begun = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        count = 0
        while not self.end.is_set():
            count += 1
            try:
                with self.engine.begin() as connection:
                    self._once(connection, count)
            except Exception as fault:
                self.faults.append(fault)
            self.begun.set()

    def _once(self, connection: Connection, count: int) -> None:
        made, changed = (
            ISSUES + self.number * 1_000_000 + count,
            count * 4 % ISSUES + self.number + 1,
        )
        title = f"by {self.number}, {count}"
        connection.execute(text(REPORT), {"number": made, "title": title})
        connection.execute(text(CHANGE), {"title": title, "n": changed})
        assert len(connection.execute(text(LIST)).all()) == 50
        connection.commit()
        self.promised.append(made)
        self.changed[changed] = title


def test_the_version_before_goes_on_through_every_migration(
    old: Flask, empty_database: str
) -> None:
    # As long as a request would wait at most; a statement that is kept waiting longer is a fault.
    engine = create_engine(empty_database, connect_args={"options": "-c statement_timeout=10s"})
    work = [Work(engine, number) for number in range(3)]
    for one in work:
        one.thread.start()
    for one in work:
        assert one.begun.wait(20)
    try:
        before = sum(len(one.promised) for one in work)
        upgrade(old, old.extensions["issue_insight"].plugins)
        after = sum(len(one.promised) for one in work)
    finally:
        for one in work:
            one.end.set()
        for one in work:
            one.thread.join()
    assert [fault for one in work for fault in one.faults] == []
    # It was at work meanwhile.
    assert after > before
    with engine.connect() as connection:
        found = {row.number: row.title for row in connection.execute(text("SELECT * FROM issues"))}
        events = connection.scalar(text("SELECT count(*) FROM events WHERE kind = 'created'"))
    engine.dispose()
    promised = [number for one in work for number in one.promised]
    assert len(found) == ISSUES + len(promised)
    assert events == ISSUES + len(promised)
    for one in work:
        assert one.changed.items() <= found.items()
    # And the new version reads what the one before has written.
    with old.app_context():
        assert (
            db.session.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest()
        )
    assert old.test_client().get("/readyz").json["parts"]["migrations"] == "ok"


def newest() -> str:
    return max(path.name[:4] for path in (BUILT_IN / "versions").glob("*.py"))


ADDED = r"\bADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b"
CHECKED = r"\bADD CONSTRAINT (?!.*\bNOT VALID\b).*\b(CHECK|FOREIGN KEY)\b"
RULES = {
    r"\bDROP (TABLE|COLUMN)\b": "the version before still uses it: drop it a release later",
    r"\bRENAME\b": "add the new name, fill it, and drop the old one a release later",
    r"\bALTER COLUMN \S+ (SET DATA )?TYPE\b": "rewrites the table under a lock: add another column",
    r"\bALTER COLUMN \S+ SET NOT NULL\b": "add a check that is NOT VALID, and validate it after",
    ADDED: "the version before does not fill it: give a default",
    CHECKED: "checks every row under a lock: NOT VALID, then VALIDATE",
    r"^CREATE (UNIQUE )?INDEX (?!CONCURRENTLY\b)": "stops writes while it is built: CONCURRENTLY",
    r"^DROP INDEX (?!CONCURRENTLY\b)": "waits for readers and stops the next: CONCURRENTLY",
    r"^(UPDATE|DELETE) (?!alembic_version\b)": "fill in batches, by a job",
}


APART = re.compile(r";\s*(?=(?:[^$]*\$\$[^$]*\$\$)*[^$]*$)")
"""Between two statements, and not within the body of a function."""


def breaches(statement: str, made_here: set[str]) -> list[str]:
    """Return what is wrong with a statement beside a running version; new tables are free."""
    plain = " ".join(statement.split())
    table = re.search(r"\b(?:TABLE|ON|UPDATE|FROM) (?:ONLY )?\"?(\w+)", plain)
    if table and table[1] in made_here:
        return []
    return [said for rule, said in RULES.items() if re.search(rule, plain, re.I)]


def test_migrations_after_the_first_release_keep_the_rules(
    settings: Settings, empty_database: str
) -> None:
    app = create_app(settings.model_copy(update={"database_url": empty_database}))
    wrong: list[str] = []
    made_here: set[str] = set()
    held: list[str] = []

    def look(_c: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        if made := re.match(r"\s*CREATE TABLE \"?(\w+)", statement):
            made_here.add(made[1])
        held.append(statement)
        if "alembic_version SET" in statement or "INTO alembic_version" in statement:
            # The statements since the last one were this revision's.
            revision = str(*re.findall(r"\d{4}", f"{statement} {values}")[:1])
            if revision > BEFORE_THE_FIRST_RELEASE:
                wrong.extend(
                    f"{revision}: {said}"
                    for several in held
                    for one in APART.split(several)
                    for said in breaches(one, made_here)
                )
            held.clear()
            made_here.clear()

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", look)
        flask_migrate.upgrade(directory=str(BUILT_IN))
        db.engine.dispose()
    assert wrong == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE issues DROP COLUMN title",
        "DROP TABLE labels",
        "ALTER TABLE issues RENAME title TO name",
        "ALTER TABLE issues ALTER COLUMN number TYPE bigint",
        "ALTER TABLE issues ALTER COLUMN severity SET NOT NULL",
        "ALTER TABLE issues ADD COLUMN weight INTEGER NOT NULL",
        "ALTER TABLE issues ADD CONSTRAINT light CHECK (weight < 9)",
        "CREATE INDEX ix ON issues (weight)",
        "DROP INDEX ix",
        "UPDATE issues SET weight = 1",
    ],
)
def test_a_statement_that_would_stop_or_break_the_version_before_is_found(statement: str) -> None:
    assert len(breaches(statement, set())) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE issues ADD COLUMN weight INTEGER DEFAULT 1 NOT NULL",
        "ALTER TABLE issues ADD COLUMN weight INTEGER",
        "ALTER TABLE issues ADD CONSTRAINT light CHECK (weight < 9) NOT VALID",
        "CREATE INDEX CONCURRENTLY ix ON issues (weight)",
        "CREATE INDEX ix ON brand_new (weight)",
        "UPDATE alembic_version SET version_num='0099' WHERE alembic_version.version_num = '0098'",
    ],
)
def test_a_statement_that_stands_beside_it_is_let_through(statement: str) -> None:
    assert breaches(statement, {"brand_new"}) == []


def test_statements_are_told_apart_and_bodies_of_functions_stay_whole() -> None:
    several = "CREATE FUNCTION f() AS $$ BEGIN a; b; END $$;\nDROP INDEX ix;"
    assert APART.split(several) == [
        "CREATE FUNCTION f() AS $$ BEGIN a; b; END $$",
        "DROP INDEX ix",
        "",
    ]


def test_the_rules_are_written_down(repository: Path) -> None:
    page = (repository / "CONTRIBUTING.md").read_text()
    for word in ("CONCURRENTLY", "NOT VALID", "lock_timeout", BEFORE_THE_FIRST_RELEASE):
        assert word in page
