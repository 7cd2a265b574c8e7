"""The scheduled job: it keeps few issues outside of packs."""

from datetime import timedelta

from sqlalchemy.orm import Session

from issue_insight.plugin.manifest import Job


def _pack(session: Session) -> object:
    # Here, so that a process that runs no jobs and is asked for no metric holds no numpy.
    from plugins.insights.packing import pack

    return pack(session)


PACK = Job(
    "insights.pack",
    _pack,
    every=timedelta(minutes=1),
    summary="Pack the issues that have changed, for metrics to read",
)
