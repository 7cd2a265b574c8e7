"""What comes in and goes out over HTTP."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from issue_insight.http.schema import Instant, Model
from plugins.insights.fields import By, Calendar, Pieces, Show
from plugins.issues.api import AsOf
from plugins.stats.api import Day, Size

Unit = Literal["issues", "seconds", "ratio"]
Count = Annotated[int, Field(ge=0)]


def _absent(value: Any) -> bool:
    return value is None


class InsightQuery(Model):
    """Which issues, which days, and how the numbers are put together."""

    q: Annotated[
        str,
        Field(
            description="A filter, as for the list of issues.",
            examples=["label:ui severity>=high"],
        ),
    ] = ""
    from_: Day | None = Field(
        default=None,
        alias="from",
        description="A day of the first bucket; by default as many as make a good chart.",
        examples=["2026-01-01"],
    )
    to: Day | None = Field(
        default=None,
        description="A day of the last bucket; by default, and at the latest, today.",
        examples=["2026-01-31"],
    )
    bucket: Pieces | None = Field(
        default=None,
        description="Days, weeks from Monday, months, or `all` of the range as one; each metric "
        "has a default.",
    )
    as_of: AsOf = None
    by: By | None = Field(
        default=None, description="Split the numbers by this; the metric says by what it can be."
    )
    calendar: Calendar = Field(
        default=Calendar.ALL,
        description="With `business`, durations leave out the days off of the instance.",
    )
    show: Show = Field(
        default=Show.PERCENTILES,
        description="Of durations: percentiles of each bucket, every issue as a dot, or how many "
        "issues took how long.",
    )
    of: Annotated[str, Field(max_length=40)] | None = Field(
        default=None,
        description="The metric that `compare` and `signals` look at.",
        examples=["created-resolved"],
    )
    compare_q: str | None = Field(
        default=None, description="The filter to compare with; by default the same."
    )
    compare_from: Day | None = Field(
        default=None, description="The first day of the period to compare with."
    )
    compare_to: Day | None = Field(
        default=None, description="The last day of the period to compare with."
    )
    compare_as_of: AsOf = None


class Opened(Model):
    """What opens the issues behind a number: `GET /api/v1/issues?q=…&as_of=…`."""

    q: str
    as_of: Instant


class Point(Model):
    """A number. What a metric does not say of its numbers is left out."""

    at: str = Field(description="The first day of the bucket, the instant of a dot, or a range.")
    value: float | int | None = Field(description="Null where there is no issue to tell of.")
    open: Opened
    to: str | None = Field(
        default=None, description="The last day of the bucket.", exclude_if=_absent
    )
    so_far: bool | None = Field(
        default=None, description="Whether the bucket is still under way.", exclude_if=_absent
    )
    issue: str | None = Field(
        default=None, description="The key of the issue that a dot is.", exclude_if=_absent
    )
    issues: Count | None = Field(
        default=None, description="How many issues the number is made of.", exclude_if=_absent
    )
    running: float | int | None = Field(
        default=None,
        description="The part of it that comes from what is not over yet.",
        exclude_if=_absent,
    )
    lower: float | int | None = Field(
        default=None, description="The lower end of its interval.", exclude_if=_absent
    )
    upper: float | int | None = Field(
        default=None, description="The upper end of its interval.", exclude_if=_absent
    )
    after: float | int | None = Field(
        default=None,
        description="Of a duration: how many seconds after its beginning.",
        exclude_if=_absent,
    )
    signals: list[str] | None = Field(
        default=None,
        description="What a rule marks the number for: `beyond_limits above`, `run below`.",
        exclude_if=_absent,
    )


class Series(Model):
    """Numbers of one kind, in order."""

    name: str
    measure: str | None = Field(
        default=None, description="What is measured, where a metric measures several things."
    )
    group: str | None = Field(default=None, description="Of which issues, where they are split.")
    unit: Unit
    points: list[Point]


class Compared(Model):
    """One of two groups of issues."""

    name: str
    considered: Count
    observed: Count = Field(description="How many are done.")
    expected: float = Field(description="How many would be done, were the groups alike.")
    open: Opened = Field(description="Those that are done.")


class LogRank(Model):
    """The log-rank test of two groups; null where nothing can be compared."""

    chi_square: float | None
    p: float | None = Field(description="How likely such a difference is by chance alone.")
    in_both: Count = Field(
        description="How many issues are in both groups: the test takes them as apart, and says "
        "less the more there are."
    )
    groups: list[Compared]


class Limits(Model):
    """What a series does by itself."""

    series: str
    values: Count = Field(description="How many buckets have a value, the one under way left out.")
    mean: float | None
    moving_range: float | None = Field(description="The mean of the moving ranges.")
    lower: float | None
    upper: float | None
    says: str | None = Field(description="Why there are no limits.")


class Signal(Model):
    """A number that a rule marks."""

    series: str
    at: str
    to: str
    value: float | int
    rule: Literal["beyond_limits", "run"]
    side: Literal["above", "below"]
    open: Opened


class Keys(Model):
    """Issues by their keys: how many, and the first of them by number."""

    count: Count
    keys: list[str]
    complete: bool = Field(description="Whether `keys` are all of them.")
    open: Opened | None = Field(
        description="What opens all of them; null where there are none, or where they are too many "
        "for their keys and the two links are of two instants."
    )


class ChangedIssue(Model):
    """An issue that is behind both numbers and is not the same."""

    key: str
    fields: list[str] = Field(description="What of it differs.")


class Changes(Keys):
    """Issues that are behind both numbers, and changed between the two instants."""

    items: list[ChangedIssue]


class Difference(Model):
    """A number at two instants or of two periods."""

    series: str
    value: float | int | None
    compared: float | int | None = Field(description="The number that it is compared with.")
    difference: float | int | None
    open: Opened
    compared_open: Opened
    entered: Keys = Field(description="Behind the number, and not behind the other.")
    left: Keys = Field(description="The other way round.")
    changed: Changes


class Summary(Point):
    """A number of the whole range: of a percentile, where buckets do not add up to it."""

    name: str


class Insight(Model):
    """The numbers of a metric, with everything needed to read them."""

    metric: str = Field(examples=["cumulative-flow"])
    title: str
    definition: str = Field(description="What is counted, and where the definition is from.")
    unit: Unit
    q: str = Field(description="The filter, in its canonical form.")
    as_of: Instant = Field(description="The instant that is looked at.")
    time_zone: str = Field(description="Where days begin and end.", examples=["Europe/Berlin"])
    from_: date = Field(alias="from")
    to: date
    bucket: Size | None = None
    by: By | None = None
    calendar: Calendar
    considered: Count = Field(
        description="How many issues stand behind the numbers; split by label, one counts for each "
        "of its labels."
    )
    computed_at: Instant
    series: list[Series]
    of: list[str] | None = Field(
        default=None, description="The metrics looked at.", exclude_if=_absent
    )
    log_rank: LogRank | None = Field(default=None, exclude_if=_absent)
    limits: list[Limits] | None = Field(default=None, exclude_if=_absent)
    signals: list[Signal] | None = Field(default=None, exclude_if=_absent)
    differences: list[Difference] | None = Field(default=None, exclude_if=_absent)
    summary: list[Summary] | None = Field(
        default=None, description="The same of the whole range.", exclude_if=_absent
    )


class MetricRead(Model):
    """A metric."""

    name: str
    title: str
    definition: str
    unit: Unit
    splits: list[By]
    calendars: list[Calendar] = Field(description="Which time its durations can be made of.")


class Catalogue(Model):
    """Every metric."""

    items: list[MetricRead]
    days_off: list[str] = Field(
        description="Days of the week, and dates, that the business calendar leaves out.",
        examples=[["sat", "sun", "2026-12-25"]],
    )
