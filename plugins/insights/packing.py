"""Packing issues into columns, from which metrics are computed without reading them one by one.

What is closed lies with what was closed in the same two weeks, what is open with what was reported
near it: so a period takes few packs. A pack is a copy of rows as they were when it was made. Every
issue that has changed since is noted, by triggers, in the transaction of its change; readers take
it from its rows instead (`packed`), so that their numbers are exact whenever a job packs.
"""

# ruff: noqa: S608 (all names in statements are our own)

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from issue_insight import clock
from plugins.issues.api import Facts, Resolution, Severity, Status

CODES: dict[str, dict[str | None, int]] = {
    name: {None: 0, **{value.value: code for code, value in enumerate(kind, start=1)}}
    for name, kind in (("status", Status), ("severity", Severity), ("resolution", Resolution))
}
"""The numbers that stand for names in a pack."""
LEFT = 500
"""So many changed issues readers may take from their rows before a job packs them."""

_LOCK = 7_302_516_885  # an arbitrary number that stands for "packing" among advisory locks
_SPAN = 14 * 86_400
_OPEN = 1_000_000_000_000
"""Packs of open issues are numbered from here on, by their ids; others by when they were closed."""
_BITS = 13
_MOST = 100_000
"""Where more has changed, all is packed anew."""


def _code(column: str, kind: type[StrEnum]) -> str:
    cases = " ".join(f"WHEN '{v.value}' THEN {n}" for n, v in enumerate(kind, start=1))
    return f'charsend((CASE {column} {cases} ELSE 0 END)::"char")'


def _instant(column: str) -> str:
    return f"timestamptz_send(coalesce({column}, 'infinity'))"


_COLUMNS = {
    "id": "int4send((id - base)::integer)",
    "number": "int4send(number)",
    "project": "int4send(project_id::integer)",
    "reporter": "int4send(reporter_id::integer)",
    "assignee": "int4send(coalesce(assignee_id, 0)::integer)",
    "status": _code("status", Status),
    "severity": _code("severity", Severity),
    "resolution": _code("resolution", Resolution),
    "confidential": 'charsend(confidential::integer::"char")',
    "created": _instant("created_at"),
    "closed": _instant("closed_at"),
    "triaged": _instant("triaged_at"),
    "started": _instant("started_at"),
    "responded": _instant("responded_at"),
    "stays": "int4send(stays::integer)",
    "stay_status": "stay_statuses",
    "stay_entered": "stay_entries",
    "finishes": "int4send(finishes::integer)",
    "finish_entered": "finish_entries",
    "finish_left": "finish_leavings",
}
"""What each column of a pack is made of, an issue after the other."""

_DONE = f"status = '{Status.DONE.value}'"
_STAYS = f"""
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS stays,
            max(entered_at) AS last_entered_at,
            coalesce(string_agg({_code("status", Status)}, '' ORDER BY number), '')
                AS stay_statuses,
            coalesce(string_agg({_instant("entered_at")}, '' ORDER BY number), '')
                AS stay_entries,
            count(*) FILTER (WHERE {_DONE}) AS finishes,
            coalesce(
                string_agg({_instant("entered_at")}, '' ORDER BY number) FILTER (WHERE {_DONE}), ''
            ) AS finish_entries,
            coalesce(
                string_agg({_instant("left_at")}, '' ORDER BY number) FILTER (WHERE {_DONE}), ''
            ) AS finish_leavings
        FROM issue_stays WHERE issue_stays.issue_id = issues.id
    ) AS stays
"""
_BOUNDS = """,
    min(created_at) AS first_at,
    max(greatest(created_at, closed_at, triaged_at, started_at, responded_at, last_entered_at))
        AS last_at,
    min(coalesce(closed_at, 'infinity')) AS closed_first,
    max(coalesce(closed_at, 'infinity')) AS closed_last
"""
_NAMES = ", ".join(
    ["base", "issues", *_COLUMNS, "first_at", "last_at", "closed_first", "closed_last"]
)
_PACK = f"""
    CASE
        WHEN closed_at IS NULL THEN {_OPEN} + (id >> {_BITS})
        ELSE floor(extract(epoch FROM closed_at) / {_SPAN})::bigint
    END
"""


def changed_issues(columns: Iterable[str]) -> str:
    """Return the SQL of one row that packs those columns of all issues that have changed."""
    return _packed(columns, "issues.id IN (SELECT issue_id FROM issue_pack_changes)")


def _packed(columns: Iterable[str], where: str, bounds: str = "") -> str:
    names = list(columns)
    wanted = [f"string_agg({_COLUMNS[name]}, '' ORDER BY id) AS {name}" for name in names]
    stays = _STAYS if bounds or any(name.startswith(("stay", "finish")) for name in names) else ""
    every = ", stays.*" if stays else ""
    return f"""
        SELECT {", ".join(["min(id) AS base", "count(*)::integer AS issues", *wanted])} {bounds}
        FROM (
            SELECT
                issues.*, triaged_at, started_at, responded_at, min(issues.id) OVER () AS base
                {every}
            FROM issues
            LEFT JOIN issue_milestones ON issue_milestones.issue_id = issues.id
            {stays}
            WHERE issues.deleted_at IS NULL AND {where}
        ) AS chosen
        HAVING count(*) > 0
    """


def _told(pack: int) -> str:
    """Return the SQL of a whole pack as the issues are now."""
    if pack >= _OPEN:
        first = (pack - _OPEN) << _BITS
        last = first + (1 << _BITS)
        where = f"closed_at IS NULL AND issues.id >= {first} AND issues.id < {last}"
    else:
        begin, end = pack * _SPAN, (pack + 1) * _SPAN
        where = f"closed_at >= to_timestamp({begin}) AND closed_at < to_timestamp({end})"
    return _packed(_COLUMNS, where, _BOUNDS)


@dataclass(frozen=True, slots=True)
class Packed:
    """What packing did: how many packs it made, and how many changed issues it took into them."""

    packs: int
    changed: int

    def __str__(self) -> str:
        return f"{self.changed} changed issues packed, in {self.packs} packs"


def pack(session: Session, *, left: int = LEFT) -> Packed:
    """Pack what has changed, where that is much; everything, where not all has been packed yet.

    Readers see what was before until the transaction ends.
    """
    _wait_for_others(session)
    changes = _changes(session)
    if not _is_filled(session) or len(changes) > _MOST:
        return rebuild(session)
    places = _places(session, set(changes.values()))
    if len(places) <= left:
        return Packed(0, 0)
    chosen = _fullest(places, left // 2)
    done = {issue for issue, packs in places.items() if packs <= chosen}
    # By row, not by issue: what changes from here on is noted by another row, which stays.
    gone = [row for row, issue in changes.items() if issue in done]
    session.execute(_FORGET, {"rows": gone})
    for number in chosen:
        _write(session, number)
    return Packed(len(chosen), len(done))


def rebuild(session: Session) -> Packed:
    """Forget all packs and make them anew; readers see the old ones until it is done."""
    _wait_for_others(session)
    # First: what changes from here on is noted, and read from its rows.
    forgotten: Any = session.execute(text("DELETE FROM issue_pack_changes"))
    session.execute(text("DELETE FROM issue_packs"))
    packs = _wanted(session)
    for number in packs:
        _write(session, number)
    session.execute(text("DELETE FROM issue_packing"))
    session.execute(text("INSERT INTO issue_packing VALUES (:now)"), {"now": clock.now()})
    return Packed(len(packs), forgotten.rowcount)


def verify(session: Session) -> Facts:
    """Compare packs with the issues; those with issues that have changed since are left out.

    Needs a transaction that sees one state of the database.
    """
    stored = set(session.scalars(text("SELECT pack FROM issue_packs")))
    if not _is_filled(session):
        return Facts("issue_packs", len(stored), 0)
    wanted = _wanted(session)
    waiting = set().union(*_places(session, set(_changes(session).values())).values())
    wrong = [
        number for number in (stored | wanted) - waiting if session.scalar(text(_differs(number)))
    ]
    return Facts("issue_packs", len(stored), len(wrong))


def _wanted(session: Session) -> set[int]:
    """Return the packs that there are issues for."""
    rows = text(f"SELECT DISTINCT {_PACK} FROM issues WHERE deleted_at IS NULL")
    return set(session.scalars(rows))


def _differs(number: int) -> str:
    """Return the SQL that says whether a pack is not what it would be now."""
    now = f"SELECT ROW({_NAMES}) FROM ({_told(number)}) AS told"
    kept = f"SELECT ROW({_NAMES}) FROM issue_packs WHERE pack = {number}"
    return f"SELECT ({now}) IS DISTINCT FROM ({kept})"


def _wait_for_others(session: Session) -> None:
    """Let one transaction pack at a time; the statements that follow see what others have done."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _is_filled(session: Session) -> bool:
    return session.scalar(text("SELECT EXISTS (SELECT FROM issue_packing)")) is True


def _changes(session: Session) -> dict[int, int]:
    """Return the issue of each change, by the row that notes it; more than are packed, if many."""
    rows = session.execute(
        text("SELECT id, issue_id FROM issue_pack_changes LIMIT :most"), {"most": _MOST + 1}
    )
    return {row.id: row.issue_id for row in rows}


def _places(session: Session, issues: Iterable[int]) -> dict[int, set[int]]:
    """Return in which packs each issue is, or has to be."""
    ids = np.array(sorted(issues), dtype=np.int64)
    places: dict[int, set[int]] = {issue: set() for issue in ids.tolist()}
    if not places:
        return places
    for row in session.execute(text("SELECT pack, base, id FROM issue_packs")):
        here = np.frombuffer(row.id, dtype=">i4") + np.int64(row.base)
        for issue in np.intersect1d(here, ids, assume_unique=True).tolist():
            places[issue].add(row.pack)
    now = session.execute(
        text(f"SELECT id, {_PACK} AS pack FROM issues WHERE id = ANY(:ids) AND deleted_at IS NULL"),
        {"ids": ids.tolist()},
    )
    for row in now:
        places[row.id].add(row.pack)
    return places


def _fullest(places: dict[int, set[int]], left: int) -> set[int]:
    """Return packs with the most changes, until so many issues are left.

    Changes are mostly near each other; the few elsewhere are not worth packs of their own.
    """
    inside: dict[int, list[int]] = {}
    for issue, packs in places.items():
        for number in packs:
            inside.setdefault(number, []).append(issue)
    missing = {issue: len(packs) for issue, packs in places.items() if packs}
    chosen: set[int] = set()
    for number in sorted(inside, key=lambda number: -len(inside[number])):
        if len(missing) <= left:
            break
        chosen.add(number)
        for issue in inside[number]:
            missing[issue] -= 1
            if not missing[issue]:
                del missing[issue]
    return chosen


def _write(session: Session, number: int) -> None:
    session.execute(text(f"DELETE FROM issue_packs WHERE pack = {number}"))
    session.execute(
        text(
            f"INSERT INTO issue_packs (pack, {_NAMES})"
            f" SELECT {number}, {_NAMES} FROM ({_told(number)}) AS told"
        )
    )


_FORGET = text("DELETE FROM issue_pack_changes WHERE id = ANY(:rows)")
