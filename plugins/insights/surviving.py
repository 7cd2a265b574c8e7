"""Survival of the issues that are asked for: what is read, the curve, its medians, two compared."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)

from issue_insight.errors import FieldError, Invalid
from plugins.insights.asked import Asked, term, within
from plugins.insights.fields import By
from plugins.insights.metric import Answered, Point, Series
from plugins.insights.packed import NEVER, Packs, everything, moved
from plugins.insights.packing import CODES
from plugins.insights.quick.arrays import packed
from plugins.insights.splitting import Group, groups, split
from plugins.insights.statistics.log_rank import log_rank
from plugins.insights.statistics.survival import (
    UNFINISHED,
    Curve,
    Durations,
    Outcomes,
    cumulative_incidence,
    kaplan_meier,
    life_table,
)
from plugins.issues.api import Or, Resolution, Status, Term
from plugins.stats.api import FIRST_DAY

FIXED, SET_ASIDE = 1, 2
_KINDS = {
    FIXED: ("fixed", term("resolution", Resolution.FIXED.value)),
    SET_ASIDE: (
        "set aside",
        Term("resolution", "=", tuple(r.value for r in Resolution if r is not Resolution.FIXED)),
    ),
}
_DONE = term("is", "closed")
_SECOND = 1_000_000
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3_600 * _SECOND, 86_400 * _SECOND
_STEPS = [
    *(n * _SECOND for n in (1, 5, 15, 30)),
    *(n * _MINUTE for n in (1, 5, 15, 30)),
    _HOUR,
]
MOST_STEPS = 120
"""So many durations a curve is shown at where none is long; it is computed from every one."""
_GROWING = [
    *[(_HOUR, 15 * _MINUTE), (6 * _HOUR, _HOUR), (_DAY, 2 * _HOUR)],
    *[(4 * _DAY, 6 * _HOUR), (7 * _DAY, 12 * _HOUR), (14 * _DAY, _DAY), (28 * _DAY, 2 * _DAY)],
    *[(56 * _DAY, 4 * _DAY), (91 * _DAY, 5 * _DAY)],
    *((182 * _DAY << n, 13 * _DAY << n) for n in range(8)),
]
"""Up to which duration which steps are taken, about a tenth of it. Where some issues last for
years, most would be over within the first of steps that all have one size."""
_PIECES = 64


@dataclass(frozen=True, slots=True)
class Cohort:
    """Issues looked at together: how long each has lasted, in microseconds, and how it ended."""

    asked: Asked
    group: Group
    durations: Durations
    outcomes: Outcomes

    def link(self, *terms: Any) -> dict[str, Any]:
        """Return what opens those of its issues that `terms` hold of."""
        return self.asked.link(*self.group.terms, *_period(self.asked), *terms)


def survival(asked: Asked) -> Answered:
    """Return the curves, and what two of them differ by. Raises `Invalid`."""
    _check(asked)
    if asked.other.is_asked_for:
        cohorts = _two(asked)
        curves = [_curve(cohort) for cohort in cohorts]
        compared = _compared(cohorts, curves)
        considered = sum(len(cohort.durations) for cohort in cohorts) - compared["in_both"]
        return Answered(_all_series(cohorts, curves), considered, {"log_rank": compared})
    found = _observed(asked)
    sizes = {key: len(durations) for key, (durations, _) in found.items()}
    cohorts = [
        Cohort(asked, group, *found.get(group.key, _nothing())) for group in groups(asked, sizes)
    ]
    # An issue with several labels is in several groups.
    considered = _count(asked, _chosen(asked)) if asked.by is By.LABEL else sum(sizes.values())
    return Answered(_all_series(cohorts, [_curve(cohort) for cohort in cohorts]), considered)


def _check(asked: Asked) -> None:
    faults = []
    if asked.other.as_of is not None:
        faults.append(
            FieldError("?compare_as_of", "survival compares filters and periods, as of one instant")
        )
    if asked.other.is_asked_for and asked.by is not None:
        faults.append(FieldError("?by", "two groups that are compared are not split as well"))
    if faults:
        raise Invalid("Survival cannot be asked for so.", faults)


def _two(asked: Asked) -> list[Cohort]:
    both = (asked, asked.compared())
    names = [_name(one) for one in both]
    if names[0] == names[1]:
        names = [f"{names[0]} (1)", f"{names[1]} (2)"]
    return [
        Cohort(one, Group(None, name, None), *_observed(one).get(None, _nothing()))
        for one, name in zip(both, names, strict=True)
    ]


def _name(asked: Asked) -> str:
    period = f" {asked.buckets[0].first}..{asked.buckets[-1].last}" if _period(asked) else ""
    return (asked.q.strip() or "all issues") + period


def _period(asked: Asked) -> tuple[Term, ...]:
    """Return what a filter asks of the issues created in the period, where one is asked for."""
    first, last = asked.buckets[0], asked.buckets[-1]
    if first.first <= FIRST_DAY and asked.edges[-1] > asked.seen:
        return ()
    return (within("created", replace(first, last=last.last)),)


def _observed(asked: Asked) -> dict[Any, tuple[Durations, Outcomes]]:
    """Read how long each issue has lasted, and how it ended, by group.

    Packed as PostgreSQL itself keeps instants, whole microseconds since 2000 in eight bytes: a
    million rows would be several hundred megabytes of Python objects. In several pieces, which are
    fetched one after another, so that no more than one is held in its larger form of hex digits.
    """
    if asked.packs is not None:
        return _packed(asked, asked.packs)
    c = asked.selection.relation.c
    source, key = split(asked.selection.relation, asked.by)
    outcome = case(
        (c.status != Status.DONE.value, UNFINISHED),
        (c.resolution == Resolution.FIXED.value, FIXED),
        else_=SET_ASIDE,
    )
    ended = func.coalesce(c.closed_at, literal(asked.seen, type_=c.created_at.type))
    # What another tracker has closed before it was reported took no time at all.
    lasted = func.greatest(ended, c.created_at) - c.created_at
    # Without a time zone, where every day has 24 hours.
    start: ColumnElement[Any] = literal_column("timestamp '2000-01-01'")
    since_2000 = func.timestamp_send(func.timestamp_pl_interval(start, lasted))
    packed = func.string_agg(since_2000, cast(literal(b""), LargeBinary))
    rows = (
        select(key.label("key"), outcome.label("outcome"), packed.label("packed"))
        .select_from(source)
        .where(asked.selection.where, *_created(asked))
        .group_by(key, outcome, c.id % _PIECES)
    )
    parts: dict[Any, list[tuple[Durations, Outcomes]]] = {}
    streamed = asked.session.execute(rows, execution_options={"yield_per": 8})
    for of, how, value in streamed:
        durations = np.frombuffer(value, dtype=">i8").astype(np.int64)
        parts.setdefault(of, []).append((durations, np.full(len(durations), how, dtype=np.int8)))
    return {of: _together(found) for of, found in parts.items()}


def _packed(asked: Asked, packs: Packs) -> dict[Any, tuple[Durations, Outcomes]]:
    """Read the same from packs."""
    period = bool(_period(asked))
    begin, end, seen = packed((asked.edges[0], asked.edges[-1], asked.seen))
    reach = moved(asked.edges[0], asked.edges[-1]) if period else everything()
    parts: dict[int, list[tuple[Durations, Outcomes]]] = {}
    for part in packs.parts(reach, "created", "closed", "status", "resolution"):
        here = _within(part["created"], begin, end) if period else slice(None)
        created, closed = part["created"][here], part["closed"][here]
        lasted = np.maximum(np.where(closed == NEVER, seen, closed), created) - created
        fixed = part["resolution"][here] == CODES["resolution"][Resolution.FIXED.value]
        done = part["status"][here] == CODES["status"][Status.DONE.value]
        outcomes = np.where(done, np.where(fixed, FIXED, SET_ASIDE), UNFINISHED).astype(np.int8)
        if asked.by is None:
            parts.setdefault(0, []).append((lasted, outcomes))
            continue
        keys = packs.keys(part)[here]
        for key in np.unique(keys).tolist():
            of_key = keys == key
            parts.setdefault(key, []).append((lasted[of_key], outcomes[of_key]))
    return {packs.key(key): _together(found) for key, found in parts.items()}


def _within(instants: Any, begin: int, end: int) -> Any:
    return np.flatnonzero((instants >= begin) & (instants < end))


def _together(found: list[tuple[Durations, Outcomes]]) -> tuple[Durations, Outcomes]:
    return np.concatenate([d for d, _ in found]), np.concatenate([o for _, o in found])


def _nothing() -> tuple[Durations, Outcomes]:
    return np.array([], dtype=np.int64), np.array([], dtype=np.int8)


def _curve(cohort: Cohort) -> Curve:
    return kaplan_meier(life_table(cohort.durations, cohort.outcomes, tuple(_KINDS)))


def _places(longest: int) -> Durations:
    """Return the durations to show a curve at, up to the first that is as long as the longest."""
    for step in _STEPS:
        if longest <= step * MOST_STEPS:
            return np.arange(0, longest + step, step, dtype=np.int64)
    found = [0]
    for until, step in _GROWING:
        found += range(found[-1] + step, until + 1, step)
        if found[-1] >= longest:
            break
    else:
        found += range(found[-1] + step, longest + step, step)
    places = np.array(found, dtype=np.int64)
    return places[: np.searchsorted(places, longest) + 1]


def _all_series(cohorts: list[Cohort], curves: list[Curve]) -> list[Series]:
    places = _places(max((int(c.durations.max()) for c in cohorts if len(c.durations)), default=0))
    return [
        one
        for cohort, curve in zip(cohorts, curves, strict=True)
        for one in _series(cohort, curve, places)
    ]


def _series(cohort: Cohort, curve: Curve, places: Durations) -> list[Series]:
    group, durations = cohort.group, cohort.durations
    steps = places[: _last_place(curve, durations, places) + 1]
    survival, lower, upper = curve.at(steps)
    at_risk = _at_least(durations, steps)
    unfinished = [
        _point(
            place,
            survival[n],
            cohort.link(*_lasting(place)),
            issues=int(at_risk[n]),
            lower=_number(lower[n]),
            upper=_number(upper[n]),
        )
        for n, place in enumerate(map(int, steps))
    ]
    found = [group.series("unfinished", unfinished)]
    reached = np.searchsorted(curve.table.times, steps, side="right")
    for kind, (name, is_it) in _KINDS.items():
        shares = np.concatenate(([0.0], cumulative_incidence(curve, kind)))[reached]
        numbers = np.concatenate(([0], np.cumsum(curve.table.ended[kind])))[reached]
        points = [
            _point(
                place,
                shares[n],
                cohort.link(is_it, Term("lead", "<=", (written(place),))),
                issues=int(numbers[n]),
            )
            for n, place in enumerate(map(int, steps))
        ]
        found.append(group.series(name, points))
    return [*found, *_medians(cohort, curve)]


def _medians(cohort: Cohort, curve: Curve) -> list[Series]:
    low, high = curve.quantile_interval(0.5)
    finished = cohort.durations[cohort.outcomes != UNFINISHED]
    honest = {
        "at": "median",
        "value": _seconds(curve.quantile(0.5)),
        "lower": _seconds(low),
        "upper": _seconds(high),
        "issues": len(cohort.durations),
        "open": cohort.link(),
    }
    naive = {
        "at": "median",
        "value": float(np.median(finished)) / _SECOND if len(finished) else None,
        "issues": len(finished),
        "open": cohort.link(_DONE),
    }
    return [
        cohort.group.series("median", [honest], unit="seconds"),
        cohort.group.series("naive median", [naive], unit="seconds"),
    ]


def _compared(cohorts: list[Cohort], curves: list[Curve]) -> dict[str, Any]:
    first, second = cohorts
    tables = [curve.table for curve in curves]
    found = log_rank(tables[0], tables[1], (first.durations, second.durations))
    together = found.observed + int(tables[1].ended_at_all.sum())
    return {
        "chi_square": found.chi_square,
        "p": found.p,
        "in_both": _in_both(first.asked, second.asked),
        "groups": [
            {
                "name": cohort.group.name,
                "considered": len(cohort.durations),
                "observed": int(table.ended_at_all.sum()),
                "expected": expected,
                "open": cohort.link(_DONE),
            }
            for cohort, table, expected in zip(
                cohorts, tables, (found.expected, together - found.expected), strict=True
            )
        ],
    }


def _in_both(first: Asked, second: Asked) -> int:
    apart = first.edges[-1] <= second.edges[0] or second.edges[-1] <= first.edges[0]
    if apart and _period(first) and _period(second):
        return 0  # nothing was created in both
    return _count(first, _chosen(first).intersect(_chosen(second)))


def _count(asked: Asked, chosen: Any) -> int:
    rows = select(func.count()).select_from(chosen.subquery())
    return asked.session.execute(rows).scalar_one()


def _chosen(asked: Asked) -> Select[*tuple[Any, ...]]:
    """Return the ids of the issues that are looked at."""
    c = asked.selection.relation.c
    return select(c.id).where(asked.selection.where, *_created(asked))


def _created(asked: Asked) -> list[ColumnElement[bool]]:
    """Return the condition that an issue was created in the period, where one is asked for."""
    created = asked.selection.relation.c.created_at
    return [created >= asked.edges[0], created < asked.edges[-1]] if _period(asked) else []


def _last_place(curve: Curve, durations: Durations, places: Durations) -> int:
    """Return where a curve ends: at the last duration that something has been seen to reach.

    One further where the last that was seen is an end: by then the curve has fallen.
    """
    if not len(durations):
        return 0
    longest, times = int(durations.max()), curve.table.times
    ends = len(times) > 0 and int(times[-1]) == longest
    reached = np.searchsorted(places, longest, side="left" if ends else "right")
    return int(reached) if ends else int(reached) - 1


def _at_least(durations: Durations, steps: Durations) -> Durations:
    return len(durations) - np.searchsorted(np.sort(durations), steps, side="left")


def _lasting(place: int) -> tuple[Any, ...]:
    """Return what a filter asks of issues that have lasted so long: done later, or open still."""
    if place == 0:
        return ()
    length = (written(place),)
    return (Or((Term("lead", ">=", length), Term("age", ">=", length))),)


def _point(place: int, value: Any, opened: dict[str, Any], **more: Any) -> Point:
    after = place / _SECOND
    return {"at": written(place), "after": after, "value": float(value), "open": opened, **more}


def written(length: int) -> str:
    """Return a length in microseconds as a filter writes it."""
    for unit, size in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE), ("s", _SECOND)):
        if length % size == 0:
            return f"{length // size}{unit}"
    return f"{length // _SECOND}.{length % _SECOND:06d}s"


def _seconds(length: int | None) -> float | None:
    return None if length is None else length / _SECOND


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
