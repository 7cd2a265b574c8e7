"""What is behind one number and not behind another: the lists of two links, held together."""

from typing import Any

from sqlalchemy import Select, Subquery, case, func, select

from plugins.insights.asked import Asked
from plugins.issues.api import Project, select_issues

MOST_KEYS = 100
"""So many keys are named; a filter that asks for them has room for no more values."""

PARTS = ("entered", "left", "changed")
_COMPARED = (
    "title", "status", "resolution", "severity", "labels", "due_date", "assignee_id",
    "confidential", "project_id",
)  # fmt: skip
_TOLD = {"due_date": "due", "assignee_id": "assignee", "project_id": "project"}


def difference(asked: Asked, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return what entered, left and changed from `other` to `one`, both links."""
    rows = asked.session.execute(
        _parted(_behind(asked, one, "now"), _behind(asked, other, "before"))
    ).all()
    found: dict[str, Any] = {}
    for part in PARTS:
        of_it = [row for row in rows if row.part == part]
        count = of_it[0].count if of_it else 0
        keys = [f"{row.key}-{row.number}" for row in of_it]
        complete = count == len(keys)
        link = other if part == "left" else one
        found[part] = {
            "count": count,
            "keys": keys,
            "complete": complete,
            "open": {"q": f"key:{','.join(keys)}", "as_of": link["as_of"]}
            if keys and complete
            else None,
        }
        if part == "changed":
            found[part]["items"] = [
                {
                    "key": key,
                    "fields": [name for name in map(_told, _COMPARED) if row._mapping[name]],
                }
                for key, row in zip(keys, of_it, strict=True)
            ]
    return found


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
        func.count().over(partition_by=together.c.part).label("count"),
        func.row_number()
        .over(partition_by=together.c.part, order_by=(together.c.key, together.c.number))
        .label("place"),
    ).subquery("placed")
    return select(placed).where(placed.c.place <= MOST_KEYS).order_by(placed.c.part, placed.c.place)


def _told(name: str) -> str:
    return _TOLD.get(name, name)


def _behind(asked: Asked, link: dict[str, Any], name: str) -> Subquery:
    selection = select_issues(asked.session, asked.principal, link["q"], link["as_of"], asked.zone)
    c = selection.relation.c
    return (
        select(c.id, c.number, c.version, *[c[field] for field in _COMPARED])
        .where(selection.where)
        .subquery(name)
    )
