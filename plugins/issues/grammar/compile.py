"""From a `Query` to SQL on a relation: issues now, or issues as of an instant."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    FromClause,
    ScalarSelect,
    and_,
    false,
    func,
    not_,
    or_,
    select,
    text,
    true,
)

from plugins.issues.fields import ISSUE_KEY, Resolution, Severity, Status, one_line
from plugins.issues.grammar.ast import And, Field, Node, Not, Or, Query, Words
from plugins.issues.grammar.durations import BOUNCED, MEASURED, elapsed, reached
from plugins.issues.grammar.instants import day_range, duration, span
from plugins.issues.grammar.order import RANK
from plugins.issues.grammar.parse import GrammarError
from plugins.issues.grammar.searching import standing, title_words
from plugins.issues.models import (
    Instant,
    Issue,
    IssueMilestones,
    IssueRelation,
    IssueStay,
    IssueVersion,
    Project,
    SearchDocument,
)
from plugins.issues.relations import related_at
from plugins.issues.words import left_out, wanted

_PROJECTS = Project.__table__.c
_INFINITY = text("'infinity'::timestamptz")
_IS = ("open", "closed", "overdue", "confidential", "duplicate", "blocked", "blocking")
_LINKS = IssueRelation.__table__.alias("links")
_OTHERS_NOW = Issue.__table__.alias("others_now")
_OTHERS_THEN = IssueVersion.__table__.alias("others_then")
# What an issue is at which end of, to the issue that the field names.
_RELATIONS = {
    "duplicate_of": [("duplicate_of", "from_id")],
    "has_duplicate": [("duplicate_of", "to_id")],
    "blocks": [("blocks", "from_id")],
    "blocked_by": [("blocks", "to_id")],
    "related_to": [("related", "from_id"), ("related", "to_id")],
}
_HAS = {"assignee": "assignee_id", "severity": "severity", "due": "due_date"}
_STAYS, _MILESTONES = IssueStay.__table__, IssueMilestones.__table__


@dataclass(frozen=True, slots=True)
class FilterContext:
    """What a filter is measured by: the instant `now`, the time zone, who asks.

    `as_of` is the instant the relation is of, None for the present. It and `user_id` may be
    columns, where one query answers for many instants and people. `visible` tells which rows of
    other issues, as of that instant, are there for whoever asks: a filter on relations must not
    tell of those that are not.
    """

    now: datetime
    zone: ZoneInfo
    user_id: int | ColumnElement[int] | None
    as_of: Instant | None
    find_user: Callable[[str], int | None]
    visible: Callable[[FromClause], ColumnElement[bool]]


def compile_filter(
    query: Query, relation: FromClause, context: FilterContext
) -> ColumnElement[bool]:
    """Return the condition on `relation`. Raises `GrammarError` for a value that makes no sense."""
    found = None if query.where is None else _Compiler(relation, context).node(query.where)
    return true() if found is None else found


class _Compiler:
    def __init__(self, relation: FromClause, context: FilterContext) -> None:
        self.c, self.context = relation.c, context

    def node(self, node: Node) -> ColumnElement[bool] | None:
        """Return the condition, None for words that are left out."""
        match node:
            case Words():
                return None if left_out(node) else self._found(wanted(node))
            case Not(of):
                inner = self.node(of)
                # What does not hold includes what is not known: no severity is not high.
                return None if inner is None else not_(func.coalesce(inner, False))
            case And(of):
                return self._joined(of, and_)
            case Or(of):
                return self._joined(of, or_)
            case Field():
                return self._field(node)

    def _joined(
        self, nodes: tuple[Node, ...], join: Callable[..., ColumnElement[bool]]
    ) -> ColumnElement[bool] | None:
        kept = [condition for n in nodes if (condition := self.node(n)) is not None]
        return join(*kept) if kept else None

    def _found(self, asked: ColumnElement[Any], *, in_title: bool = False) -> ColumnElement[bool]:
        found = select(SearchDocument.issue_id).where(
            SearchDocument.search.op("@@")(asked), standing(self.context.as_of)
        )
        if in_title:
            # Words of the title carry the weight A.
            title = func.ts_filter(SearchDocument.search, text("'{a}'::\"char\"[]"))
            found = found.where(title.op("@@")(asked))
        return self.c.id.in_(found)

    def _field(self, field: Field) -> ColumnElement[bool] | None:
        places = field.positions or (field.position,) * len(field.values)
        # Each value for itself, so that an error points at the one that is at fault.
        conditions = [
            self._value(replace(field, position=place), value)
            for place, value in zip(places, field.values, strict=True)
        ]
        kept = [condition for condition in conditions if condition is not None]
        return or_(*kept) if kept else None

    def _value(self, field: Field, value: str) -> ColumnElement[bool] | None:
        lowered = value.lower()
        match field.name:
            case "status":
                return self.c.status == self._name(Status, field, value)
            case "severity":
                return self._severity(field, value)
            case "resolution":
                if lowered in ("none", "any"):
                    return _present(self.c.resolution, lowered)
                return self.c.resolution == self._name(Resolution, field, value)
            case "project":
                # One value, not a set of them: PostgreSQL can then read an index in its order.
                project = select(_PROJECTS.id).where(_PROJECTS.key == value.upper())
                return self.c.project_id == project.scalar_subquery()
            case "key":
                return self._key(field, value)
            case "label":
                if lowered in ("none", "any"):
                    empty = func.cardinality(self.c.labels) == 0
                    return empty if lowered == "none" else not_(empty)
                return self.c.labels.contains([str(one_line(value)).lower()])
            case "assignee" | "reporter":
                return self._person(field, value)
            case "created" | "updated" | "closed":
                return self._instant(field, value)
            case "due":
                return self._due(field, value)
            case "age":
                return self._age(field, value)
            case "lead" | "cycle" | "triage" | "response":
                return self._taken(field, value)
            case "triaged" | "started" | "responded":
                return self._milestone(field, value)
            case "entered" | "finished" | "reopened" | "bounced":
                return self._stay(field, value)
            case "was":
                return self._was(field, value)
            case "is":
                return self._is(field, lowered)
            case "has":
                return self._has(field, lowered)
            case "duplicate_of" | "has_duplicate" | "blocks" | "blocked_by" | "related_to":
                to = self._issue(field, value)
                return or_(*[self._related(*of, to=to) for of in _RELATIONS[field.name]])
            case _:
                words = title_words(value)
                return None if left_out(words) else self._found(wanted(words), in_title=True)

    def _name(self, kind: Any, field: Field, value: str) -> str:
        name = name_asked(value)
        if name not in set(kind):
            self._refuse(field, f"{field.name} is one of {', '.join(kind)}, not {value!r}")
        return name

    def _severity(self, field: Field, value: str) -> ColumnElement[bool]:
        if value.lower() in ("none", "any") and field.operator == "=":
            return _present(self.c.severity, value.lower())
        name = self._name(Severity, field, value)
        return self.c.severity.in_(severities_asked(field.operator, name))

    def _key(self, field: Field, value: str) -> ColumnElement[bool]:
        # By its id, which the past is indexed by as well; its number never changes.
        return self.c.id == self._issue(field, value)

    def _issue(self, field: Field, value: str) -> ScalarSelect[int]:
        """Return the id of the issue with that key, whether or not it can be seen."""
        found = ISSUE_KEY.fullmatch(value)
        if found is None:
            self._refuse(field, f"{value!r} is not a key like WEB-42")
        issue = (
            select(Issue.id)
            .join(Project, Project.id == Issue.project_id)
            .where(Project.key == found[1].upper(), Issue.number == int(found[2]))
            .correlate(None)
        )
        return issue.scalar_subquery()

    def _person(self, field: Field, value: str) -> ColumnElement[bool]:
        column = self.c[f"{field.name}_id"]
        if value.lower() in ("none", "any"):
            return _present(column, value.lower())
        if value.lower() == "@me":
            # A caller who is no person has nothing of their own, not what is nobody's.
            return false() if self.context.user_id is None else column == self.context.user_id
        person = self.context.find_user(value.removeprefix("@"))
        if person is None:
            self._refuse(field, f"nobody, or more than one person, is {value!r}")
        return column == person

    def _instant(self, field: Field, value: str) -> ColumnElement[bool]:
        return self._compared(self.c[f"{field.name}_at"], field, value)

    def _compared(
        self, column: ColumnElement[Any], field: Field, value: str
    ) -> ColumnElement[bool]:
        """Compare an instant with the time that `value` says."""
        if value.lower() in ("none", "any"):
            return _present(column, value.lower())
        length = duration(value)
        if length is not None:
            # A length is an age: `>30d` was more than thirty days ago.
            try:
                then = self.context.now - length
            except OverflowError:
                self._refuse(field, f"{value!r} is too long ago")
            mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
            return _compare(mirrored.get(field.operator, ">="), column, then)
        try:
            first, end = span(value, self.context.now, self.context.zone)
        except ValueError as error:
            self._refuse(field, str(error))
        return _within(field.operator, column, first, end)

    def _due(self, field: Field, value: str) -> ColumnElement[bool]:
        column = self.c.due_date
        if value.lower() in ("none", "any"):
            return _present(column, value.lower())
        today = self._today()
        try:
            length = duration(value)
            if length is not None:
                day = today + length
                # A length looks ahead: `<7d` is due within the next seven days, or overdue.
                return _compare("<=" if field.operator == "=" else field.operator, column, day)
            first, last = day_range(value, today)
        except OverflowError:
            self._refuse(field, f"{value!r} is out of range")
        except ValueError as error:
            self._refuse(field, str(error))
        match field.operator:
            case "=":
                return and_(
                    true() if first is None else column >= first,
                    true() if last is None else column <= last,
                    column.is_not(None),
                )
            case ">" | "<=":
                return _compare(field.operator, column, last)
            case _:
                return _compare(field.operator, column, first)

    def _age(self, field: Field, value: str) -> ColumnElement[bool]:
        length = duration(value)
        if length is None:
            self._refuse(field, f"age is a length like 30d, 2w or 6mo, not {value!r}")
        try:
            then = self.context.now - length
        except OverflowError:
            self._refuse(field, f"{value!r} is too long ago")
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "<="}
        aged = _compare(mirrored[field.operator], self.c.created_at, then)
        return and_(self.c.status != Status.DONE.value, aged)

    def _taken(self, field: Field, value: str) -> ColumnElement[bool]:
        length = duration(value)
        if length is None:
            self._refuse(field, f"{field.name} is a length like 12h, 3d or 2w, not {value!r}")
        sign = ">=" if field.operator == "=" else field.operator
        taken = elapsed(field.name, self.c)
        if field.name == "lead":
            return and_(self.c.closed_at.is_not(None), _compare(sign, taken, length))
        known = [reached(name, self.c, self.context.as_of) for name in MEASURED[field.name]]
        found = select(_MILESTONES.c.issue_id).where(
            _MILESTONES.c.issue_id == self.c.id, *known, _compare(sign, taken, length)
        )
        return found.exists()

    def _milestone(self, field: Field, value: str) -> ColumnElement[bool]:
        column = _MILESTONES.c[f"{field.name}_at"]
        if value.lower() == "none":
            return not_(self._milestone(field, "any"))
        found = select(_MILESTONES.c.issue_id).where(
            self._compared(column, field, value), *self._so_far(column)
        )
        return self.c.id.in_(found)

    def _stay(self, field: Field, value: str) -> ColumnElement[bool]:
        if value.lower() == "none":
            return not_(self._stay(field, "any"))
        as_of, entered, left = self.context.as_of, _STAYS.c.entered_at, _STAYS.c.left_at
        found = select(_STAYS.c.issue_id)
        if field.name == "entered":
            # Where it stands: of each issue there is one such stay.
            here = [left == _INFINITY] if as_of is None else [entered <= as_of, left > as_of]
            return self.c.id.in_(found.where(self._compared(entered, field, value), *here))
        found = found.where(_STAYS.c.status == Status.DONE.value)
        if field.name == "finished":
            found = found.where(self._compared(entered, field, value), *self._so_far(entered))
        else:
            instant = left if field.name == "reopened" else entered
            found = found.where(
                self._compared(instant, field, value), left < _INFINITY, *self._so_far(left)
            )
            if field.name == "bounced":
                found = found.where(left - entered <= BOUNCED)
        return self.c.id.in_(found)

    def _was(self, field: Field, value: str) -> ColumnElement[bool]:
        status, _, days = value.partition("@")
        entered, left = _STAYS.c.entered_at, _STAYS.c.left_at
        found = select(_STAYS.c.issue_id).where(
            _STAYS.c.status == self._name(Status, field, status), *self._so_far(entered)
        )
        if days or "@" in value:
            try:
                first, end = span(days, self.context.now, self.context.zone)
            except ValueError as error:
                self._refuse(field, str(error))
            if end is not None:
                found = found.where(entered < end)
            if first is not None:
                # What began and ended at one instant was there at that instant.
                found = found.where(or_(left > first, entered >= first))
        return self.c.id.in_(found)

    def _so_far(self, instant: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """Return that it had happened as of the instant that is looked at."""
        return [] if self.context.as_of is None else [instant <= self.context.as_of]

    def _is(self, field: Field, value: str) -> ColumnElement[bool]:
        if value not in _IS:
            self._refuse(field, f"is takes {', '.join(_IS[:-1])} or {_IS[-1]}, not {value!r}")
        if value == "duplicate":
            return self._related("duplicate_of", "from_id")
        if value == "confidential":
            return self.c.confidential
        if value == "closed":
            return self.c.status == Status.DONE.value
        unfinished = self.c.status != Status.DONE.value
        match value:
            case "blocked":
                return and_(unfinished, self._related("blocks", "to_id", unfinished=True))
            case "blocking":
                return and_(unfinished, self._related("blocks", "from_id", unfinished=True))
            case "overdue":
                return and_(unfinished, self.c.due_date < self._today())
            case _:
                return unfinished

    def _has(self, field: Field, value: str) -> ColumnElement[bool]:
        if value in ("label", "labels"):
            return func.cardinality(self.c.labels) > 0
        if value in ("duplicate", "duplicates"):
            return self._related("duplicate_of", "to_id")
        if value == "related":
            return or_(*[self._related("related", end) for end in ("from_id", "to_id")])
        if value not in _HAS:
            names = ", ".join([*_HAS, "label", "duplicates"])
            self._refuse(field, f"has takes {names} or related, not {value!r}")
        return self.c[_HAS[value]].is_not(None)

    def _related(
        self, kind: str, mine: str, *, unfinished: bool = False, to: ScalarSelect[int] | None = None
    ) -> ColumnElement[bool]:
        """Return whether an issue is at the end `mine` of a relation to one that can be seen.

        The other one is not done with `unfinished`, and it is `to` where that is given.
        """
        as_of = self.context.as_of
        others = _OTHERS_NOW if as_of is None else _OTHERS_THEN
        theirs = "to_id" if mine == "from_id" else "from_id"
        found = (
            select(_LINKS.c[mine])
            .join(others, others.c.id == _LINKS.c[theirs])
            .where(_LINKS.c.kind == kind, related_at(_LINKS, as_of), self.context.visible(others))
        )
        if as_of is not None:
            found = found.where(others.c.valid_from <= as_of, others.c.valid_to > as_of)
        if unfinished:
            found = found.where(others.c.status != Status.DONE.value)
        if to is not None:
            found = found.where(_LINKS.c[theirs] == to)
        return self.c.id.in_(found)

    def _today(self) -> date:
        return self.context.now.astimezone(self.context.zone).date()

    def _refuse(self, field: Field, message: str) -> NoReturn:
        raise GrammarError(message, field.position)


def name_asked(value: str) -> str:
    """Return the name that a filter means: `In Progress` is `in_progress`."""
    return re.sub(r"[\s_-]+", "_", value.strip()).lower()


def severities_asked(sign: str, value: str) -> list[str]:
    """Return the severities that compare so with one that is there."""
    rank = RANK[name_asked(value)]
    return [name for name, other in RANK.items() if _OPERATORS[sign](other, rank)]


def _present(column: ColumnElement[Any], which: str) -> ColumnElement[bool]:
    return column.is_(None) if which == "none" else column.is_not(None)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def _compare(sign: str, column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = _OPERATORS[sign](column, value)
    return condition


def _within(
    sign: str, column: ColumnElement[Any], first: datetime | None, end: datetime | None
) -> ColumnElement[bool]:
    """Compare with the stretch (a day, an instant, a range) from `first` up to, without, `end`."""
    match sign:
        case ">":
            return column >= end
        case ">=":
            return column >= first
        case "<":
            return column < first
        case "<=":
            return column < end
        case _:
            return and_(
                column.is_not(None),
                true() if first is None else column >= first,
                true() if end is None else column < end,
            )
