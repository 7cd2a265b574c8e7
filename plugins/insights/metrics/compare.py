"""A metric at two instants or of two periods: what differs, and which issues make it so."""

from dataclasses import replace
from typing import Any

from issue_insight.errors import FieldError, Invalid
from plugins.insights.asked import Asked, preceding
from plugins.insights.difference import Differences, Opened
from plugins.insights.fields import EITHER_CALENDAR, By
from plugins.insights.metric import Answered, Metric, Point, Series
from plugins.insights.metrics.of import metrics_of
from plugins.stats.api import FIRST_DAY, Bucket

_DEFAULT = ("created-resolved",)
MOST_NUMBERS = 60
"""So many numbers are compared for one request: each takes the lists behind it."""


def _compare(asked: Asked) -> Answered:
    metrics = metrics_of(asked, _DEFAULT)
    whole = Bucket(asked.buckets[0].first, asked.buckets[-1].last)
    asked = replace(asked, buckets=[whole], size=None)
    other = asked.compared() if asked.other.is_asked_for else _preceding(asked)
    series: list[Series] = []
    found: list[dict[str, Any]] = []
    differences = Differences(asked)
    considered = 0
    for metric in metrics:
        now, then = metric.answer(asked), metric.answer(other)
        considered = max(considered, now.considered + then.considered)
        before = {one.name: one for one in then.series if len(one.points) == 1}
        for one in now.series:
            if len(one.points) != 1 or one.name not in before:
                continue
            [point], [compared] = one.points, before[one.name].points
            series.append(replace(one, unit=one.unit or metric.unit, points=[compared, point]))
            found.append(_difference(differences, one.name, point, compared))
            if len(found) > MOST_NUMBERS:
                raise Invalid(
                    "These are too many numbers to compare.",
                    [FieldError("?by", f"makes more than {MOST_NUMBERS} numbers")],
                )
    names = [metric.name for metric in metrics]
    return Answered(series, considered, {"of": names, "differences": found})


def _preceding(asked: Asked) -> Asked:
    """Return the same question of the period before, of the same length."""
    [bucket] = asked.buckets
    before = preceding(bucket)
    if bucket.first <= FIRST_DAY or before.first < FIRST_DAY:
        raise Invalid(
            "There is nothing to compare with.",
            [
                FieldError(
                    "?compare_from",
                    "say what to compare with: compare_as_of, compare_q, compare_from and "
                    "compare_to, or from for the period before it",
                )
            ],
        )
    return replace(asked, buckets=[before])


def _difference(
    differences: Differences, name: str, point: Point, compared: Point
) -> dict[str, Any]:
    values = point["value"], compared["value"]
    return {
        "series": name,
        "value": values[0],
        "compared": values[1],
        "difference": None if None in values else values[0] - values[1],
        "open": point["open"],
        "compared_open": compared["open"],
        **differences.between(_opened(point), _opened(compared)),
    }


def _opened(point: Point) -> Opened:
    issues = point.get("issues")
    return Opened(point["open"], point["value"] if issues is None else issues)


COMPARE = Metric(
    name="compare",
    title="Compare",
    definition="The numbers of a metric (`of`, by default created-resolved) and those of another "
    "question: as of another instant (`compare_as_of`), of another period (`compare_from`, "
    "`compare_to`; by default the one before, of the same length) or with another filter "
    "(`compare_q`). Entered are the issues behind the number that are not behind the one it is "
    "compared with, left the other way round; changed are those behind both that were changed in "
    "between, with the fields that are not what they were. Of each, how many, the keys of the "
    "first hundred, and what opens all of them: of one instant a filter, whatever their number; "
    "of two instants their keys, where there are no more than a hundred.",
    unit="issues",
    answer=_compare,
    size=None,
    splits=frozenset(By),
    calendars=EITHER_CALENDAR,
)
