"""Whatever happened, and whenever it was counted: the counts are those of a recount by hand."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import Conflict
from issue_insight.testing import cleaning
from plugins.issues import services as issues
from plugins.stats import queries, services
from tests.plugins.stats.conftest import person
from tests.plugins.stats.recount import Counts, recounted, stored, without_nothing

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


@settings(
    max_examples=12,
    deadline=None,
    # Each try takes a tenth of a second: looking for the smallest failure would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=st.lists(st.tuples(acts, gaps), max_size=16), zone=st.sampled_from(ZONES))
def test_counts_are_those_of_a_recount(
    history: list[tuple[tuple[str, Any, Any], int]],
    zone: str,
    engine: Engine,
    _seeded: frozenset[str],  # noqa: PT019 (a set of names)
) -> None:
    with engine.begin() as connection:
        cleaning.empty(connection, _seeded)
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
            check(session, ZoneInfo(zone), world, now)


def check(session: Session, zone: ZoneInfo, world: World, now: datetime) -> None:
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=n) for n in range((now - BEGIN).days + 12)]
    truth = recounted(session, zone, days, now)
    own = recounted(
        session, zone, days, now, lambda issue: issue.reporter_id == world.reporter.user_id
    )
    # Both before the counting, from what it left unsaid, and after it.
    assert answered(session, world.admin, zone, days) == margins(truth)
    services.aggregate(session, zone)
    session.commit()
    assert answered(session, world.admin, zone, days) == margins(truth)
    assert answered(session, world.reporter, zone, days) == margins(own)
    assert stored(session) == without_nothing(truth)
    session.commit()
    found = services.verify(session, zone)
    session.commit()
    assert (found.differences, found.waiting) == ([], [])
    assert services.aggregate(session, zone).changed == 0
    session.commit()


def answered(
    session: Session, principal: Principal, zone: ZoneInfo, days: list[date]
) -> dict[date, dict[str, int]]:
    """Return the counts of each day, by status and, beside them, by severity."""
    answer = queries.count_days(
        session, principal, zone, first=min(days), last=max(days), project=None
    )
    assert [item["day"] for item in answer["items"]] == sorted(days)
    return {item["day"]: item["by_status"] | item["by_severity"] for item in answer["items"]}


def margins(counts: dict[date, Counts]) -> dict[date, dict[str, int]]:
    """Return the same of a recount."""
    found: dict[date, dict[str, int]] = {}
    for day, of_day in counts.items():
        found[day] = Counter()
        for (status, severity), number in of_day.items():
            found[day][status] += number
            found[day][severity] += number
    return found
