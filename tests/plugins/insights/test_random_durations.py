"""Whatever happened: survival, comparison and signals are those of a recount from raw events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import fmean, median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.journal import Event
from plugins.insights.asked import Other
from plugins.insights.services import answer
from plugins.issues.api import Issue, count_issues, select_issues
from tests.plugins.stats.random_history import BEGIN, ZONES, acts, gaps, lived

FILTERS = {
    "": lambda state: True,
    "severity:high": lambda state: state["severity"] == "high",
    "-severity:high is:open": lambda state: (
        state["severity"] != "high" and state["status"] != "done"
    ),
}
STATUSES = ("open", "triaged", "in_progress", "done")


@dataclass
class Past:
    """What the event log says there was at an instant, by the id of the issue."""

    states: dict[int, dict[str, Any]]
    changes: dict[int, int]

    def select(self, q: str) -> dict[int, dict[str, Any]]:
        return {key: state for key, state in self.states.items() if FILTERS[q](state)}


def replayed(session: Session, instant: datetime, principal: Principal, *, own: bool) -> Past:
    """Replay every event up to `instant`, one after another. Slow and plain."""
    kept = {
        issue.id
        for issue in session.scalars(select(Issue))
        if not own or issue.reporter_id == principal.user_id
    }
    states: dict[int, dict[str, Any]] = {}
    changes: dict[int, int] = {}
    for event in session.scalars(
        select(Event).where(Event.subject == "issue").order_by(Event.at, Event.id)
    ):
        if event.subject_id not in kept or event.at > instant:
            continue
        if event.kind == "created":
            states[event.subject_id] = {**event.new, "since": event.at, "done_at": None}
            changes[event.subject_id] = 0
        elif event.field is not None:
            state = states[event.subject_id]
            state[event.field] = event.new
            changes[event.subject_id] += 1
            if event.field == "status":
                state["done_at"] = event.at if event.new == "done" else None
    there = {key: state for key, state in states.items() if not state.get("deleted")}
    return Past(there, changes)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    history=st.lists(st.tuples(acts, gaps), min_size=4, max_size=24),
    zone=st.sampled_from(ZONES),
    back=st.sampled_from([0, 1, 30, 100]),
)
def test_numbers_are_those_of_a_recount(
    history: list[tuple[tuple[str, Any, Any], int]],
    zone: str,
    back: int,
    engine: Engine,
    _seeded: frozenset[str],  # noqa: PT019 (a set of names)
) -> None:
    with lived(engine, _seeded, history) as (world, now):
        for principal, own in ((world.admin, False), (world.reporter, True)):
            checked = Checked(world.session, principal, own, ZoneInfo(zone), now, back)
            for q in FILTERS:
                checked.survival(q)
                checked.comparison(q)
                checked.signals(q)


@dataclass
class Checked:
    """Somebody who asks, in a zone, now and as of some hours back."""

    session: Session
    principal: Principal
    own: bool
    zone: ZoneInfo
    now: datetime
    back: int

    def asked(self, metric: str, **more: Any) -> dict[str, Any]:
        self.session.commit()
        found = answer(self.session, self.principal, self.zone, metric, **more)
        self.session.commit()
        return found

    def past(self, instant: datetime) -> Past:
        return replayed(self.session, instant, self.principal, own=self.own)

    def listed(self, link: dict[str, Any]) -> int:
        selection = select_issues(self.session, self.principal, link["q"], link["as_of"], self.zone)
        return count_issues(self.session, selection)

    @property
    def then(self) -> datetime:
        return self.now - timedelta(hours=self.back)

    def survival(self, q: str) -> None:
        found = self.asked("survival", q=q, as_of=self.then)
        lasted = []
        for state in self.past(self.then).select(q).values():
            end, outcome = state["done_at"] or self.then, state["resolution"]
            lasted.append((max(end - state["since"], timedelta()), outcome))
        assert found["considered"] == len(lasted)
        series = {one["name"]: one["points"] for one in found["series"]}
        finished = [length for length, outcome in lasted if outcome]
        [naive] = series["naive median"]
        assert naive["value"] == (
            pytest.approx(median(finished).total_seconds()) if finished else None
        )
        [honest] = series["median"]
        half = [length for length in sorted(finished) if _share(lasted, length) <= Fraction(1, 2)]
        assert honest["value"] == (half[0].total_seconds() if half else None)
        for point in series["unfinished"]:
            length = timedelta(seconds=point["after"])
            assert point["value"] == pytest.approx(float(_share(lasted, length)), abs=1e-9)
            assert point["issues"] == sum(one >= length for one, _ in lasted)
        for point in series["fixed"]:
            length = timedelta(seconds=point["after"])
            assert point["issues"] == sum(
                outcome == "fixed" and one <= length for one, outcome in lasted
            )
        for points in series.values():
            for point in (*points[:: max(1, len(points) // 4)], points[-1]):
                assert self.listed(point["open"]) == point["issues"], point

    def comparison(self, q: str) -> None:
        before = self.now - timedelta(hours=self.back + 20)
        found = self.asked(
            "compare", q=q, of="cumulative-flow", as_of=self.then, other=Other(as_of=before),
            first=BEGIN.date() - timedelta(days=20),
        )  # fmt: skip
        one, other = self.past(self.then), self.past(before)
        for status, told in zip(STATUSES, found["differences"], strict=True):
            now, then = (
                {key for key, state in past.select(q).items() if state["status"] == status}
                for past in (one, other)
            )
            changed = {key for key in now & then if one.changes[key] != other.changes[key]}
            assert (told["value"], told["compared"]) == (len(now), len(then))
            assert told["difference"] == len(now) - len(then)
            for name, ids in (("entered", now - then), ("left", then - now), ("changed", changed)):
                assert told[name]["count"] == len(ids) == len(told[name]["keys"]), name
                assert self._ids(told[name]["keys"]) == ids
                if ids:
                    assert self.listed(told[name]["open"]) == len(ids)

    def _ids(self, keys: list[str]) -> set[int]:
        numbers = [int(key.removeprefix("WEB-")) for key in keys]
        return set(self.session.scalars(select(Issue.id).where(Issue.number.in_(numbers))))

    def signals(self, q: str) -> None:
        first = BEGIN.date() - timedelta(days=20)
        found = self.asked(
            "signals", q=q, as_of=self.then, of="created-resolved", pieces="day", first=first
        )
        selected = self.past(self.then).select(q).values()
        for name, instant in (("created", "since"), ("resolved", "done_at")):
            counts = [
                sum(
                    state[instant] is not None and begin <= state[instant] < end
                    for state in selected
                )
                for begin, end in self._days_over(first)
            ]
            [limits] = [one for one in found["limits"] if one["series"] == name]
            assert limits["values"] == len(counts)
            mean, moving = fmean(counts), fmean(abs(b - a) for a, b in pairwise(counts))
            assert limits["mean"] == pytest.approx(mean)
            assert limits["upper"] == pytest.approx(mean + 2.66 * moving)
            beyond = {
                signal["at"]: signal["value"]
                for signal in found["signals"]
                if signal["series"] == name and signal["rule"] == "beyond_limits"
            }
            assert beyond == {
                (first + timedelta(days=n)).isoformat(): count
                for n, count in enumerate(counts)
                if abs(count - mean) - 2.66 * moving > 1e-6
            }
            for signal in found["signals"]:
                if signal["series"] == name:
                    assert self.listed(signal["open"]) == signal["value"]

    def _days_over(self, first: date) -> Iterator[tuple[datetime, datetime]]:
        day = first
        while (end := datetime.combine(day + timedelta(days=1), time(), self.zone)) <= self.then:
            yield datetime.combine(day, time(), self.zone), end
            day += timedelta(days=1)


def _share(lasted: list[tuple[timedelta, Any]], length: timedelta) -> Fraction:
    """Return the product-limit estimate at a length, by hand."""
    share = Fraction(1)
    for time_ in sorted({one for one, outcome in lasted if outcome and one <= length}):
        at_risk = sum(one >= time_ for one, _ in lasted)
        share *= 1 - Fraction(_ended(lasted, time_), at_risk)
    return share


def _ended(lasted: list[tuple[timedelta, Any]], length: timedelta) -> int:
    return sum(one == length and bool(outcome) for one, outcome in lasted)
