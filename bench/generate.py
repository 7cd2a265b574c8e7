"""Loading an instance of any size, the same every time: made-up issues with their whole history.

Lines are made and copied by several processes, each a slice of the issues at a time; indexes and
foreign keys are made anew afterwards, which is many times quicker than keeping them while rows
come in. The words to search are written by the product's own statement.
"""

import io
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from zoneinfo import ZoneInfo

from rich.progress import Progress
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

from bench.lives import DAY, EVENTS, LABELS, TABLES, Birth, Life, no_lines, stamp
from plugins.insights import packing
from plugins.issues import totals
from plugins.issues.facts import rebuild_facts
from plugins.issues.versions import keep_words_of_new
from plugins.stats import services as stats

SEED = 2026
USERS = 200
YEARS = 3
_SLICE = 5_000
_WORDS_AT_ONCE = 1_000
_SHARES = (30, 20, 12, 9, 7, 6, 5, 4, 3, 2, 1, 1)
"""How many of a hundred issues each project has."""
_PATTERN = [project for project, share in enumerate(_SHARES) for _ in range(share)]
random.Random(SEED).shuffle(_PATTERN)  # noqa: S311
"""The project of each of a hundred issues, and which of its issues there each is."""
_RANKS = [_PATTERN[:place].count(project) for place, project in enumerate(_PATTERN)]
PROJECTS = [f"P{chr(ord('A') + n)}" for n in range(len(_SHARES))]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to load."""

    issues: int
    end: int
    """When all lives have ended: a midnight, in microseconds since 1970."""
    issuer: str
    """Who vouches for the users, whose subjects are `user-1` and so on."""

    @property
    def slices(self) -> range:
        """The first issue of every slice."""
        return range(0, self.issues, _SLICE)


def plan(issues: int, issuer: str) -> Plan:
    """Plan lives that end with yesterday."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Plan(issues, int(today.timestamp()) * 1_000_000, issuer)


def load(url: str, wanted: Plan, progress: Progress, processes: int | None = None) -> None:
    """Fill the migrated, empty database at `url`."""
    engine = create_engine(url)
    with engine.begin() as connection:
        _load_surroundings(connection, wanted)
    with _without_indexes(engine, progress):
        task = progress.add_task("issues and events", total=wanted.issues)
        with ProcessPoolExecutor(
            processes or os.cpu_count(), get_context("spawn"), _connect, (url,)
        ) as pool:
            started = [pool.submit(_load_slice, wanted, first) for first in wanted.slices]
            for done in as_completed(started):
                progress.update(task, advance=done.result())
    _as_jobs_do(engine)
    task = progress.add_task("vacuum, statistics", total=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("issues", "comments", "events", "search_documents"):
            _set_sequence(connection, table)
        connection.execute(text("VACUUM ANALYZE"))
    progress.update(task, advance=1)
    engine.dispose()


def _as_jobs_do(engine: Engine) -> None:
    """Pack and count what an instance that is at work has packed and counted."""
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    with Session(engine) as session:
        packing.rebuild(session)
        stats.aggregate(session, ZoneInfo("UTC"))
        session.commit()


def births(wanted: Plan, first: int, chance: random.Random) -> Iterator[Birth]:
    """Return the issues of a slice. Their ids follow time, the numbers of a project its issues."""
    span = YEARS * 365 * DAY
    step = span // wanted.issues
    more = 0
    for place in range(first, min(first + _SLICE, wanted.issues)):
        block, within = divmod(place, len(_PATTERN))
        project = _PATTERN[within]
        at = wanted.end - span + place * step + chance.randrange(step)
        # Every second life is as much longer as the one before it was shorter.
        more = chance.randint(0, EVENTS - 4) if place % 2 == 0 else -more
        yield Birth(
            id=place + 1,
            project_id=project + 1,
            number=block * _SHARES[project] + _RANKS[within] + 1,
            at=at,
            events=EVENTS - more,
        )


_engine: Engine
"""The one of this process."""


def _connect(url: str) -> None:
    global _engine
    _engine = create_engine(url)


def _load_slice(wanted: Plan, first: int) -> int:
    """Make and copy the issues from `first` on; return how many."""
    chance = random.Random(f"{SEED} {first}")  # noqa: S311
    lines = no_lines()
    for birth in births(wanted, first, chance):
        Life(chance, birth, USERS, lines).live(wanted.end)
    with Session(_engine) as session:
        for table, columns in TABLES.items():
            _copy(session.connection(), table, columns, lines[table])
        made = len(lines["issues"])
        for start in range(first, first + made, _WORDS_AT_ONCE):
            end = min(start + _WORDS_AT_ONCE, first + made)
            keep_words_of_new(session, range(start + 1, end + 1))
        session.commit()
    return made


def _copy(connection: Connection, table: str, columns: str, lines: list[str]) -> None:
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(  # type: ignore[attr-defined]
            f"COPY {table} ({columns}) FROM STDIN", io.StringIO("".join(lines))
        )


def _load_surroundings(connection: Connection, wanted: Plan) -> None:
    """Load users, projects and labels."""
    begun = stamp(wanted.end - YEARS * 365 * DAY)
    blocks, rest = divmod(wanted.issues, len(_PATTERN))
    roles = {1: "admin", 2: "maintainer", 3: "reporter"}
    users = [
        f"{n}\t{wanted.issuer}\tuser-{n}\tuser-{n}@example.org\tUser {n}"
        f"\t{roles.get(n, 'reporter')}\t{begun}\n"
        for n in range(1, USERS + 1)
    ]
    projects = [
        f"{n + 1}\t{key}\tProject {key}\t{'own' if n % 2 else 'all'}"
        f"\t{blocks * _SHARES[n] + _PATTERN[:rest].count(n) + 1}\t{begun}\n"
        for n, key in enumerate(PROJECTS)
    ]
    labels = [f"{n}\t{label}\n" for n in range(1, len(PROJECTS) + 1) for label in LABELS]
    _copy(connection, "users", "id, issuer, subject, email, name, role, created_at", users)
    _copy(connection, "projects", "id, key, name, visibility, next_number, created_at", projects)
    _copy(connection, "labels", "project_id, name", labels)
    for table in ("users", "projects"):
        _set_sequence(connection, table)


def _set_sequence(connection: Connection, table: str) -> None:
    connection.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"  # noqa: S608
            f" greatest((SELECT max(id) FROM {table}), 1))"
        )
    )


@contextmanager
def _without_indexes(engine: Engine, progress: Progress) -> Iterator[None]:
    """Take foreign keys and secondary indexes of the filled tables away; make them anew after."""
    tables = [*TABLES, "search_documents"]
    with engine.begin() as connection:
        keys = connection.execute(text(_FOREIGN_KEYS), {"tables": tables}).all()
        indexes = connection.execute(text(_INDEXES), {"tables": tables}).all()
        for table, name, _ in keys:
            connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        for name, _ in indexes:
            connection.execute(text(f"DROP INDEX {name}"))
        # It would look for the events of each issue, without an index.
        connection.execute(text("ALTER TABLE events DISABLE TRIGGER issue_facts_follow"))
    yield
    task = progress.add_task("indexes and foreign keys", total=len(indexes) + len(keys))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET maintenance_work_mem = '1GB'"))
        for _, definition in indexes:
            connection.execute(text(definition))
            progress.update(task, advance=1)
        for table, name, definition in keys:
            connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"))
            progress.update(task, advance=1)
    with Session(engine) as session:
        totals.fold(session)
        rebuild_facts(session)
        session.execute(text("ALTER TABLE events ENABLE TRIGGER issue_facts_follow"))
        session.commit()


_FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY (:tables)
"""
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid::regclass::text = ANY (:tables)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
"""
