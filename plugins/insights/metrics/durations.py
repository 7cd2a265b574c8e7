"""How long issues took: lead and cycle time, time to triage, time to first response."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    FromClause,
    bindparam,
    cast,
    func,
    select,
    true,
)

from issue_insight.errors import FieldError, Invalid
from plugins.insights.asked import Asked, term, within
from plugins.insights.calendar import seconds_worked
from plugins.insights.counting import place_of
from plugins.insights.fields import EITHER_CALENDAR, By, Calendar, Show
from plugins.insights.metric import Answered, Metric, Point, Series
from plugins.insights.splitting import groups, split
from plugins.issues.api import (
    DURATIONS,
    IssueMilestones,
    Project,
    Term,
    elapsed,
    instant_of,
    reached,
)
from plugins.stats.api import Bucket

PERCENTILES = {"p50": 0.5, "p85": 0.85, "p95": 0.95}
MOST_DOTS = 2_000
"""So many issues are shown as dots; of more, a sample that is the same each time."""
BINS = (
    *("0s", "1h", "4h", "12h", "1d", "2d", "4d", "7d", "14d", "28d", "56d", "112d", "224d"),
    *("448d", "896d"),
)
"""Where the bins of the histogram begin; each but the first is about twice the one before it."""
_MILESTONES = IssueMilestones.__table__
_SECONDS = {"s": 1, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class _Measured:
    """What is measured of which issues: the rows, the seconds they took, the bucket, the group."""

    source: FromClause
    where: tuple[ColumnElement[bool], ...]
    seconds: ColumnElement[float]
    end: ColumnElement[datetime]
    place: ColumnElement[int]
    key: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class _Duration:
    """One of the durations that filters know by the same name."""

    name: str

    def answer(self, asked: Asked) -> Answered:
        match asked.show:
            case Show.SCATTER:
                return self._scatter(asked)
            case Show.HISTOGRAM:
                return self._histogram(asked)
            case _:
                return self._percentiles(asked)

    def _measured(self, asked: Asked) -> _Measured:
        relation = asked.selection.relation
        columns = relation.c
        begin, end = (instant_of(name, columns) for name in DURATIONS[self.name])
        source, key = split(relation, asked.by)
        if self.name != "lead":
            source = source.join(_MILESTONES, _MILESTONES.c.issue_id == columns.id)
        seconds: ColumnElement[Any] = func.date_part("epoch", elapsed(self.name, columns))
        if asked.work is not None:
            source = source.join(asked.work, true())
            seconds = func.greatest(seconds_worked(asked.work, begin, end), 0)
        there = tuple(reached(name, columns, asked.as_of) for name in DURATIONS[self.name])
        return _Measured(
            source,
            (asked.selection.where, *there, end >= asked.edges[0], end < asked.edges[-1]),
            cast(seconds, Double),
            end,
            place_of(end, asked.edges),
            key,
        )

    def _taken(self, asked: Asked) -> Sequence[Any]:
        """Return the percentiles of each group and bucket, and of each group as a whole."""
        if asked.packs is not None:
            from plugins.insights.quick.durations import taken

            return list(taken(asked.packs, asked, self.name, list(PERCENTILES.values())))
        measured = self._measured(asked)
        found = func.percentile_cont(wanted_percentiles()).within_group(measured.seconds.asc())
        # The whole of it and each bucket, of all and of each group: sorted once.
        return asked.session.execute(
            select(
                measured.key.label("key"),
                measured.place.label("place"),
                func.grouping(measured.place).label("whole"),
                func.count().label("number"),
                found.label("found"),
            )
            .select_from(measured.source)
            .where(*measured.where)
            .group_by(measured.key, func.rollup(measured.place))
        ).all()

    def _percentiles(self, asked: Asked) -> Answered:
        rows = self._taken(asked)
        parts = {(row.key, row.place): row for row in rows if not row.whole}
        wholes = {row.key: row for row in rows if row.whole}
        series: list[Series] = []
        summary: list[dict[str, Any]] = []
        for group in groups(asked, {key: row.number for key, row in wholes.items()}):
            for n, name in enumerate(PERCENTILES):
                points: list[Point] = []
                for place, bucket in enumerate(asked.buckets):
                    row = parts.get((group.key, place))
                    terms = (*group.terms, *self._ended(bucket))
                    value, number = (row.found[n], row.number) if row else (None, 0)
                    points.append(asked.point(bucket, value, *terms, issues=number))
                series.append(group.series(name, points))
                row = wholes.get(group.key)
                summary.append(
                    {
                        "name": series[-1].name,
                        **asked.point(
                            asked.whole,
                            row.found[n] if row else None,
                            *group.terms,
                            *self._ended(asked.whole),
                            issues=row.number if row else 0,
                        ),
                    }
                )
        # With labels, an issue is in as many groups as it has labels.
        considered = (
            self._considered(asked, self._measured(asked))
            if asked.by is By.LABEL
            else sum(row.number for row in wholes.values())
        )
        return Answered(series, considered, {"summary": summary})

    def _considered(self, asked: Asked, measured: _Measured) -> int:
        columns = asked.selection.relation.c
        return asked.session.execute(
            select(func.count(columns.id.distinct() if asked.by is By.LABEL else columns.id))
            .select_from(measured.source)
            .where(*measured.where)
        ).scalar_one()

    def _scatter(self, asked: Asked) -> Answered:
        measured = self._measured(asked)
        columns = asked.selection.relation.c
        # In an order that has nothing to do with anything, and is the same each time.
        sample = func.hashint8(columns.id)
        rows = asked.session.execute(
            select(
                measured.key.label("key"),
                measured.end.label("at"),
                measured.seconds.label("seconds"),
                select(Project.key)
                .where(Project.id == columns.project_id)
                .scalar_subquery()
                .label("project"),
                columns.number,
            )
            .select_from(measured.source)
            .where(*measured.where)
            .order_by(sample, columns.id)
            .limit(MOST_DOTS)
        ).all()
        sizes: dict[Any, int] = {}
        for row in rows:
            sizes[row.key] = sizes.get(row.key, 0) + 1
        ordered = sorted(rows, key=lambda row: (row.at, row.project, row.number))
        series = [
            group.series(
                self.name,
                [
                    {
                        "at": instant_text(row.at),
                        "value": row.seconds,
                        "issue": f"{row.project}-{row.number}",
                        "issues": 1,
                        "open": asked.link(
                            term("key", f"{row.project}-{row.number}"),
                            *self._ended(asked.whole),
                        ),
                    }
                    for row in ordered
                    if row.key == group.key
                ],
                alone=True,
            )
            for group in groups(asked, sizes)
        ]
        return Answered(series, self._considered(asked, measured))

    def _lasting(self, asked: Asked, lows: list[float]) -> Sequence[Any]:
        """Return how many issues of a group took as long as each bin says."""
        if asked.packs is not None:
            from plugins.insights.quick.durations import lasting

            return list(lasting(asked.packs, asked, self.name, lows))
        measured = self._measured(asked)
        place = func.width_bucket(measured.seconds, bindparam(None, lows, ARRAY(Double))) - 1
        return asked.session.execute(
            select(measured.key.label("key"), place.label("place"), func.count().label("number"))
            .select_from(measured.source)
            .where(*measured.where)
            .group_by(measured.key, place)
        ).all()

    def _histogram(self, asked: Asked) -> Answered:
        if asked.calendar is Calendar.BUSINESS:
            raise Invalid(
                "There is no histogram by the business calendar.",
                [FieldError("?calendar", "a filter cannot ask for the issues of such a bin")],
            )
        lows = [float(int(text[:-1]) * _SECONDS[text[-1]]) for text in BINS]
        rows = self._lasting(asked, lows)
        numbers = {(row.key, row.place): row.number for row in rows}
        sizes: dict[Any, int] = {}
        for row in rows:
            sizes[row.key] = sizes.get(row.key, 0) + row.number
        series = []
        for group in groups(asked, sizes):
            points = []
            for n, (low, begin) in enumerate(zip(lows, BINS, strict=True)):
                last = n + 1 == len(BINS)
                bounds = [Term(self.name, ">=", (begin,))]
                if not last:
                    bounds.append(Term(self.name, "<", (BINS[n + 1],)))
                points.append(
                    {
                        "at": f"{begin}.." if last else f"{begin}..{BINS[n + 1]}",
                        "value": numbers.get((group.key, n), 0),
                        "lower": low,
                        "upper": None if last else lows[n + 1],
                        "open": asked.link(*group.terms, *self._ended(asked.whole), *bounds),
                    }
                )
            series.append(group.series("issues", points, alone=True, unit="issues"))
        considered = (
            self._considered(asked, self._measured(asked))
            if asked.by is By.LABEL
            else sum(sizes.values())
        )
        return Answered(series, considered)

    def _ended(self, bucket: Bucket) -> tuple[Term, ...]:
        """Return the terms for issues of which this is known, and whose end is in the bucket."""
        begin, end = DURATIONS[self.name]
        known = () if begin == "created" else (term(begin, "any"),)
        return within(end, bucket), *known


def wanted_percentiles() -> ColumnElement[Any]:
    """Return the percentiles as PostgreSQL asks for them."""
    return cast(bindparam(None, list(PERCENTILES.values()), ARRAY(Double)), ARRAY(Double))


def instant_text(instant: datetime) -> str:
    """Write an instant as the API does."""
    return instant.isoformat().replace("+00:00", "Z")


_HOW = (
    " Percentiles are linear interpolations between the two nearest issues (type 7 of Hyndman and "
    "Fan, 1996), of the issues whose end lies in the period; p85 of 6 days: 85 of 100 took no "
    "longer. All time counts, nights too; with the business calendar, the days off of the "
    "instance do not. What another tracker has put into the wrong order took no time at all."
)


def _metric(name: str, title: str, duration: str, definition: str) -> Metric:
    return Metric(
        name=name,
        title=title,
        definition=definition + _HOW,
        unit="seconds",
        answer=_Duration(duration).answer,
        splits=frozenset(By),
        calendars=EITHER_CALENDAR,
    )


LEAD_TIME = _metric(
    "lead-time",
    "Lead time",
    "lead",
    "From being reported to being done: D − C, D being the entry to done that still stands at the "
    "instant looked at (Time to Close in CHAOSS; The Kanban Guide). What is not done yet is not "
    "in it, so that a quick month may only mean that the slow ones are still open: see survival.",
)
CYCLE_TIME = _metric(
    "cycle-time",
    "Cycle time",
    "cycle",
    "From the first time in progress to being done: D − S, D being the entry to done that still "
    "stands at the instant looked at (The Kanban Guide). Issues that were never in progress have "
    "none.",
)
TIME_TO_TRIAGE = _metric(
    "time-to-triage",
    "Time to triage",
    "triage",
    "From being reported to being triaged, or further, for the first time: T − C.",
)
FIRST_RESPONSE = _metric(
    "first-response",
    "Time to first response",
    "response",
    "From being reported to the first comment by somebody who is known, is not the reporter and is "
    "no bot (a login that ends with [bot], or a job), also where it was deleted since (Time to "
    "First Response in CHAOSS).",
)
