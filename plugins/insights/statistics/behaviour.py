"""Process behaviour charts: what a series does by itself, and where it does something else.

The XmR chart (Shewhart; Wheeler, Understanding Variation, 1993): limits at the mean plus and minus
2.66 times the mean moving range. Two of Wheeler's rules are marked: a value beyond the limits, and
eight successive values on the same side of the mean (the runs rule of the Western Electric
Statistical Quality Control Handbook, 1956). More rules would mark more chance as news.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

SCALE = 2.66
"""Three standard deviations in mean moving ranges: 3 / 1.128 (d2 for pairs)."""

FEWEST = 10
"""Limits of fewer values say more about chance than about the process."""

RUN = 8
"""So many in a row on one side are a signal; by chance one in 128."""

Rule = Literal["beyond_limits", "run"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The mean, the mean moving range, and the limits that follow from them."""

    mean: float
    moving_range: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Signal:
    """A place of the series that a rule marks, and on which side of the mean it lies."""

    place: int
    rule: Rule
    side: Literal["above", "below"]


def natural_limits(values: Sequence[float | None]) -> Limits | None:
    """Return the limits of a series; None where there are too few values.

    None in the series is what has no value, such as the median of a week in which nothing was
    finished; moving ranges go from one value to the next that there is.
    """
    there = [value for value in values if value is not None]
    if len(there) < FEWEST:
        return None
    mean = sum(there) / len(there)
    moving_range = sum(abs(b - a) for a, b in pairwise(there)) / (len(there) - 1)
    return Limits(mean, moving_range, mean - SCALE * moving_range, mean + SCALE * moving_range)


def signals(values: Sequence[float | None], limits: Limits) -> list[Signal]:
    """Return what the rules mark, in the order of the series.

    A value on the mean is on neither side and ends a run. All values of a run are marked.
    """
    # The mean itself is computed: a value that equals it is not above it by a rounding.
    slack = 1e-9 * max(abs(limits.lower), abs(limits.upper), 1.0)
    found = []
    for place, value in enumerate(values):
        if value is None:
            continue
        if value > limits.upper + slack:
            found.append(Signal(place, "beyond_limits", "above"))
        elif value < limits.lower - slack:
            found.append(Signal(place, "beyond_limits", "below"))
    sides = [
        (place, 0 if abs(value - limits.mean) <= slack else 1 if value > limits.mean else -1)
        for place, value in enumerate(values)
        if value is not None
    ]
    for side, members in groupby(sides, key=lambda one: one[1]):
        run = [place for place, _ in members]
        if side and len(run) >= RUN:
            found += [Signal(place, "run", "above" if side > 0 else "below") for place in run]
    return sorted(found, key=lambda signal: (signal.place, signal.rule))
