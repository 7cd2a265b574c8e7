"""Reading numbers: the counts of days, and how many issues there are now or were at an instant."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Date,
    FromClause,
    Integer,
    Row,
    Select,
    cast,
    column,
    func,
    literal,
    null,
    select,
    union_all,
    values,
)
from sqlalchemy import String as Text
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import FieldError, Invalid
from plugins.issues.api import (
    SEE_ALL,
    IssueTally,
    IssueVersion,
    LabelTally,
    Project,
    Selection,
    end_of_day,
    is_own,
    kept_from,
    open_periods,
    sees_all_unkept,
    tallied,
    visible_to,
)
from plugins.roles.api import user_refs
from plugins.stats.counting import NO_SEVERITY, counts, version_spans
from plugins.stats.days import FIRST_DAY, Days, day_of, days_from
from plugins.stats.models import DailyStat
from plugins.stats.progress import covered

DEFAULT_DAYS = 30
MOST_DAYS = 3_660
"""Ten years at once."""

_VERSIONS = IssueVersion.__table__


def count_now(session: Session, selection: Selection) -> dict[str, Any]:
    """Count the selected issues by status, severity, assignee and label, all in one statement.

    From the tallies where they can tell, else from the issues themselves.
    """
    chosen, labelled = _tallies(selection) or _rows(selection)
    number = cast(func.sum(chosen.c.number), Integer).label("number")
    labels = cast(func.sum(labelled.c.number), Integer).label("number")
    nobody, nothing = cast(null(), BigInteger), cast(null(), Text)
    rows = session.execute(
        union_all(
            select(
                literal("status").label("kind"),
                chosen.c.status.label("name"),
                nobody.label("person"),
                number,
            )
            .group_by(chosen.c.status)
            .having(number != 0),
            select(
                literal("severity"), func.coalesce(chosen.c.severity, NO_SEVERITY), nobody, number
            )
            .group_by(chosen.c.severity)
            .having(number != 0),
            select(literal("assignee"), nothing, chosen.c.assignee_id, number)
            .group_by(chosen.c.assignee_id)
            .having(number != 0),
            select(literal("label"), labelled.c.label, nobody, labels)
            .group_by(labelled.c.label)
            .having(labels != 0),
        )
    ).all()
    by_status = {row.name: row.number for row in rows if row.kind == "status"}
    assignees = [row for row in rows if row.kind == "assignee"]
    people = user_refs(session, {row.person for row in assignees if row.person is not None})
    return {
        "total": sum(by_status.values()),
        "by_status": by_status,
        "by_severity": {row.name: row.number for row in rows if row.kind == "severity"},
        "by_assignee": [
            {"assignee": people.get(row.person), "count": row.number}
            for row in sorted(
                assignees, key=lambda row: (-row.number, row.person is None, row.person)
            )
        ],
        "by_label": [
            {"label": row.name, "count": row.number}
            for row in sorted(
                (row for row in rows if row.kind == "label"),
                key=lambda row: (-row.number, row.name),
            )
        ],
        "as_of": selection.as_of or clock.now(),
    }


def _tallies(selection: Selection) -> tuple[FromClause, FromClause] | None:
    issues, labels = IssueTally.__table__, LabelTally.__table__
    of_issues, of_labels = tallied(selection, issues), tallied(selection, labels)
    if of_issues is None or of_labels is None:
        return None
    return (
        select(*issues.c).where(of_issues).cte("chosen"),
        select(*labels.c).where(of_labels).cte("labelled"),
    )


def _rows(selection: Selection) -> tuple[FromClause, FromClause]:
    names = ("status", "severity", "assignee_id", "labels")
    one = literal(1).label("number")
    chosen = (
        select(*[selection.relation.c[name] for name in names], one)
        .where(selection.where)
        .cte("chosen")
    )
    label = func.unnest(chosen.c.labels).table_valued("label").render_derived(name="each_label")
    labelled = select(label.c.label, one).select_from(chosen.join(label, literal(True)))
    return chosen, labelled.subquery("labelled")


def count_days(
    session: Session,
    principal: Principal,
    zone: ZoneInfo,
    *,
    first: date | None,
    last: date | None,
    project: str | None,
) -> dict[str, Any]:
    """Return the counts of each day from `first` to `last`, of what `principal` may see.

    Projects that they see all of are taken from the cache, as far as it is the truth of this
    moment, less the few confidential issues that they may not see; everything else is counted from
    the versions. Raises `Invalid`.
    """
    now = clock.now()
    first, last = day_range(first, last, day_of(now, zone))
    counted = count_cells(session, principal, zone, now, first, last, project)
    items: dict[date, dict[str, Any]] = {}
    if first <= last:
        span = days_from(first, last, zone, now)
        items = {day: _empty(day, so_far=day == day_of(now, zone)) for day in span.days}
        for row in counted.rows:
            item = items[row.day]
            item["total"] += row.number
            for kind, name in (("by_status", row.status), ("by_severity", row.severity)):
                item[kind][name] = item[kind].get(name, 0) + row.number
    return {
        "items": list(items.values()),
        "time_zone": zone.key,
        "computed_at": counted.computed_at,
    }


@dataclass(frozen=True, slots=True)
class Counted:
    """How many issues stood at each day's end: rows of day, status, severity, number; none of 0."""

    rows: Sequence[Row[Any]]
    computed_at: datetime


def count_cells(
    session: Session,
    principal: Principal,
    zone: ZoneInfo,
    now: datetime,
    first: date,
    last: date,
    project: str | None,
    *,
    only: Collection[date] = (),
) -> Counted:
    """Count what `count_days` does, by status and severity at once, up to `now`.

    With `only`, at least these days: others that lie between may be left out.
    """
    plan = _plan(session, principal, zone, now, min(first, last), project)
    rows: Sequence[Row[Any]] = []
    if first <= last:
        span = days_from(first, last, zone, now)
        sources: list[Select[*tuple[Any, ...]]] = []
        bounds = _bounds(plan)
        if any(start > first for start in plan.live_from.values()):
            cached = _cached(bounds, first, last)
            sources.append(cached.where(DailyStat.day.in_(only)) if only else cached)
            if not principal.may(SEE_ALL.name):
                sources.append(_kept_from(bounds, principal, span))
        live = [start for start in plan.live_from.values() if start <= last]
        if live and min(live) == day_of(now, zone) and principal.may(SEE_ALL.name):
            sources.append(_tallied(bounds, last))
        elif live:
            span = days_from(max(first, min(live)), last, zone, now)
            fresh = counts(_visible_spans(principal, span, bounds), span).subquery("fresh")
            sources.append(
                select(fresh.c.day, fresh.c.status, fresh.c.severity, fresh.c["count"])
                .join(bounds, bounds.c.project_id == fresh.c.project_id)
                .where(fresh.c.day >= bounds.c.live_from)
            )
        rows = _summed(session, sources)
    return Counted(rows, min([now, *plan.computed_at.values()]))


def _visible_spans(principal: Principal, span: Days, bounds: Any) -> Any:
    """Return the spans of the issues that `principal` may see, while they could be seen."""
    seen = visible_to(principal, _VERSIONS) & _VERSIONS.c.project_id.in_(
        select(bounds.c.project_id)
    )
    if principal.may(SEE_ALL.name):
        return version_spans(span, seen)
    own = is_own(principal, _VERSIONS)
    return union_all(
        version_spans(span, seen & own), version_spans(span, seen & ~own, within=open_periods())
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """From which day on each project is counted live, and when what is cached was computed."""

    live_from: dict[int, date]
    computed_at: dict[int, datetime]


def _plan(
    session: Session,
    principal: Principal,
    zone: ZoneInfo,
    now: datetime,
    first: date,
    key: str | None,
) -> _Plan:
    whole = sees_all_unkept(principal, since=end_of_day(first, zone))
    wanted = select(Project.id, whole.label("whole")).where(Project.deleted_at.is_(None))
    if key is not None:
        wanted = wanted.where(Project.key == key.strip().upper())
    projects = session.execute(wanted).all()
    if key is not None and not projects:
        raise _no_project(key)
    known = covered(session, zone, now)
    live_from, computed_at = {}, {}
    for project in projects:
        cover = known.get(project.id) if project.whole else None
        live_from[project.id] = first if cover is None else cover.up_to_date(zone)
        # Whether something happened since may be a secret, so others are told the older instant.
        if cover is not None and (
            live_from[project.id] > first
            or (not principal.may(SEE_ALL.name) and cover.last_day >= first)
        ):
            computed_at[project.id] = cover.computed_at
    return _Plan(live_from, computed_at)


def require_project(session: Session, key: str) -> None:
    """Raise `Invalid` unless there is such a project."""
    there = select(Project.id).where(
        Project.deleted_at.is_(None), Project.key == key.strip().upper()
    )
    if session.scalar(there) is None:
        raise _no_project(key)


def _no_project(key: str) -> Invalid:
    return Invalid(f"There is no project {key}.", [FieldError("?project", "names no project")])


def _bounds(plan: _Plan) -> Any:
    return (
        values(column("project_id", BigInteger), column("live_from", Date), name="bounds")
        .data(list(plan.live_from.items()))
        .cte("live")
    )


def _cached(bounds: Any, first: date, last: date) -> Select[*tuple[Any, ...]]:
    return (
        select(DailyStat.day, DailyStat.status, DailyStat.severity, DailyStat.count)
        .join(bounds, bounds.c.project_id == DailyStat.project_id)
        .where(DailyStat.day.between(first, last), DailyStat.day < bounds.c.live_from)
    )


def _tallied(bounds: Any, today: date) -> Select[*tuple[Any, ...]]:
    """Return the counts of today so far, which are those of now, where all issues may be seen."""
    severity = func.coalesce(IssueTally.severity, NO_SEVERITY)
    return (
        select(
            literal(today, Date).label("day"),
            IssueTally.status,
            severity.label("severity"),
            func.sum(IssueTally.number).label("count"),
        )
        .join(bounds, bounds.c.project_id == IssueTally.project_id)
        .where(bounds.c.live_from <= today)
        .group_by(IssueTally.status, severity)
    )


def _kept_from(bounds: Any, principal: Principal, span: Days) -> Select[*tuple[Any, ...]]:
    """Return what the cache counts and the principal may not know of, as negative counts."""
    kept = counts(version_spans(span, kept_from(principal, _VERSIONS)), span).subquery("kept")
    return (
        select(kept.c.day, kept.c.status, kept.c.severity, -kept.c["count"])
        .join(bounds, bounds.c.project_id == kept.c.project_id)
        .where(kept.c.day < bounds.c.live_from)
    )


def _summed(session: Session, sources: Sequence[Select[*tuple[Any, ...]]]) -> Sequence[Row[Any]]:
    if not sources:
        return []
    rows = union_all(*sources).subquery("rows")
    keys = (rows.c.day, rows.c.status, rows.c.severity)
    number = cast(func.sum(rows.c["count"]), Integer)
    # No count at all, rather than 0: it would tell that something is kept from the caller.
    return session.execute(
        select(*keys, number.label("number")).group_by(*keys).having(number != 0)
    ).all()


def day_range(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """Return the first and the last day to count. Raises `Invalid`."""
    asked = last or today
    faults = [
        FieldError(pointer, f"must not be before {FIRST_DAY}")
        for pointer, day in (("?from", first), ("?to", last))
        if day is not None and day < FIRST_DAY
    ]
    if first is None:
        # Not by way of a day that no calendar has.
        spare = timedelta(days=DEFAULT_DAYS - 1)
        first = asked - spare if asked >= FIRST_DAY + spare else FIRST_DAY
    elif asked < first:
        faults.append(
            FieldError("?from", "lies in the future, of which nothing is known")
            if last is None
            else FieldError("?to", "must not be before the first day")
        )
    if (min(asked, today) - first).days >= MOST_DAYS and not faults:
        faults.append(FieldError("?from", f"must be less than {MOST_DAYS} days before the last"))
    if faults:
        raise Invalid("These days cannot be counted.", faults)
    return first, min(asked, today)


def _empty(day: date, *, so_far: bool) -> dict[str, Any]:
    return {"day": day, "so_far": so_far, "total": 0, "by_status": {}, "by_severity": {}}
