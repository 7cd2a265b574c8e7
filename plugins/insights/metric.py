"""What a metric is, and what it answers: data that the service turns into the one shape."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plugins.insights.fields import By, Calendar
from plugins.stats.api import Size

if TYPE_CHECKING:
    from plugins.insights.asked import Asked

Point = dict[str, Any]
"""`at`, `value`, `open`, and whatever else a metric says of a number; see `schemas.Point`."""


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one kind. `measure` and `group` say what its name is made of, for a split.

    `unit` is that of its values where it is not the metric's.
    """

    name: str
    points: list[Point]
    measure: str | None = None
    group: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What a metric found; `considered` is how many issues stand behind all of it.

    `more` are fields of the answer that only this metric has; `schemas.Insight` knows them.
    """

    series: list[Series]
    considered: int
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    - `definition`: what it counts and where the definition is from, in full sentences.
    - `unit`: of its values: `issues`, `seconds` or `ratio`.
    - `size`: the buckets where none are asked for; None: the whole time as one.
    - `reach`: how many buckets there are where no first day is asked for; `days`: how many days,
      of a metric without a `size`; 0: all there ever were.
    - `splits`: what it can be split by.
    - `calendars`: which time it can be made of.
    """

    name: str
    title: str
    definition: str
    unit: str
    answer: "Callable[[Asked], Answered]"
    size: Size | None = "week"
    reach: int = 26
    days: int = 0
    splits: frozenset[By] = frozenset()
    calendars: frozenset[Calendar] = frozenset({Calendar.ALL})
