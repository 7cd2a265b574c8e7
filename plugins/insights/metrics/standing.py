"""How many issues stood where when each period ended: cumulative flow, and the severity mix."""

from collections import Counter
from typing import Any

from sqlalchemy import func, select

from plugins.insights.asked import Asked, term, within
from plugins.insights.counting import Standing, place_of, standing_at_ends
from plugins.insights.fields import By
from plugins.insights.metric import Answered, Metric
from plugins.insights.splitting import groups, split
from plugins.issues.api import Severity, Status

SPLITS = frozenset({By.LABEL, By.ASSIGNEE, By.REPORTER, By.SEVERITY, By.PROJECT})


def _cumulative_flow(asked: Asked) -> Answered:
    moments = [asked.end_of(bucket) for bucket in asked.buckets]
    found = standing_at_ends(asked, ("status",))
    empty = [0] * len(moments)
    series = [
        group.series(
            status,
            [
                asked.point(bucket, number, *group.terms, term("status", status), as_of=moment)
                for bucket, moment, number in zip(
                    asked.buckets, moments, found.get((status, group.key), empty), strict=True
                )
            ],
        )
        for group in groups(asked, sizes_of(found))
        for status in map(str, Status)
    ]
    return Answered(series, sum(numbers[-1] for numbers in found.values()))


def sizes_of(found: Standing) -> dict[object, int]:
    """Return how large each group is: the most that its parts came to, taken together."""
    sizes: dict[object, int] = {}
    for (*_, key), numbers in found.items():
        sizes[key] = sizes.get(key, 0) + max(numbers)
    return sizes


def _severity_mix(asked: Asked) -> Answered:
    moments = [asked.end_of(bucket) for bucket in asked.buckets]
    unfinished: dict[tuple[Any, Any], list[int]] = {}
    for (status, severity, key), numbers in standing_at_ends(asked, ("status", "severity")).items():
        if status != Status.DONE:
            known = unfinished.setdefault((severity, key), [0] * len(moments))
            unfinished[severity, key] = [sum(both) for both in zip(known, numbers, strict=True)]
    arrived = _arrived(asked)
    sizes = Counter[Any]()
    for (_, key), numbers in unfinished.items():
        sizes[key] += max(numbers)
    for (_, key, _), number in arrived.items():
        sizes[key] += number
    series = []
    for group in groups(asked, sizes):
        for severity in (*reversed(Severity), None):
            name = "none" if severity is None else str(severity)
            terms = *group.terms, term("severity", name)
            there = unfinished.get((severity and str(severity), group.key), [0] * len(moments))
            series.append(
                group.series(
                    f"open {name}",
                    [
                        asked.point(bucket, number, *terms, term("is", "open"), as_of=moment)
                        for bucket, moment, number in zip(
                            asked.buckets, moments, there, strict=True
                        )
                    ],
                )
            )
        for severity in (*reversed(Severity), None):
            name = "none" if severity is None else str(severity)
            terms = *group.terms, term("severity", name)
            series.append(
                group.series(
                    f"arriving {name}",
                    [
                        asked.point(
                            bucket,
                            arrived[severity and str(severity), group.key, n],
                            *terms,
                            within("created", bucket),
                        )
                        for n, bucket in enumerate(asked.buckets)
                    ],
                )
            )
    last = sum(numbers[-1] for numbers in unfinished.values())
    return Answered(series, last + sum(arrived.values()))


def _arrived(asked: Asked) -> Counter[tuple[Any, Any, int]]:
    """Return how many issues of a severity and a group were created in which bucket."""
    if asked.packs is not None:
        from plugins.insights.quick.arriving import arrived

        return arrived(asked.packs, asked)
    relation = asked.selection.relation
    source, key = split(relation, asked.by)
    created = relation.c.created_at
    place = place_of(created, asked.edges).label("place")
    rows = asked.session.execute(
        select(relation.c.severity, key.label("key"), place, func.count())
        .select_from(source)
        .where(asked.selection.where, created >= asked.edges[0], created < asked.edges[-1])
        .group_by(relation.c.severity, key, place)
    ).all()
    return Counter({(severity, of, n): number for severity, of, n, number in rows})


CUMULATIVE_FLOW = Metric(
    name="cumulative-flow",
    title="Cumulative flow",
    definition="Issues at each status when the day, week or month ended, as the list shows them "
    "as of that instant. The height of a band is the work in progress there (Anderson, Kanban; "
    "Little's law relates it to throughput and lead time). Everything that a filter asks for is "
    "what it was then, and what was deleted since is left out from then on.",
    unit="issues",
    answer=_cumulative_flow,
    size="day",
    reach=90,
    splits=SPLITS,
)

SEVERITY_MIX = Metric(
    name="severity-mix",
    title="Severity mix",
    definition="Of each severity: how many issues were not done when the period ended, as the list "
    "shows them as of that instant, and how many were reported in the period, by the severity "
    "that they have at the instant looked at.",
    unit="issues",
    answer=_severity_mix,
    splits=SPLITS - {By.SEVERITY},
)
