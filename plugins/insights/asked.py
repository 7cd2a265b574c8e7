"""What is asked of a metric, read and checked: the filter, the instants, the buckets, the links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import FromClause
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from plugins.insights.calendar import Stretch, calendar, stretches
from plugins.insights.fields import By, Calendar, Show
from plugins.insights.metric import Metric, Point
from plugins.issues.api import Query, Selection, Term, end_of_day, narrowed, select_issues
from plugins.stats.api import Bucket, Size, buckets_asked, day_of, edges_of

if TYPE_CHECKING:
    from plugins.insights.packed import Packs

LONGEST_FILTER = 1_800
"""Characters of a filter: the rest of what a filter may have is for the terms of links."""


@dataclass(frozen=True, slots=True)
class Other:
    """What a question is compared with: what is None there is as in the question itself."""

    q: str | None = None
    first: date | None = None
    last: date | None = None
    as_of: datetime | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether anything is compared at all."""
        return self != NOTHING_ELSE


NOTHING_ELSE = Other()


@dataclass(frozen=True)
class Asked:
    """A question to a metric.

    `as_of` is None for the present, of which `seen` is the instant. All of it is read in one
    transaction that sees one state of the database.
    """

    session: Session
    principal: Principal
    zone: ZoneInfo
    q: str
    as_of: datetime | None
    seen: datetime
    buckets: Sequence[Bucket]
    size: Size | None
    by: By | None
    calendar: Calendar
    days_off: tuple[str, ...]
    show: Show
    other: Other = NOTHING_ELSE
    of: str | None = None
    """The metric that a metric of metrics, such as `compare`, is asked of."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    pointer: str = "?q"
    """Where in the request the filter stood."""

    @cached_property
    def selection(self) -> Selection:
        """The issues that the filter selects, now or as of the instant. Raises `Invalid`."""
        return self.selection_at(self.as_of)

    @cached_property
    def query(self) -> Query:
        """The filter."""
        return self.selection.query

    @cached_property
    def packs(self) -> "Packs | None":
        """The same issues in packs, which are quicker to read; None where these cannot tell."""
        # Here, so that a process that is never asked for a metric holds no numpy.
        from plugins.insights.packed import packs

        return packs(self)

    def selection_at(self, instant: datetime | None) -> Selection:
        """Return the issues that the filter selects as of another instant."""
        return select_issues(
            self.session, self.principal, self.q, instant, self.zone, pointer=self.pointer
        )

    def compared(self) -> "Asked":
        """Return the other question, where this one is to be compared with it. Raises `Invalid`."""
        other, buckets = self.other, self.buckets
        if other.first is not None or other.last is not None:
            buckets = buckets_asked(
                1,
                other.first,
                other.last,
                None,
                self.today,
                pointers=("?compare_from", "?compare_to"),
            )
        found = replace(
            self,
            q=self.q if other.q is None else other.q,
            pointer="?q" if other.q is None else "?compare_q",
            as_of=other.as_of or self.as_of,
            seen=other.as_of or self.seen,
            buckets=buckets,
            other=NOTHING_ELSE,
        )
        _ = found.query
        return found

    @cached_property
    def edges(self) -> list[datetime]:
        """Where each bucket begins, and where the last one ends."""
        return edges_of(self.buckets, self.zone)

    @property
    def stretches(self) -> tuple[Stretch, ...] | None:
        """The stretches of days on and days off; None where all time counts."""
        if self.calendar is Calendar.ALL:
            return None
        return stretches(self.days_off, self.zone, self.today)

    @cached_property
    def work(self) -> FromClause | None:
        """The same as one row, to be joined to whatever is measured."""
        return None if self.stretches is None else calendar(self.stretches)

    @property
    def whole(self) -> Bucket:
        """All buckets as one."""
        return Bucket(self.buckets[0].first, self.buckets[-1].last)

    @property
    def today(self) -> date:
        """The day that is under way at the instant that is seen."""
        return day_of(self.seen, self.zone)

    def end_of(self, bucket: Bucket) -> datetime:
        """Return the last instant of a bucket, of the one under way the instant that is seen."""
        return min(end_of_day(bucket.last, self.zone), self.seen)

    def link(self, *terms: Any, as_of: datetime | None = None) -> dict[str, Any]:
        """Return what opens the selected issues that `terms` hold of, as of an instant."""
        return {"q": narrowed(self.query, *terms), "as_of": as_of or self.seen}

    def point(
        self, bucket: Bucket, value: Any, *terms: Any, as_of: datetime | None = None, **more: Any
    ) -> Point:
        """Return the number of a bucket, with the link that opens what is behind it."""
        return {
            "at": bucket.first.isoformat(),
            "to": bucket.last.isoformat(),
            "so_far": end_of_day(bucket.last, self.zone) > self.seen,
            "value": value,
            "open": self.link(*terms, as_of=as_of),
            **more,
        }


def within(name: str, bucket: Bucket) -> Term:
    """Return the term of a filter for what happened on the days of a bucket."""
    days = f"{bucket.first}..{bucket.last}" if bucket.first != bucket.last else f"{bucket.first}"
    return Term(name, "=", (days,))


def term(name: str, value: str) -> Term:
    """Return the term `name:value` of a filter."""
    return Term(name, "=", (value,))


def preceding(bucket: Bucket) -> Bucket:
    """Return the days before those of a bucket, as many."""
    length = bucket.last - bucket.first + timedelta(days=1)
    return Bucket(bucket.first - length, bucket.first - timedelta(days=1))
