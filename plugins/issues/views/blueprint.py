"""The blueprint of issues, and what its views share."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import current_app

from issue_insight.http.blueprint import Blueprint
from plugins.issues.relations import parse_as_of

blp = Blueprint("issues", __name__, description="Issues, their comments and their history.")


def instance_zone() -> ZoneInfo:
    """Return the time zone of the instance."""
    zone: ZoneInfo = current_app.extensions["issue_insight"].settings.zone
    return zone


def as_of_asked(text: str | None) -> datetime | None:
    """Return the instant that is asked for. Raises `Invalid`."""
    return parse_as_of(text, instance_zone())


def change_set_header(change_set: UUID | None) -> dict[str, str]:
    """Say in a header which change-set to undo; nothing where nothing was changed."""
    return {} if change_set is None else {"Change-Set": str(change_set)}
