"""The kinds of values that insights are asked by."""

from enum import StrEnum
from typing import Literal

from plugins.stats.api import Size

Pieces = Size | Literal["all"]
"""How a range is cut into buckets; `all`: it is not."""


class By(StrEnum):
    """What a metric can be split by."""

    LABEL = "label"
    ASSIGNEE = "assignee"
    REPORTER = "reporter"
    SEVERITY = "severity"
    PROJECT = "project"
    RESOLUTION = "resolution"
    STATUS = "status"


class Calendar(StrEnum):
    """Which time durations are made of: all of it, or without days off."""

    ALL = "all"
    BUSINESS = "business"


EITHER_CALENDAR = frozenset(Calendar)
"""Of metrics whose durations can leave out days off."""


class Show(StrEnum):
    """What of durations is shown: percentiles of each bucket, every issue, or how many took how
    long.
    """

    PERCENTILES = "percentiles"
    SCATTER = "scatter"
    HISTOGRAM = "histogram"
