"""The door of this plugin: what other plugins may use of it."""

from plugins.stats.buckets import Bucket, Size, bucket_of, buckets_between
from plugins.stats.days import FIRST_DAY, day_of
from plugins.stats.queries import count_days
from plugins.stats.schemas import Day

__all__ = [
    "FIRST_DAY",
    "Bucket",
    "Day",
    "Size",
    "bucket_of",
    "buckets_between",
    "count_days",
    "day_of",
]
