"""The scheduled job: it keeps the tallies short."""

from datetime import timedelta

from issue_insight.plugin.manifest import Job
from plugins.issues import totals

FOLD = Job(
    "issues.tallies",
    totals.fold,
    every=timedelta(minutes=5),
    summary="Add up the tallies that totals are taken from",
)
