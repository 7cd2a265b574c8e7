"""The scheduled job: it keeps the daily counts up to date."""

from datetime import timedelta

from flask import current_app
from sqlalchemy.orm import Session

from issue_insight.plugin.manifest import Job
from plugins.stats import services


def _aggregate(session: Session) -> services.Aggregated:
    return services.aggregate(session, current_app.extensions["issue_insight"].settings.zone)


AGGREGATE = Job(
    "stats.aggregate",
    _aggregate,
    every=lambda settings: timedelta(minutes=settings.stats_every_minutes),
    summary="Count the issues of today so far, and of every day that is missing",
)
