"""Reading packs: columns of the issues that are asked for, exactly as they are at this moment.

What has changed since it was packed is taken from its rows, in the snapshot of the database that
the packs are read in. Filters, splits and rights are those that packs have columns for; of any
other question `packs` says None, and metrics ask the rows.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from plugins.insights.asked import Asked
from plugins.insights.fields import By
from plugins.insights.kept import Kept
from plugins.insights.packing import CODES, changed_issues
from plugins.issues.api import (
    READ,
    SEE_ALL,
    And,
    Node,
    Not,
    Or,
    Project,
    Query,
    Term,
    duration,
    name_asked,
    severities_asked,
    span,
)

MOST_CHANGED = 20_000
"""So many changed issues are read one by one; where there are more, all of them are."""
NEVER = 2**63 - 1
"""The instant of what has not happened, as PostgreSQL sends infinity."""

Numbers = NDArray[Any]
Columns = dict[str, Numbers]

_TYPES = {
    **dict.fromkeys(("created", "closed", "triaged", "started", "responded"), ">i8"),
    **dict.fromkeys(("stay_entered", "finish_entered", "finish_left"), ">i8"),
    **dict.fromkeys(
        ("id", "number", "project", "reporter", "assignee", "stays", "finishes"), ">i4"
    ),
    **dict.fromkeys(("status", "severity", "resolution", "confidential", "stay_status"), "i1"),
}
_SEVERAL = {
    "stays": frozenset({"stay_status", "stay_entered"}),
    "finishes": frozenset({"finish_entered", "finish_left"}),
}
"""Columns that hold several values of an issue, by the one that says how many."""
_TOLD = {"closed": "CASE WHEN closed_first < 'infinity' THEN closed END AS closed"}
"""What is not read as it stands: of what is open nobody has to read that it was never closed."""
_LARGE = frozenset({"stays", *_SEVERAL["stays"]})
"""What is not kept in memory: a first screen does not ask for it."""
_KEPT = Kept()
_AT_ONCE = 8
"""So many packs are held at a time."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_SPLIT = {
    **{by: by.value for by in (By.STATUS, By.SEVERITY, By.RESOLUTION)},
    **{by: by.value for by in (By.ASSIGNEE, By.REPORTER, By.PROJECT)},
}


def micros(instant: datetime) -> int:
    """Return an instant as packs hold it: the microseconds since 2000."""
    return (instant - _EPOCH) // _TICK


def instant_of(packed: int) -> datetime:
    """Return the instant that a pack holds so."""
    return _EPOCH + packed * _TICK


@dataclass(frozen=True, slots=True)
class _Condition:
    """What has to hold of issues, and the columns that tell."""

    columns: frozenset[str]
    holds: Callable[[Columns, int], Numbers]
    """Given the columns, and how many issues there are."""


class _BeyondError(Exception):
    """A filter asks for what no pack tells."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which packs may hold what is asked for: a condition, and the instants in it."""

    where: str
    begin: datetime | None = None
    end: datetime | None = None

    def instants(self) -> dict[str, datetime]:
        """Return the instants of the condition, by name."""
        named = {"begin": self.begin, "end": self.end}
        return {name: instant for name, instant in named.items() if instant is not None}


def everything() -> Reach:
    """Return all packs."""
    return Reach("true")


def moved(begin: datetime, end: datetime) -> Reach:
    """Return the packs in which something happened from one instant up to another."""
    return Reach("last_at >= :begin AND first_at < :end", begin, end)


def closed(begin: datetime, end: datetime) -> Reach:
    """Return the packs of which something was closed from one instant up to another."""
    return Reach("closed_last >= :begin AND closed_first < :end", begin, end)


def moved_or_open(begin: datetime, end: datetime) -> Reach:
    """Return the packs in which something happened then, or is open."""
    either = "(last_at >= :begin OR closed_last = 'infinity')"
    return Reach(f"{either} AND first_at < :end", begin, end)


def there(end: datetime) -> Reach:
    """Return the packs of what was there before an instant."""
    return Reach("first_at < :end", end=end)


def open_packs() -> Reach:
    """Return the packs of what is open."""
    return Reach("closed_last = 'infinity'")


@dataclass(frozen=True)
class Part:
    """Some of the issues asked for: a value of each in every column.

    Of what there are several of each, all of the first come first; a column says how many.
    """

    columns: Columns
    size: int
    """How many issues it holds."""

    def __getitem__(self, name: str) -> Numbers:
        return self.columns[name]


class Packs:
    """The issues asked for, as far as packs tell of them."""

    def __init__(self, asked: Asked, condition: _Condition, changed: Sequence[int]) -> None:
        self._asked, self._condition = asked, condition
        self._changed = np.sort(np.array(changed, dtype=np.int64))
        self._key = None if asked.by is None else _SPLIT[asked.by]

    def parts(self, reach: Reach, *names: str) -> Iterator[Part]:
        """Yield the issues of the packs that a reach holds, and what has changed since.

        Of no particular order, and with what else those packs hold: a reach only leaves packs out.
        """
        wanted = {*names, *self._condition.columns, *(() if self._key is None else (self._key,))}
        for name in names:
            wanted |= _SEVERAL.get(name, frozenset())
        columns = sorted(wanted)
        return chain(self._packed(reach, columns), self._fresh(columns))

    def keys(self, part: Part) -> Numbers:
        """Return the group of each issue, as a number; 0 where nothing is split."""
        if self._key is None:
            return np.zeros(part.size, dtype=np.int64)
        return part[self._key].astype(np.int64)

    def key(self, number: int) -> Any:
        """Return what such a number stands for: what `splitting.groups` takes."""
        if self._key in CODES:
            return NAMES[self._key][number]
        return None if number == 0 else number

    def _packed(self, reach: Reach, columns: list[str]) -> Iterator[Part]:
        rows = self._asked.session.execute(
            text(f"SELECT pack, made, base, issues FROM issue_packs WHERE {reach.where}"),  # noqa: S608
            reach.instants(),
        ).all()
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            read = _read(self._asked.session, some, {*columns, *_if(len(self._changed), "id")})
            found = {name: np.concatenate([one[name] for one in read]) for name in columns}
            sizes = [row.issues for row in some]
            here = self._condition.holds(found, sum(sizes))
            if "id" in found:
                bases = np.array([row.base for row in some], dtype=np.int64)
                found["id"] = found["id"] + np.repeat(bases, sizes)
            if len(self._changed):
                here[self._outdated(some, read)] = False
            yield _only(found, here)

    def _outdated(self, packs: Sequence[Row[Any]], read: Sequence[Columns]) -> Numbers:
        """Return the places of what has changed, of packs one after the other."""
        places, start = [], 0
        for pack, columns in zip(packs, read, strict=True):
            ids = columns["id"]  # in their order
            first, last = np.searchsorted(self._changed, (pack.base, pack.base + int(ids[-1]) + 1))
            wanted = (self._changed[first:last] - pack.base).astype(ids.dtype)
            found = np.searchsorted(ids, wanted)
            places.append(start + found[ids[found] == wanted])
            start += pack.issues
        return np.concatenate(places)

    def _fresh(self, columns: list[str]) -> Iterator[Part]:
        if not len(self._changed):
            return
        row = self._asked.session.execute(text(changed_issues(columns))).one_or_none()
        if row is not None:
            found = {name: _array(name, getattr(row, name)) for name in columns}
            if "id" in found:
                found["id"] = found["id"] + np.int64(row.base)
            yield _only(found, self._condition.holds(found, row.issues))


NAMES: dict[str | None, dict[int, str | None]] = {
    column: {code: name for name, code in codes.items()} for column, codes in CODES.items()
}


def packs(asked: Asked) -> Packs | None:
    """Return the packed issues that are asked for; None where packs cannot tell."""
    if asked.by is By.LABEL:
        return None
    changed = _changed(asked)
    try:
        return None if changed is None else Packs(asked, _Conditions(asked).all(), changed)
    except _BeyondError:
        return None


@dataclass(frozen=True, slots=True)
class Compared:
    """What two filters select: how many issues both do, and the first that only one of them does.

    Issues are told by project and number, in the order of their keys.
    """

    in_both: int
    only: tuple[list[tuple[int, int]], list[tuple[int, int]]]


def compared(asked: Asked, queries: tuple[Query, Query], most: int) -> Compared | None:
    """Hold what two filters select at present together; None where packs cannot tell.

    Raises `ValueError` for an instant that makes no sense: filters have been compiled before.
    """
    changed = _changed(asked)
    if changed is None:
        return None
    conditions = _Conditions(asked)
    try:
        either = [conditions.of(query) for query in queries]
    except _BeyondError:
        return None
    there = Packs(replace(asked, by=None), conditions.visible(), changed)
    names = {"project", "number"}.union(*[one.columns for one in either])
    in_both, only = 0, ([], [])  # type: tuple[int, tuple[list[Numbers], list[Numbers]]]
    for part in there.parts(everything(), *names):
        one, other = (condition.holds(part.columns, part.size) for condition in either)
        in_both += int(np.count_nonzero(one & other))
        for found, here in zip(only, (one & ~other, other & ~one), strict=True):
            found.append(np.stack([part[name][here] for name in ("project", "number")]))
    order = {row.id: row.key for row in conditions.projects}
    return Compared(in_both, (_first(only[0], order, most), _first(only[1], order, most)))


def _first(parts: list[Numbers], keys: Mapping[int, str], most: int) -> list[tuple[int, int]]:
    """Return the first in the order of the keys of projects, then of numbers."""
    projects, numbers = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), dtype=int)
    found: list[tuple[int, int]] = []
    for project in sorted(keys, key=lambda each: keys[each]):
        those = np.sort(numbers[projects == project])[: most - len(found)]
        found += [(project, number) for number in those.tolist()]
    return found


def _changed(asked: Asked) -> Sequence[int] | None:
    """Return which issues have changed since they were packed; None where packs cannot tell."""
    if asked.as_of is not None or not asked.principal.may(READ.name):
        return None
    state = asked.session.execute(_STATE, {"most": MOST_CHANGED + 1}).one()
    return state.changed if state.filled and len(state.changed) <= MOST_CHANGED else None


_STATE = text(
    "SELECT EXISTS (SELECT FROM issue_packing) AS filled, ARRAY("
    "SELECT DISTINCT issue_id FROM issue_pack_changes LIMIT :most) AS changed"
)


def _read(session: Session, packs: Sequence[Row[Any]], columns: Collection[str]) -> list[Columns]:
    """Return the columns of each pack; what has been read before from memory."""
    found: list[dict[str, Any]] = [
        {name: _KEPT.get(row.made, name) for name in columns} for row in packs
    ]
    wanted = sorted({name for of_it in found for name, values in of_it.items() if values is None})
    if wanted:
        lacking = {
            row.pack: of_it
            for row, of_it in zip(packs, found, strict=True)
            if any(of_it[name] is None for name in wanted)
        }
        told = ", ".join(_TOLD.get(name, name) for name in wanted)
        rows = session.execute(
            text(f"SELECT pack, made, issues, {told} FROM issue_packs WHERE pack = ANY(:packs)"),  # noqa: S608
            {"packs": list(lacking)},
            execution_options={"yield_per": _AT_ONCE},
        )
        for row in rows:
            for name in wanted:
                value = getattr(row, name)
                never = np.broadcast_to(np.int64(NEVER), row.issues)
                values = never if value is None else _array(name, value)
                lacking[row.pack][name] = values
                if name not in _LARGE:
                    _KEPT.put(row.made, name, values)
    return found


def _if(holds: object, name: str) -> tuple[str, ...]:
    return (name,) if holds else ()


def _array(name: str, value: Any) -> Numbers:
    found = np.frombuffer(value, dtype=_TYPES[name])
    return found.astype(found.dtype.newbyteorder("="))


def _only(columns: Columns, here: Numbers) -> Part:
    """Return the columns of the issues of which a condition holds."""
    size = int(np.count_nonzero(here))
    if size == len(here):
        return Part(columns, size)
    found = dict(columns)
    for name, several in _SEVERAL.items():
        if name in columns:
            of_them = np.repeat(here, columns[name])
            found |= {each: columns[each][of_them] for each in several}
    single = columns.keys() - frozenset().union(*_SEVERAL.values())
    return Part({**found, **{name: columns[name][here] for name in single}}, size)


def stays_of(part: Part) -> tuple[Numbers, Numbers]:
    """Return of each stay whose it is, and when it was left: when the next one began."""
    numbers, entered = part["stays"], part["stay_entered"]
    left = np.full(len(entered), NEVER, dtype=np.int64)
    left[:-1] = entered[1:]
    left[lasts_of(numbers)[numbers > 0]] = NEVER
    return owners(numbers), left


def owners(numbers: Numbers) -> Numbers:
    """Return of each of several values of issues which issue's it is."""
    return np.repeat(np.arange(len(numbers)), numbers)


def lasts_of(numbers: Numbers) -> Numbers:
    """Return where the last of the several values of each issue is."""
    return np.cumsum(numbers) - 1


class _Conditions:
    """From a filter and a person to conditions on columns: what `compile_filter` and
    `policy.visible_to` say of rows.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked, self._context = asked, asked.selection.context
        self.projects = asked.session.execute(
            select(Project.id, Project.key, Project.visibility, Project.deleted_at)
        ).all()

    def all(self) -> _Condition:
        return _both([*self._visible(), *self._asks(self._asked.query)])

    def visible(self) -> _Condition:
        """Return what holds of the issues that the person may see."""
        return _both(list(self._visible()))

    def of(self, query: Query) -> _Condition:
        """Return what holds of what a filter selects."""
        return _both(self._asks(query))

    def _asks(self, query: Query) -> list[_Condition]:
        return [] if query.where is None else [self._node(query.where)]

    def _visible(self) -> Iterator[_Condition]:
        gone = [row.id for row in self.projects if row.deleted_at is not None]
        if gone:
            yield _Condition(
                frozenset({"project"}), lambda columns, _: ~np.isin(columns["project"], gone)
            )
        if self._asked.principal.may(SEE_ALL.name):
            return
        shown = [row.id for row in self.projects if row.visibility == "all"]
        own = self._asked.principal.user_id or 0
        yield _Condition(
            frozenset({"project", "reporter", "confidential"}),
            lambda columns, _: (
                (columns["reporter"] == own if own else False)
                | (np.isin(columns["project"], shown) & (columns["confidential"] == 0))
            ),
        )

    def _node(self, node: Node) -> _Condition:
        match node:
            case Not(of):
                inner = self._node(of)
                return _Condition(inner.columns, lambda columns, size: ~inner.holds(columns, size))
            case And(of):
                return _joined_by([self._node(each) for each in of], np.logical_and)
            case Or(of):
                return _joined_by([self._node(each) for each in of], np.logical_or)
            case Term():
                return _joined_by(
                    [self._value(node, value) for value in node.values], np.logical_or
                )
            case _:
                raise _BeyondError

    def _value(self, term: Term, value: str) -> _Condition:
        lowered = value.lower()
        match term.name:
            case "severity" | "resolution" | "assignee" | "reporter" if (
                lowered in ("none", "any") and term.operator == "="
            ):
                return _is(term.name, 0) if lowered == "none" else _is_not(term.name, 0)
            case "status" | "resolution":
                return _is(term.name, CODES[term.name][name_asked(value)])
            case "severity":
                wanted = severities_asked(term.operator, value)
                return _is("severity", *[CODES["severity"][name] for name in wanted])
            case "project":
                found = [row.id for row in self.projects if row.key == value.upper()]
                return _is("project", *found)
            case "assignee" | "reporter":
                return self._person(term.name, value)
            case "created" | "closed" if duration(value) is None:
                return self._instant(term, value)
            case "is" if lowered == "confidential":
                return _is("confidential", 1)
            case "is" if lowered in ("open", "closed"):
                done = CODES["status"]["done"]
                return _is("status", done) if lowered == "closed" else _is_not("status", done)
            case "has" if lowered in ("assignee", "severity"):
                return _is_not(lowered, 0)
            case _:
                raise _BeyondError

    def _instant(self, term: Term, value: str) -> _Condition:
        column = term.name
        if value.lower() in ("none", "any"):
            return _is(column, NEVER) if value.lower() == "none" else _is_not(column, NEVER)
        first, end = span(value, self._context.now, self._context.zone)
        low, high = (None if each is None else micros(each) for each in (first, end))
        match term.operator:
            case "=":
                return _between(column, low, high)
            case ">=":
                return _between(column, low, None)
            case ">":
                return _between(column, high, None)
            case "<":
                return _between(column, None, low)
            case _:
                return _between(column, None, high)

    def _person(self, column: str, value: str) -> _Condition:
        if value.lower() == "@me":
            who = self._context.user_id
        else:
            who = self._context.find_user(value.removeprefix("@"))
        return _is(column) if who is None else _is(column, who)


def _is(column: str, *codes: Any) -> _Condition:
    return _Condition(frozenset({column}), lambda columns, _: np.isin(columns[column], codes))


def _is_not(column: str, code: int) -> _Condition:
    return _Condition(frozenset({column}), lambda columns, _: columns[column] != code)


def _between(column: str, low: int | None, high: int | None) -> _Condition:
    least, most = low if low is not None else -NEVER, high if high is not None else NEVER
    return _Condition(
        frozenset({column}),
        lambda columns, _: (columns[column] >= least) & (columns[column] < most),
    )


def _both(conditions: Sequence[_Condition]) -> _Condition:
    if not conditions:
        return _Condition(frozenset(), lambda _, size: np.ones(size, dtype=bool))
    return _joined_by(conditions, np.logical_and)


def _joined_by(conditions: Sequence[_Condition], join: Any) -> _Condition:
    return _Condition(
        frozenset().union(*[one.columns for one in conditions]),
        lambda columns, size: join.reduce([one.holds(columns, size) for one in conditions]),
    )
