"""What came and what was done: created and resolved with the backlog, and throughput."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import func, select

from plugins.insights.asked import Asked, term, within
from plugins.insights.counting import place_of
from plugins.insights.fields import By
from plugins.insights.metric import Answered, Metric, Point, Series
from plugins.insights.splitting import Group, groups, split
from plugins.issues.api import Not, Or

SPLITS = frozenset(By)
_NEVER = 1_000_000
"""The bucket of what has not happened: after all others."""


def _created_resolved(asked: Asked) -> Answered:
    last = len(asked.buckets)
    came, went, either, left = Counter(), Counter(), Counter(), Counter()  # type: ignore[var-annotated]
    sizes: Counter[Any] = Counter()
    for row in _created_and_closed(asked):
        done = _NEVER if row.closed is None else row.closed
        came[row.key, row.created] += row.number
        went[row.key, done] += row.number
        # Gone from the backlog when it has come and is done, whichever is later.
        left[row.key, max(row.created, done)] += row.number
        for place in {row.created, done}:
            either[row.key, place] += row.number
        if row.created >= 0 or 0 <= done < last:
            sizes[row.key] += row.number
    series: list[Series] = []
    for group in groups(asked, sizes):
        series += _of_group(asked, group, came, went, either, left)
    return Answered(series, sizes.total())


def _created_and_closed(asked: Asked) -> Iterable[Any]:
    """Return how many issues of a group were created in which bucket and closed in which."""
    if asked.packs is not None:
        from plugins.insights.quick.arriving import created_and_closed

        return created_and_closed(asked.packs, asked)
    relation = asked.selection.relation
    source, key = split(relation, asked.by)
    created = place_of(relation.c.created_at, asked.edges).label("created")
    closed = place_of(relation.c.closed_at, asked.edges).label("closed")
    return asked.session.execute(
        select(key.label("key"), created, closed, func.count().label("number"))
        .select_from(source)
        .where(asked.selection.where, relation.c.created_at < asked.edges[-1])
        .group_by(key, created, closed)
    ).all()


def _of_group(asked: Asked, group: Group, *found: Counter[Any]) -> list[Series]:
    came, went, either, left = found
    grown = [came[group.key, n] - left[group.key, n] for n in range(-1, len(asked.buckets))]
    created: list[Point] = []
    resolved, net, backlog, index = list(created), list(created), list(created), list(created)
    for n, (bucket, there) in enumerate(
        zip(asked.buckets, list(accumulate(grown))[1:], strict=True)
    ):
        new, done = came[group.key, n], went[group.key, n]
        is_new, is_done = within("created", bucket), within("closed", bucket)
        moved = Or((is_new, is_done)), *group.terms
        issues = either[group.key, n]
        created.append(asked.point(bucket, new, *group.terms, is_new))
        resolved.append(asked.point(bucket, done, *group.terms, is_done))
        net.append(asked.point(bucket, new - done, *moved, issues=issues))
        gone = Not(term("closed", f"..{bucket.last}"))
        come = term("created", f"..{bucket.last}")
        backlog.append(asked.point(bucket, there, *group.terms, come, gone))
        ratio = done / new if new else None
        index.append(asked.point(bucket, ratio, *moved, issues=issues))
    return [
        group.series("created", created),
        group.series("resolved", resolved),
        group.series("net", net),
        group.series("backlog", backlog),
        group.series("bmi", index, unit="ratio"),
    ]


def _throughput(asked: Asked) -> Answered:
    rows = _done(asked)
    numbers = Counter({(row.key, row.place): row.number for row in rows})
    sizes: Counter[Any] = Counter()
    for row in rows:
        sizes[row.key] += row.number
    series = [
        group.series(
            "done",
            [
                asked.point(bucket, numbers[group.key, n], *group.terms, within("closed", bucket))
                for n, bucket in enumerate(asked.buckets)
            ],
            alone=True,
        )
        for group in groups(asked, sizes)
    ]
    return Answered(series, sizes.total())


def _done(asked: Asked) -> Sequence[Any]:
    """Return how many issues of a group were closed in which bucket."""
    if asked.packs is not None:
        from plugins.insights.quick.arriving import done

        return list(done(asked.packs, asked))
    relation = asked.selection.relation
    source, key = split(relation, asked.by)
    closed = relation.c.closed_at
    place = place_of(closed, asked.edges).label("place")
    return asked.session.execute(
        select(key.label("key"), place, func.count().label("number"))
        .select_from(source)
        .where(asked.selection.where, closed >= asked.edges[0], closed < asked.edges[-1])
        .group_by(key, place)
    ).all()


CREATED_RESOLVED = Metric(
    name="created-resolved",
    title="Created and resolved",
    definition="Created: issues reported in the period. Resolved: issues whose entry to done lies "
    "in the period and still stands at the instant looked at; one that was reopened is not "
    "resolved. Net: created less resolved. Backlog: issues created up to the end of the period "
    "and not resolved by then, so that it grows by the net of each period. BMI: resolved ÷ "
    "created, the backlog management index (Kan, Metrics and Models in Software Quality "
    "Engineering, 2nd ed., 4.4.1); 1 keeps the backlog as it is. Issues New and Issues Closed in "
    "CHAOSS. Fields such as labels are those of the instant looked at.",
    unit="issues",
    answer=_created_resolved,
    splits=SPLITS,
)

THROUGHPUT = Metric(
    name="throughput",
    title="Throughput",
    definition="Issues whose entry to done lies in the period and still stands at the instant "
    "looked at. Periods without any count as 0: they belong to the distribution (The Kanban "
    "Guide; Vacanti, Actionable Agile Metrics for Predictability).",
    unit="issues",
    answer=_throughput,
    size="day",
    reach=60,
    splits=SPLITS,
)
