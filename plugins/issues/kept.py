"""Pages of lists that are asked for again and again: their SQL is made once.

To build a statement and to find its compiled form again costs several times what running it does.
Where a filter means the same whenever it is compiled, what it became is kept; the instant and the
place that a page begins at are bound to it.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, bindparam
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.db.connections import reading_engine
from issue_insight.db.prepared import Prepared
from issue_insight.errors import Invalid
from issue_insight.http.paging import CursorSigner
from plugins.issues import policy
from plugins.issues.grammar.narrow import is_lasting, is_personal
from plugins.issues.grammar.order import order_by
from plugins.issues.queries import after, page_rows, place_of, shown
from plugins.issues.selection import select_for
from plugins.issues.totals import Total, tallied_total

_KEPT = 1_000
"""How many are kept; each is a few kilobytes."""
_AS_OF = bindparam("as_of", type_=DateTime(timezone=True), required=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page in an order of so many columns, and its total unless the rows tell it."""

    page: Prepared
    sorts: int
    total: Total | None


class _AsksTheDatabase(Exception):
    """What a filter means depends on what is stored."""


def kept_page(
    principal: Principal,
    q: str,
    as_of: datetime | None,
    limit: int,
    zone: ZoneInfo,
    *,
    cursor: str | None,
    signer: CursorSigner,
    context: str,
) -> dict[str, Any] | None:
    """Return what `list_issues` would, None where no statement is kept for that."""
    place = [] if cursor is None else signer.open(cursor, context)
    try:
        kept = _kept(principal, q, limit, zone, as_of is not None, len(place))
    except (Invalid, _AsksTheDatabase):
        return None
    if kept is None or None in place:  # what comes after null is another statement
        return None
    then = {} if as_of is None else {"as_of": as_of}
    with reading_engine().connect() as connection:
        found = kept.page.rows(
            connection, **then, **{f"after_{i}": value for i, value in enumerate(place)}
        )
        page, more = found[:limit], len(found) > limit
        if not (more or place):
            total, estimated = len(page), False
        elif kept.total is not None:
            total, estimated = kept.total.of(connection, at_least=len(found), **then)
        elif found:
            total, estimated = found[0].total, False
        else:
            return None
        items = shown(Session(connection), page, as_of)
    return {
        "items": items,
        "next": signer.seal(place_of(page[-1], kept.sorts), context) if more else None,
        "total": total,
        "total_is_estimate": estimated,
    }


@lru_cache(maxsize=_KEPT)
def _kept(
    principal: Principal, q: str, limit: int, zone: ZoneInfo, then: bool, places: int
) -> _Kept | None:
    as_of = _AS_OF if then else None
    selection = select_for(principal, q, as_of, zone, find_user=_find_nobody)
    where = selection.query.where
    timeless = is_lasting(where, words=True) and not is_personal(where)
    order = order_by(selection.query, selection.relation, as_of)
    if not timeless or not principal.may(policy.READ.name) or places not in (0, len(order)):
        return None
    rows, varying = page_rows(selection, order, limit), ["as_of"] if then else []
    counted = tallied_total(selection)
    total = Total(selection, *varying) if counted is None else None
    if counted is not None:
        rows = rows.add_columns(counted.scalar_subquery().label("total"))
    if places:
        begins = [
            bindparam(f"after_{i}", type_=column.column.type, required=False)
            for i, column in enumerate(order)
        ]
        rows = rows.where(after(order, begins))
        varying += [bind.key for bind in begins]
    return _Kept(Prepared(rows, *varying), len(order), total)


def _find_nobody(_name: str) -> NoReturn:
    raise _AsksTheDatabase
