"""The door of this plugin: what other plugins may use of it."""

from plugins.stats.buckets import Bucket, Size, buckets_asked, edges_of
from plugins.stats.counting import NO_SEVERITY
from plugins.stats.days import FIRST_DAY, day_of
from plugins.stats.queries import MOST_DAYS, count_cells
from plugins.stats.schemas import Day

__all__ = [
    "FIRST_DAY",
    "MOST_DAYS",
    "NO_SEVERITY",
    "Bucket",
    "Day",
    "Size",
    "buckets_asked",
    "count_cells",
    "day_of",
    "edges_of",
]
