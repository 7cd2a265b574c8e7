"""First pages of lists that are asked for again and again: their SQL is made once.

To build a statement and to find its compiled form again costs several times what running it does.
Where a filter means the same whenever and by whomever it is compiled, what it became is kept.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from issue_insight.auth.principal import Principal
from issue_insight.db.connections import reading_engine
from issue_insight.db.prepared import Prepared
from issue_insight.errors import Invalid
from issue_insight.http.paging import CursorSigner
from plugins.issues import policy
from plugins.issues.grammar.narrow import is_lasting, is_personal
from plugins.issues.grammar.order import SortColumn, order_by
from plugins.issues.queries import item_of, page_rows, place_of
from plugins.issues.selection import select_for
from plugins.issues.totals import tallied_total

_KEPT = 1_000
"""How many are kept; each is a few kilobytes."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """A page and its total."""

    prepared: Prepared
    order: tuple[SortColumn, ...]


class _AsksTheDatabase(Exception):
    """What a filter means depends on what is stored."""


def first_page(
    principal: Principal,
    q: str,
    limit: int,
    zone: ZoneInfo,
    *,
    signer: CursorSigner,
    context: str,
) -> dict[str, Any] | None:
    """Return the first page of the present, None where the statement cannot be kept."""
    try:
        statement = _statement(principal, q, limit, zone)
    except (Invalid, _AsksTheDatabase):
        return None
    if statement is None:
        return None
    with reading_engine().connect() as connection:
        found = statement.prepared.rows(connection)
    page = found[:limit]
    return {
        "items": [item_of(row) for row in page],
        "next": signer.seal(place_of(page[-1], statement.order), context)
        if len(found) > limit
        else None,
        "total": found[0].total if found else 0,
        "total_is_estimate": False,
    }


@lru_cache(maxsize=_KEPT)
def _statement(principal: Principal, q: str, limit: int, zone: ZoneInfo) -> _Statement | None:
    selection = select_for(principal, q, None, zone, find_user=_find_nobody)
    total = tallied_total(selection)
    kept = is_lasting(selection.query.where) and not is_personal(selection.query.where)
    if total is None or not kept or not principal.may(policy.READ.name):
        return None
    order = tuple(order_by(selection.query, selection.relation, None))
    rows = page_rows(selection, order, limit).add_columns(total.scalar_subquery().label("total"))
    return _Statement(Prepared(rows), order)


def _find_nobody(_name: str) -> NoReturn:
    raise _AsksTheDatabase
