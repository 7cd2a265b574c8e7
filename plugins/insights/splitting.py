"""Splitting numbers by a field of issues: the groups, their names, the terms that open them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Text, case, cast, func, null, select

from plugins.insights.asked import Asked, term
from plugins.insights.fields import By
from plugins.insights.metric import Point, Series
from plugins.issues.api import Project, Severity, Status, Term
from plugins.roles.api import user_refs

MOST_GROUPS = 12
"""So many groups are shown: those of which there is the most."""
_NOT_ASKED_FOR = ("none", "any")
"""No label of that name can be asked for by a filter."""
_ORDERS: dict[By, Sequence[str]] = {
    By.SEVERITY: [*reversed(Severity), "none"],
    By.STATUS: list(Status),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Issues that have a value in common; None in an answer that is not split."""

    key: Any
    name: str | None
    term: Term | None

    @property
    def terms(self) -> tuple[Term, ...]:
        """What a filter asks of its issues."""
        return () if self.term is None else (self.term,)

    def series(
        self, measure: str, points: list[Point], *, alone: bool = False, unit: str | None = None
    ) -> Series:
        """Return its numbers under a name; `alone` where a metric measures one thing."""
        name = measure
        if self.name is not None:
            name = self.name if alone else f"{self.name}: {measure}"
        return Series(name, points, measure, self.name, unit)


EVERYTHING = Group(None, None, None)


def split(source: FromClause, by: By | None) -> tuple[FromClause, ColumnElement[Any]]:
    """Return what to select from, and the column of the group that a row belongs to.

    A row with several labels is there once for each of them.
    """
    columns: Any = source.c
    match by:
        case None:
            return source, cast(null(), Text)
        case By.LABEL:
            none = func.array_append(cast(null(), columns.labels.type), null())
            each = (
                func.unnest(
                    case((func.cardinality(columns.labels) == 0, none), else_=columns.labels)
                )
                .table_valued("label")
                .render_derived(name="each_label")
            )
            named = each.c.label.is_(None) | each.c.label.not_in(_NOT_ASKED_FOR)
            return source.join(each, named), each.c.label
        case By.ASSIGNEE | By.REPORTER:
            return source, cast(columns[f"{by}_id"], BigInteger)
        case By.PROJECT:
            return source, columns.project_id
        case _:
            return source, columns[by.value]


def groups(asked: Asked, numbers: Mapping[Any, int] | Iterable[Any]) -> list[Group]:
    """Return the groups to show, of the keys that were found, each with how many are in it."""
    if asked.by is None:
        return [EVERYTHING]
    sizes = dict(numbers) if isinstance(numbers, Mapping) else dict.fromkeys(numbers, 0)
    names = _names(asked, sizes)
    if asked.by in _ORDERS:
        order = list(_ORDERS[asked.by])
        kept = sorted(sizes, key=lambda key: order.index("none" if key is None else key))
    else:
        kept = sorted(sizes, key=lambda key: (-sizes[key], key is None, str(names.get(key))))
    return [
        Group(key, names[key], term(asked.by.value, _value(asked.by, key, names)))
        for key in kept[:MOST_GROUPS]
    ]


def _names(asked: Asked, keys: Iterable[Any]) -> dict[Any, str]:
    """Return a name for each key, no two the same."""
    known = [key for key in keys if key is not None]
    names: dict[Any, str] = {None: "none"}
    if asked.by in (By.ASSIGNEE, By.REPORTER):
        refs = user_refs(asked.session, known)
        people = {key: refs[key]["name"] if key in refs else f"#{key}" for key in known}
        taken = list(people.values())
        names |= {
            key: name if taken.count(name) == 1 else f"{name} (#{key})"
            for key, name in people.items()
        }
    elif asked.by is By.PROJECT:
        names |= project_keys(asked, known)
    else:
        names |= {key: str(key) for key in known}
    return names


def project_keys(asked: Asked, ids: Iterable[int]) -> dict[int, str]:
    """Return the key of each project, by its id."""
    rows = asked.session.execute(select(Project.id, Project.key).where(Project.id.in_(ids)))
    return {row.id: row.key for row in rows}


def _value(by: By, key: Any, names: Mapping[Any, str]) -> str:
    if key is None:
        return "none"
    return names[key] if by is By.PROJECT else str(key)
