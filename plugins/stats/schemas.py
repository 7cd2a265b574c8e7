"""What comes in and goes out over HTTP."""

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from issue_insight.http.schema import Instant, Model
from plugins.issues.api import AsOf
from plugins.stats.buckets import Size


def _written_out(value: object) -> object:
    """Refuse what else would do for a date: seconds since 1970, instants, weeks of years."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise ValueError("write a date like 2026-01-31")
    return day


Day = Annotated[date, BeforeValidator(_written_out, json_schema_input_type=date)]
Count = Annotated[int, Field(ge=0)]


class ByStatus(Model):
    """How many stand at each status."""

    open: Count = 0
    triaged: Count = 0
    in_progress: Count = 0
    done: Count = 0


class BySeverity(Model):
    """How many are of each severity; `none` are those without one."""

    low: Count = 0
    medium: Count = 0
    high: Count = 0
    critical: Count = 0
    none: Count = 0


class Assignee(Model):
    """Whom issues are assigned to."""

    id: int
    name: str


class AssigneeCount(Model):
    """How many issues one person has; null are those that nobody has."""

    assignee: Assignee | None
    count: Count


class LabelCount(Model):
    """How many issues bear a label."""

    label: str
    count: Count


class StatsNowQuery(Model):
    """Which issues to count."""

    q: Annotated[
        str,
        Field(
            description="A filter, as for the list of issues.",
            examples=["status:open severity>=high"],
        ),
    ] = ""
    as_of: AsOf = None


class StatsNow(Model):
    """How many issues there are: exactly those that the list shows for the same `q` and `as_of`."""

    total: Count
    by_status: ByStatus
    by_severity: BySeverity
    by_assignee: list[AssigneeCount] = Field(description="The most issues first.")
    by_label: list[LabelCount] = Field(
        description="The most issues first. An issue counts once for each of its labels."
    )
    as_of: Instant = Field(description="The instant that was counted.")


class DailyStatsQuery(Model):
    """Which days, of which project."""

    from_: Day | None = Field(
        default=None,
        alias="from",
        description="The first day; by default 29 days before the last.",
        examples=["2026-01-01"],
    )
    to: Day | None = Field(
        default=None,
        description="The last day; by default, and at the latest, today.",
        examples=["2026-01-31"],
    )
    project: Annotated[str, Field(max_length=20)] | None = Field(
        default=None,
        description="The key of the only project to count; by default all.",
        examples=["WEB"],
    )

    q: Annotated[
        str,
        Field(
            description="A filter, as for the list of issues; what it measures from now, it "
            "measures from the end of each day.",
            examples=["label:ui severity>=high"],
        ),
    ] = ""
    as_of: AsOf = None
    every: Size = Field(
        default="day", description="Leave out all days but the last of each week or month."
    )


class DailyStatsRow(Model):
    """How many issues there were at the end of a day."""

    day: date
    so_far: bool = Field(description="Whether the day is still under way, or was `as_of`.")
    total: Count
    by_status: ByStatus
    by_severity: BySeverity


class DailyStats(Model):
    """The counts of days, the oldest first; days of which nothing is known yet are left out."""

    items: list[DailyStatsRow]
    time_zone: str = Field(
        description="The time zone in which days begin and end.", examples=["Europe/Berlin"]
    )
    computed_at: Instant = Field(
        description="When the oldest of these numbers were counted; none of them has changed since."
    )


class FlowQuery(Model):
    """Which issues, and which days."""

    from_: Day | None = Field(
        default=None,
        alias="from",
        description="A day of the first bucket; by default there are about 26 buckets.",
        examples=["2026-01-01"],
    )
    to: Day | None = Field(
        default=None,
        description="A day of the last bucket; by default, and at the latest, today.",
        examples=["2026-01-31"],
    )
    bucket: Size = Field(default="week", description="Days, weeks from Monday, or months.")
    q: Annotated[
        str,
        Field(description="A filter, as for the list of issues.", examples=["label:ui"]),
    ] = ""
    as_of: AsOf = None


class FlowRow(Model):
    """How many issues came and how many were done, of the issues as they stand."""

    from_: date = Field(alias="from", description="The first day.")
    to: date = Field(description="The last day.")
    so_far: bool = Field(description="Whether the last day was not over at the instant counted.")
    created: Count = Field(description="What the list shows with `created:FROM..TO` in the filter.")
    resolved: Count = Field(
        description="What the list shows with `closed:FROM..TO` in the filter: without those that "
        "were reopened since."
    )


class Flow(Model):
    """What came and went, the oldest first."""

    items: list[FlowRow]
    time_zone: str = Field(
        description="The time zone in which days begin and end.", examples=["Europe/Berlin"]
    )
    as_of: Instant = Field(description="The instant that was counted.")
