"""The scheduled job: it clears what broken uploads and removals have left behind."""

from datetime import timedelta

from flask import current_app
from sqlalchemy.orm import Session

from issue_insight.plugin.manifest import Job
from plugins.attachments import sweeping


def _sweep(session: Session) -> sweeping.Swept:
    return sweeping.sweep(session, current_app.extensions["issue_insight"].storage)


SWEEP = Job(
    "attachments.sweep",
    _sweep,
    every=timedelta(hours=1),
    summary="Clear what broken uploads and removals have left; note files that are missing",
)
