"""What statuses took and were left for: time in status, aging work, the reopen rate."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Double,
    FromClause,
    Interval,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
)

from plugins.insights.asked import Asked, term, within
from plugins.insights.calendar import instant_worked, seconds_worked, worked_at, worked_until
from plugins.insights.counting import place_of
from plugins.insights.fields import EITHER_CALENDAR, By
from plugins.insights.metric import Answered, Metric, Point, Series
from plugins.insights.metrics.durations import (
    MOST_DOTS,
    PERCENTILES,
    instant_text,
    wanted_percentiles,
)
from plugins.insights.splitting import Group, groups, project_keys, split
from plugins.issues.api import BOUNCED, IssueStay, Status, Term

_STAYS = IssueStay.__table__
_TICK = timedelta(microseconds=1)
_UNFINISHED = [str(status) for status in Status if status is not Status.DONE]


def _stays(asked: Asked) -> tuple[FromClause, ColumnElement[Any], list[ColumnElement[bool]]]:
    """Return the stays of the selected issues that had begun: from where, the group, which."""
    source, key = split(asked.selection.relation, asked.by)
    joined = source.join(_STAYS, _STAYS.c.issue_id == asked.selection.relation.c.id)
    if asked.work is not None:
        joined = joined.join(asked.work, true())
    return joined, key, [asked.selection.where, _STAYS.c.entered_at <= asked.seen]


def _time_in_status(asked: Asked) -> Answered:
    """Sum stays up, bucket by bucket, from how many began and ended in each, and when.

    Before an edge lies all the time since the entries before it, less that since the leavings. So
    sums of instants are enough, however many buckets a stay reaches over. By the business calendar
    an instant is how much had been worked by then.
    """
    edges = [_passed(asked, min(edge, asked.seen)) for edge in asked.edges]
    every, running = _Passed(edges), _Passed(edges)
    there: dict[tuple[str, Any], list[int]] = {}
    for row in _turns(asked):
        of = (row.status, row.key)
        every.add(of, row.first, row.number, int(row.entered))
        if row.lasts:
            running.add(of, row.first, row.number, int(row.entered))
        else:
            every.add(of, row.last, -row.number, -int(row.left))
        # Each issue once in a bucket: one that is back where it was comes in the next one.
        comes = max(row.first + bool(row.again), 0)
        if comes <= row.last:
            changes = there.setdefault(of, [0] * (len(edges) + 1))
            changes[comes] += row.number
            changes[row.last + 1] -= row.number
    sizes = _sizes(asked)
    series = []
    for group in groups(asked, sizes):
        for status in map(str, Status):
            of = (status, group.key)
            issues = list(accumulate(there.get(of, [0] * (len(edges) + 1))))
            parts = zip(asked.buckets, every.of(of), running.of(of), issues, strict=False)
            points = [
                asked.point(
                    bucket,
                    seconds,
                    *group.terms,
                    term("was", f"{status}@{bucket.first}..{bucket.last}"),
                    running=still,
                    issues=number,
                )
                for bucket, seconds, still, number in parts
            ]
            series.append(group.series(status, points))
    return Answered(series, sizes.total())


class _Passed:
    """How much time lies between edges, by status and group; all in microseconds."""

    def __init__(self, edges: list[int]) -> None:
        self._edges = edges
        self._numbers: dict[tuple[str, Any], list[int]] = {}
        self._totals: dict[tuple[str, Any], list[int]] = {}

    def add(self, of: tuple[str, Any], place: int, number: int, total: int) -> None:
        """Let so many stays begin (end, where negative) in a bucket, at instants of that sum."""
        if place + 1 < len(self._edges):  # else after all of them
            empty = [0] * len(self._edges)
            self._numbers.setdefault(of, list(empty))[place + 1] += number
            self._totals.setdefault(of, list(empty))[place + 1] += total

    def of(self, of: tuple[str, Any]) -> list[float]:
        """Return the seconds in each bucket."""
        empty = [0] * len(self._edges)
        begun = accumulate(self._numbers.get(of, empty))
        totals = accumulate(self._totals.get(of, empty))
        before = [
            edge * number - total
            for edge, number, total in zip(self._edges, begun, totals, strict=True)
        ]
        return [(after - one) / 1e6 for one, after in pairwise(before)]


def _turns(asked: Asked) -> Iterable[Any]:
    """Return how many stays reach from which bucket to which, and the sums of their instants."""
    if asked.packs is not None:
        from plugins.insights.quick.statuses import turns

        return turns(asked.packs, asked)
    joined, key, where = _stays(asked)
    entered, left, begin = _STAYS.c.entered_at, _STAYS.c.left_at, asked.edges[0]
    lasts = (left > asked.seen).label("lasts")
    last = case(
        (lasts, asked.seen), else_=func.greatest(entered, left - literal(_TICK, Interval()))
    )
    first = place_of(entered, asked.edges)
    again = place_of(_STAYS.c.last_before, asked.edges) == first
    keys = (
        _STAYS.c.status,
        key.label("key"),
        lasts,
        first.label("first"),
        place_of(last, asked.edges).label("last"),
        func.coalesce(again, false()).label("again"),
    )
    return asked.session.execute(
        select(
            *keys,
            func.count().label("number"),
            func.sum(_since(asked, entered)).label("entered"),
            func.sum(_since(asked, left)).label("left"),
        )
        .select_from(joined)
        .where(*where, entered < asked.edges[-1], or_(left > begin, entered >= begin))
        .group_by(*keys)
    ).all()


def _sizes(asked: Asked) -> Counter[Any]:
    """Return how many issues there were by the end: each is at some status from its creation on."""
    if asked.packs is not None:
        from plugins.insights.quick.statuses import sizes

        return sizes(asked.packs, asked)
    relation = asked.selection.relation
    source, key = split(relation, asked.by)
    rows = asked.session.execute(
        select(key.label("key"), func.count())
        .select_from(source)
        .where(asked.selection.where, relation.c.created_at < asked.edges[-1])
        .group_by("key")
    )
    return Counter(dict(rows.all()))


def _since(asked: Asked, instant: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the microseconds since the first bucket began; 0 for never."""
    begin = asked.edges[0]
    known = case((instant < text("'infinity'"), instant), else_=begin)
    if asked.work is not None:
        return worked_at(asked.work, known) - worked_until(asked.stretches or (), begin)
    since = known - bindparam(None, begin, DateTime(timezone=True))
    # A float of seconds still knows each microsecond of some centuries, and is quicker.
    return cast(func.date_part("epoch", since) * 1_000_000, BigInteger)


def _passed(asked: Asked, instant: datetime) -> int:
    """Return the same of an instant that is known."""
    begin, rows = asked.edges[0], asked.stretches
    if rows is not None:
        return worked_until(rows, instant) - worked_until(rows, begin)
    return (instant - begin) // _TICK


def _finished(asked: Asked) -> tuple[Sequence[Any], int]:
    """Return how many became done in which bucket, how many of them bounced; how many in all."""
    if asked.packs is not None:
        from plugins.insights.quick.statuses import finished

        return finished(asked.packs, asked, BOUNCED)
    joined, key, where = _stays(asked)
    entered, left, issue = _STAYS.c.entered_at, _STAYS.c.left_at, _STAYS.c.issue_id
    place = place_of(entered, asked.edges)
    bounced = and_(left <= asked.seen, left - entered <= BOUNCED)
    rows = asked.session.execute(
        select(
            key.label("key"),
            place.label("place"),
            func.grouping(place).label("everything"),
            func.count(issue.distinct()).label("finished"),
            func.count(issue.distinct()).filter(bounced).label("bounced"),
        )
        .select_from(joined)
        .where(
            *where,
            _STAYS.c.status == Status.DONE.value,
            entered >= asked.edges[0],
            entered < asked.edges[-1],
        )
        .group_by(func.grouping_sets(tuple_(key, place), tuple_()))
    ).all()
    considered = next(row.finished for row in rows if row.everything)
    return [row for row in rows if not row.everything], considered


def _reopen_rate(asked: Asked) -> Answered:
    rows, considered = _finished(asked)
    found = {(row.key, row.place): (row.finished, row.bounced) for row in rows}
    sizes: Counter[Any] = Counter()
    for (of, _), (finished, _) in found.items():
        sizes[of] += finished
    series: list[Series] = []
    for group in groups(asked, sizes):
        series += _reopened(asked, group, found)
    return Answered(series, considered)


def _reopened(
    asked: Asked, group: Group, found: dict[tuple[Any, int], tuple[int, int]]
) -> list[Series]:
    rate: list[Point] = []
    finished, bounced = list(rate), list(rate)
    for n, bucket in enumerate(asked.buckets):
        done, back = found.get((group.key, n), (0, 0))
        # Until thirty days have passed more may come back.
        open_ended = asked.edges[n + 1] + BOUNCED > asked.seen
        terms = *group.terms, within("bounced", bucket)
        rate.append(asked.point(bucket, back / done if done else None, *terms, issues=back))
        bounced.append(asked.point(bucket, back, *terms))
        finished.append(asked.point(bucket, done, *group.terms, within("finished", bucket)))
        for points in (rate, bounced):
            points[-1]["so_far"] = open_ended
    return [
        group.series("rate", rate, unit="ratio"),
        group.series("reopened", bounced),
        group.series("finished", finished),
    ]


def _aging(asked: Asked) -> Answered:
    """Show what is open beside how long what was finished had stayed at the same status."""
    norms = _norms(asked)
    standing = _standing(asked)
    series: list[Series] = []
    considered = 0
    for status in _UNFINISHED:
        number, found = norms.get(status, (0, []))
        for n, name in enumerate(PERCENTILES):
            value = found[n] if found else None
            terms = within("closed", asked.whole), term("was", status)
            point = asked.point(asked.whole, value, *terms, issues=number)
            series.append(Series(f"{status}: {name}", [point], name, status))
        bands = _bands(asked, standing, status, found)
        considered += sum(band["value"] for band in bands)
        series.append(Series(f"{status}: issues", bands, "issues", status, "issues"))
        series.append(Series(f"{status}: age", _dots(asked, standing, status), "age", status))
    return Answered(series, considered)


def _norms(asked: Asked) -> dict[str, tuple[int, list[float]]]:
    """Return how many of the issues that were finished have been at each status, and how long."""
    if asked.packs is not None:
        from plugins.insights.quick.statuses import stayed

        return stayed(asked.packs, asked, list(PERCENTILES.values()))
    joined, _, where = _stays(asked)
    closed = asked.selection.relation.c.closed_at
    ended = func.least(_STAYS.c.left_at, bindparam(None, asked.seen, DateTime(timezone=True)))
    entered = _STAYS.c.entered_at
    length: ColumnElement[Any] = func.date_part("epoch", ended - entered)
    if asked.work is not None:
        length = cast(seconds_worked(asked.work, entered, ended), Double)
    taken = func.sum(length)
    each = (
        select(_STAYS.c.status, taken.label("seconds"))
        .select_from(joined)
        .where(
            *where,
            closed >= asked.edges[0],
            closed < asked.edges[-1],
            _STAYS.c.status.in_(_UNFINISHED),
        )
        .group_by(_STAYS.c.issue_id, _STAYS.c.status)
        .subquery("each")
    )
    found = func.percentile_cont(wanted_percentiles()).within_group(each.c.seconds.asc())
    rows = asked.session.execute(
        select(each.c.status, func.count(), found).group_by(each.c.status)
    ).all()
    return {status: (number, list(seconds)) for status, number, seconds in rows}


class _Standing:
    """The issues that stand at a status now, or stood there at the instant looked at."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def _here(self, status: str) -> tuple[FromClause, list[ColumnElement[bool]]]:
        """Return their stays there."""
        joined, _, where = _stays(self._asked)
        at_status = self._asked.selection.relation.c.status == status
        left = _STAYS.c.left_at
        # Of the present there is an index.
        now = self._asked.as_of is None
        here = left == text("'infinity'") if now else left > self._asked.seen
        return joined, [*where, at_status, _STAYS.c.status == status, here]

    def numbers(self, status: str, edges: list[datetime]) -> dict[int, int]:
        """Return how many came between which of the instants: from 0, before all of them."""
        joined, where = self._here(status)
        place = place_of(_STAYS.c.entered_at, edges) + 1 if edges else literal(0)
        rows = self._asked.session.execute(
            select(place.label("place"), func.count())
            .select_from(joined)
            .where(*where)
            .group_by("place")
        ).all()
        return {row[0]: row[1] for row in rows}

    def longest(self, status: str, most: int) -> Sequence[Any]:
        """Return those that have been there longest, so many at most."""
        joined, where = self._here(status)
        columns, entered = self._asked.selection.relation.c, _STAYS.c.entered_at
        return self._asked.session.execute(
            select(columns.project_id.label("project"), columns.number, entered.label("entered"))
            .select_from(joined)
            .where(*where)
            .order_by(entered, columns.id)
            .limit(most)
        ).all()


def _standing(asked: Asked) -> Any:
    if asked.packs is not None:
        from plugins.insights.quick.statuses import Open

        return Open(asked.packs, asked)
    return _Standing(asked)


def _bands(asked: Asked, standing: Any, status: str, found: list[float]) -> list[Point]:
    """Return how many of the open ones are how old, measured by what was finished."""
    names = ["..p50", "p50..p85", "p85..p95", "p95.."] if found else [".."]
    # From the oldest on: who came before the first of these instants is beyond the last percentile.
    turns = [_before(asked, seconds) for seconds in reversed(found)]
    numbers = standing.numbers(status, turns)
    bounds = [None, *found, None]
    points: list[Point] = []
    for n, name in enumerate(names):
        after = len(turns) - n
        terms = [term("status", status)]
        if after > 0:
            terms.append(Term("entered", ">=", (instant_text(turns[after - 1]),)))
        if after < len(turns):
            terms.append(Term("entered", "<", (instant_text(turns[after]),)))
        points.append(
            {
                "at": name,
                "value": numbers.get(after, 0),
                "lower": bounds[n] or 0,
                "upper": bounds[n + 1],
                "open": asked.link(*terms),
            }
        )
    return points


def _before(asked: Asked, seconds: float) -> datetime:
    """Return the instant before which an issue came that is older than this."""
    age = timedelta(seconds=seconds)
    if asked.stretches is None:
        return asked.seen - age
    return instant_worked(asked.stretches, worked_until(asked.stretches, asked.seen) - age // _TICK)


def _dots(asked: Asked, standing: Any, status: str) -> list[Point]:
    """Return the open issues, those that have stood there longest first."""
    rows = standing.longest(status, MOST_DOTS)
    keys = project_keys(asked, {row.project for row in rows})
    found = []
    for row in rows:
        issue = f"{keys[row.project]}-{row.number}"
        found.append(
            {
                "at": instant_text(row.entered),
                "value": _age(asked, row.entered),
                "issue": issue,
                "issues": 1,
                "open": asked.link(term("status", status), term("key", issue)),
            }
        )
    return found


def _age(asked: Asked, entered: datetime) -> float:
    if asked.stretches is None:
        return (asked.seen - entered) / timedelta(seconds=1)
    worked = [worked_until(asked.stretches, instant) for instant in (entered, asked.seen)]
    return (worked[1] - worked[0]) / 1e6


SPLITS = frozenset({By.LABEL, By.ASSIGNEE, By.REPORTER, By.SEVERITY, By.PROJECT, By.RESOLUTION})

TIME_IN_STATUS = Metric(
    name="time-in-status",
    title="Time in status",
    definition="The sum of all the time that issues stood at each status within the period, every "
    "stay of each issue: also those that are not over yet, which go up to the instant looked at; "
    "`running` is the part of it that they make. With the business calendar, without the days off "
    "of the instance. Issues are those that the filter selects at that instant. Without a bucket, "
    "the whole time is one period.",
    unit="seconds",
    answer=_time_in_status,
    size=None,
    splits=SPLITS,
    calendars=EITHER_CALENDAR,
)

REOPEN_RATE = Metric(
    name="reopen-rate",
    title="Reopen rate",
    definition="Finished: issues that became done in the period, also where they were reopened "
    "since. Reopened: those of them that left done again within 30 days of it. Rate: reopened ÷ "
    "finished. Until 30 days after the end of a period its numbers can still grow; `so_far` says "
    "so. An issue counts once in a period.",
    unit="issues",
    answer=_reopen_rate,
    splits=SPLITS,
)

AGING = Metric(
    name="aging",
    title="Aging work",
    definition="How long each issue that is not done has been at its present status, beside the "
    "50th, 85th and 95th percentile of how long the issues that were done in the period had "
    "stayed at that status in all (Aging Work in Progress, The Kanban Guide; Vacanti, Actionable "
    "Agile Metrics for Predictability); with the business calendar, without the days off of the "
    "instance. Percentiles are linear interpolations. At most 2,000 "
    "issues of a status are shown, those that stand there longest; all of them are counted.",
    unit="seconds",
    answer=_aging,
    size=None,
    days=90,
    calendars=EITHER_CALENDAR,
)
