"""Random histories of a project: acts, and the hours from one to the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import Conflict
from issue_insight.testing import cleaning
from plugins.issues import services as issues
from plugins.stats import services
from tests.plugins.stats.conftest import person

BEGIN = datetime(2025, 10, 24, 12, tzinfo=UTC)
"""Two days before the clocks go back in Berlin."""

ZONES = ("UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Sao_Paulo")
SEVERITIES = st.sampled_from([None, "low", "high", "critical"])

acts = st.one_of(
    st.tuples(st.just("report"), st.booleans(), SEVERITIES),
    # As an import does it: an issue of long ago, told only now.
    st.tuples(st.just("report late"), st.integers(1, 200), SEVERITIES),
    st.tuples(st.just("status"), st.integers(0, 9), st.sampled_from(["open", "triaged", "done"])),
    st.tuples(st.just("severity"), st.integers(0, 9), SEVERITIES),
    st.tuples(st.just("delete"), st.integers(0, 9), st.none()),
    st.tuples(st.just("restore"), st.integers(0, 9), st.none()),
    st.tuples(st.just("aggregate"), st.sampled_from(ZONES), st.none()),
)
gaps = st.sampled_from([0, 0, 1, 3, 11, 24, 50])
"""Hours from one act to the next."""


@dataclass
class World:
    """A project in which acts happen one after another."""

    session: Session
    admin: Principal
    reporter: Principal

    def act(self, kind: str, which: Any, value: Any, keys: list[str]) -> None:
        if kind == "aggregate":
            services.aggregate(self.session, ZoneInfo(which))
        elif kind == "report":
            by = self.reporter if which else self.admin
            keys.append(self._report(by, value, clock.now()))
        elif kind == "report late":
            keys.append(self._report(self.admin, value, clock.now() - timedelta(hours=which)))
        elif keys:
            key = keys[which % len(keys)]
            if kind == "delete":
                issues.delete_issue(self.session, self.admin, key, expected=None)
                keys.remove(key)
                self.deleted.append(key)
            elif kind != "restore":
                issues.change_issue(self.session, self.admin, key, {kind: value}, expected=None)
        if kind == "restore" and self.deleted:
            issues.restore_issue(self.session, self.admin, self.deleted[0])
            keys.append(self.deleted.pop(0))

    def _report(self, by: Principal, severity: str | None, at: datetime) -> str:
        issue = issues.create_issue(
            self.session, by, project="WEB", title="Wrong", severity=severity, at=at
        )
        return f"WEB-{issue.number}"

    def __post_init__(self) -> None:
        self.deleted: list[str] = []


@contextmanager
def lived(
    engine: Engine, seeded: frozenset[str], history: list[tuple[tuple[str, Any, Any], int]]
) -> Iterator[tuple[World, datetime]]:
    """Let the acts happen in an empty database; it stays the instant of the last of them."""
    with engine.begin() as connection:
        cleaning.empty(connection, seeded)
    with Session(engine) as session:
        now = BEGIN
        world = World(session, person(session, "admin"), person(session, "reporter"))
        with clock.frozen(now):
            issues.create_project(session, world.admin, key="WEB", name="Web", visibility="own")
            session.commit()
        keys: list[str] = []
        for act, hours in history:
            now += timedelta(hours=hours)
            with clock.frozen(now):
                try:
                    world.act(*act, keys)
                except Conflict:
                    session.rollback()
                session.commit()
        with clock.frozen(now):
            yield world, now
