"""What is behind one number and not behind another: the lists of two links, held together."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, false, func, not_, select

from plugins.insights.asked import Asked
from plugins.insights.splitting import project_keys
from plugins.issues.api import Project, Selection, lacking, select_issues

MOST_KEYS = 100
"""So many keys are named; a filter that asks for them has room for no more values."""

PARTS = ("entered", "left", "changed")
_COMPARED = (
    "title", "status", "resolution", "severity", "labels", "due_date", "assignee_id",
    "confidential", "project_id",
)  # fmt: skip
_TOLD = {"due_date": "due", "assignee_id": "assignee", "project_id": "project"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A link, and how many issues it opens."""

    link: dict[str, Any]
    issues: int


class Differences:
    """What links differ by; of several numbers behind which the same issues are, looked up once."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._known: dict[tuple[Any, ...], dict[str, Any]] = {}

    def between(self, one: Opened, other: Opened) -> dict[str, Any]:
        """Return what entered, left and changed from `other` to `one`."""
        links = *one.link.values(), *other.link.values()
        if links not in self._known:
            self._known[links] = _difference(self._asked, one, other)
        return self._known[links]


def _difference(asked: Asked, one: Opened, other: Opened) -> dict[str, Any]:
    if one.link["as_of"] == other.link["as_of"]:
        return _at_one_instant(asked, one, other)
    rows = asked.session.execute(
        _parted(_behind(asked, one.link, "now"), _behind(asked, other.link, "before"))
    ).all()
    found: dict[str, Any] = {}
    for part in PARTS:
        of_it = [row for row in rows if row.part == part]
        keys = [f"{row.key}-{row.number}" for row in of_it]
        link = other.link if part == "left" else one.link
        found[part] = _told_of(keys, of_it[0].of_all if of_it else 0, link)
        if part == "changed":
            found[part]["items"] = [
                {
                    "key": key,
                    "fields": [name for name in map(_told, _COMPARED) if row._mapping[name]],
                }
                for key, row in zip(keys, of_it, strict=True)
            ]
    return found


def _at_one_instant(asked: Asked, one: Opened, other: Opened) -> dict[str, Any]:
    """Return the same of one instant, at which no issue differs from itself.

    How many are behind each number is known: counting those behind both tells the rest. However
    many they are, a filter can ask for them.
    """
    now, then = (_selected(asked, opened.link) for opened in (one, other))
    if asked.packs is not None and now.as_of is None:
        from plugins.insights.packed import compared

        found = compared(asked, (now.query, then.query), MOST_KEYS)
        if found is not None:
            entered, left = (_keys(asked, only) for only in found.only)
            return _parts(one, other, now, then, found.in_both, entered, left)
    in_both = _and_also(now, then)
    rows = select(func.count()).select_from(now.relation).where(now.where, in_both)
    both = asked.session.execute(rows).scalar_one() if one.issues and other.issues else 0
    entered = _first_keys(asked, now, then) if one.issues > both else []
    left = _first_keys(asked, then, now) if other.issues > both else []
    return _parts(one, other, now, then, both, entered, left)


def _keys(asked: Asked, issues: list[tuple[int, int]]) -> list[str]:
    keys = project_keys(asked, {project for project, _ in issues})
    return [f"{keys[project]}-{number}" for project, number in issues]


def _parts(
    one: Opened,
    other: Opened,
    now: Selection,
    then: Selection,
    both: int,
    entered: list[str],
    left: list[str],
) -> dict[str, Any]:
    return {
        "entered": _told_of(entered, one.issues - both, one.link, lacking(now.query, then.query)),
        "left": _told_of(left, other.issues - both, other.link, lacking(then.query, now.query)),
        "changed": {**_told_of([], 0, one.link), "items": []},
    }


def _first_keys(asked: Asked, selected: Selection, without: Selection) -> list[str]:
    """Return the first keys of the issues that one selects and the other does not."""
    number = selected.relation.c.number
    rows = asked.session.execute(
        select(Project.key, number)
        .select_from(selected.relation.join(Project, Project.id == selected.relation.c.project_id))
        .where(selected.where, not_(func.coalesce(_and_also(selected, without), false())))
        .order_by(Project.key, number)
        .limit(MOST_KEYS)
    ).all()
    return [f"{row.key}-{row.number}" for row in rows]


def _and_also(selected: Selection, other: Selection) -> ColumnElement[bool]:
    """Return the condition that the other selects an issue, too."""
    if selected.relation is other.relation:
        return other.where
    return selected.relation.c.id.in_(select(other.relation.c.id).where(other.where))


def _told_of(
    keys: list[str], count: int, link: dict[str, Any], q: str | None = None
) -> dict[str, Any]:
    """Return how many there are, the first of them, and what opens all: `q`, else their keys."""
    complete = count == len(keys)
    if q is None and complete:
        q = f"key:{','.join(keys)}"
    opened = None if q is None or not count else {"q": q, "as_of": link["as_of"]}
    return {"count": count, "keys": keys, "complete": complete, "open": opened}


def _parted(now: Subquery, then: Subquery) -> Select[*tuple[Any, ...]]:
    """Return the first issues of each part in the order of their keys, with how many there are."""
    part = case(
        (then.c.id.is_(None), "entered"),
        (now.c.id.is_(None), "left"),
        (now.c.version != then.c.version, "changed"),
    )
    project = func.coalesce(now.c.project_id, then.c.project_id)
    number = func.coalesce(now.c.number, then.c.number)
    together = (
        select(
            part.label("part"),
            Project.key,
            number.label("number"),
            *[now.c[name].is_distinct_from(then.c[name]).label(_told(name)) for name in _COMPARED],
        )
        .select_from(
            now.join(then, now.c.id == then.c.id, full=True).join(Project, Project.id == project)
        )
        .where(part.is_not(None))
        .subquery("together")
    )
    placed = select(
        together,
        func.count().over(partition_by=together.c.part).label("of_all"),
        func.row_number()
        .over(partition_by=together.c.part, order_by=(together.c.key, together.c.number))
        .label("place"),
    ).subquery("placed")
    return select(placed).where(placed.c.place <= MOST_KEYS).order_by(placed.c.part, placed.c.place)


def _told(name: str) -> str:
    return _TOLD.get(name, name)


def _behind(asked: Asked, link: dict[str, Any], name: str) -> Subquery:
    selection = _selected(asked, link)
    c = selection.relation.c
    return (
        select(c.id, c.number, c.version, *[c[field] for field in _COMPARED])
        .where(selection.where)
        .subquery(name)
    )


def _selected(asked: Asked, link: dict[str, Any]) -> Selection:
    """Return what a link opens. What it opens of the present is at hand as it is now."""
    present = asked.as_of is None and link["as_of"] == asked.seen
    instant = None if present else link["as_of"]
    return select_issues(asked.session, asked.principal, link["q"], instant, asked.zone)
