"""What changed: process behaviour limits on the series of other metrics, and what they mark."""

from dataclasses import replace
from typing import Any

from plugins.insights.asked import Asked
from plugins.insights.fields import EITHER_CALENDAR, By
from plugins.insights.metric import Answered, Metric, Point, Series
from plugins.insights.metrics.of import metrics_of
from plugins.insights.statistics.behaviour import (
    FEWEST,
    Limits,
    Signal,
    natural_limits,
    signals,
)

_WATCHED = {
    "created-resolved": {"created", "resolved", "net", "backlog"},
    "lead-time": {"p50"},
}
"""What is looked at where no metric is asked for: the measures of each."""


def _signals(asked: Asked) -> Answered:
    series: list[Series] = []
    limits: list[dict[str, Any]] = []
    marked: list[dict[str, Any]] = []
    names, considered = [], 0
    default = tuple(name for name in _WATCHED if name in asked.metrics)
    for metric in metrics_of(asked, default):
        found = metric.answer(asked)
        names.append(metric.name)
        considered = max(considered, found.considered)
        for one in found.series:
            if asked.of is None and one.measure not in _WATCHED[metric.name]:
                continue
            if not all("to" in point for point in one.points):
                continue
            named = replace(one, unit=one.unit or metric.unit)
            of_it, signs = _of(named)
            limits.append(of_it)
            marked += [
                {
                    "series": named.name,
                    "at": named.points[sign.place]["at"],
                    "to": named.points[sign.place]["to"],
                    "value": named.points[sign.place]["value"],
                    "rule": sign.rule,
                    "side": sign.side,
                    "open": named.points[sign.place]["open"],
                }
                for sign in signs
            ]
            series.append(replace(named, points=_with_signals(named.points, signs)))
    return Answered(series, considered, {"of": names, "limits": limits, "signals": marked})


def _of(series: Series) -> tuple[dict[str, Any], list[Signal]]:
    # What is under way is not over yet: a week of one day is no week with few issues.
    values = [None if point["so_far"] else point["value"] for point in series.points]
    there = [value for value in values if value is not None]
    found = natural_limits(values)
    described: dict[str, Any] = {
        "series": series.name,
        "values": len(there),
        "mean": None,
        "moving_range": None,
        "lower": None,
        "upper": None,
        "says": None,
    }
    if found is None:
        described["says"] = (
            f"{len(there)} {'value' if len(there) == 1 else 'values'} so far; fewer than {FEWEST} "
            "have no limits"
        )
        return described, []
    described |= {
        "mean": found.mean,
        "moving_range": found.moving_range,
        "lower": _lower(series, found),
        "upper": found.upper,
    }
    return described, signals(values, found)


def _lower(series: Series, limits: Limits) -> float | None:
    """Return the lower limit, None where it lies below 0 of what cannot."""
    return limits.lower if limits.lower > 0 or series.measure == "net" else None


def _with_signals(points: list[Point], found: list[Signal]) -> list[Point]:
    rules: dict[int, list[str]] = {}
    for sign in found:
        rules.setdefault(sign.place, []).append(f"{sign.rule} {sign.side}")
    return [
        {**point, "signals": rules[n]} if n in rules else point for n, point in enumerate(points)
    ]


SIGNALS = Metric(
    name="signals",
    title="What changed",
    definition="Process behaviour limits of a series: its mean plus and minus 2.66 times the mean "
    "moving range between one value and the next (the XmR chart: Shewhart; Wheeler, Understanding "
    "Variation, 1993). What lies within them is what the process does by itself. Marked are "
    "values beyond the limits, and each of eight or more in a row on the same side of the mean "
    f"(Western Electric 1956). A bucket under way is left out, and fewer than {FEWEST} values have "
    "no limits. A lower limit below 0 is none where values cannot be. The backlog is a sum of all "
    "weeks before, so that runs are to be expected there; the net shows when it began to grow. By "
    "default created, resolved, net, the backlog and the median of lead times; with `of` all "
    "series of any metric that has one number for each bucket.",
    unit="issues",
    answer=_signals,
    splits=frozenset(By),
    calendars=EITHER_CALENDAR,
)
