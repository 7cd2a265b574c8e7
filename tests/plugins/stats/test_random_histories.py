"""Whatever happened, and whenever it was counted: the counts are those of a recount by hand."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from plugins.stats import queries, services
from tests.plugins.stats.random_history import BEGIN, ZONES, World, acts, gaps, lived
from tests.plugins.stats.recount import Counts, recounted, stored, without_nothing


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
    with lived(engine, _seeded, history) as (world, now):
        check(world.session, ZoneInfo(zone), world, now)


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
