"""From a filter and a person to the issues that it selects for them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, and_, false
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import FieldError, Invalid
from plugins.issues import policy
from plugins.issues.grammar.ast import Query
from plugins.issues.grammar.compile import FilterContext, compile_filter
from plugins.issues.grammar.narrow import is_lasting
from plugins.issues.grammar.parse import GrammarError, parse
from plugins.issues.models import Instant, IssueVersion
from plugins.issues.relations import relation_at
from plugins.roles.api import find_user


@dataclass(frozen=True, slots=True)
class Selection:
    """The issues that a filter selects for a principal, now (`as_of` None) or at an instant."""

    principal: Principal
    query: Query
    context: FilterContext
    relation: FromClause
    where: ColumnElement[bool]
    as_of: Instant | None


def select_issues(
    session: Session,
    principal: Principal,
    q: str,
    as_of: datetime | None,
    zone: ZoneInfo,
    *,
    pointer: str = "?q",
) -> Selection:
    """Read the filter `q` and bind it to the issues that `principal` may see.

    Raises `Invalid` with the position of the fault where `q` is not a filter; `pointer` says where
    in the request it stood.
    """
    return select_for(
        principal,
        q,
        as_of,
        zone,
        find_user=lambda name: find_user(session, name),
        pointer=pointer,
    )


def select_for(
    principal: Principal,
    q: str,
    as_of: Instant | None,
    zone: ZoneInfo,
    *,
    find_user: Callable[[str], int | None],
    pointer: str = "?q",
) -> Selection:
    """Do the same as `select_issues` where people are found by another way."""
    relation = relation_at(as_of)
    context = FilterContext(
        # What lasts does not ask; of anything else the instant is known.
        now=as_of if isinstance(as_of, datetime) else clock.now(),
        zone=zone,
        user_id=principal.user_id,
        as_of=as_of,
        find_user=find_user,
        visible=lambda others: policy.visible_to(principal, others, as_of),
    )
    try:
        query = parse(q)
        wanted = compile_filter(query, relation, context)
    except GrammarError as error:
        raise Invalid(
            f"The filter cannot be read: {error}",
            [FieldError(pointer, str(error), error.position)],
        ) from error
    where = and_(policy.visible_to(principal, relation, as_of), wanted)
    return Selection(principal, query, context, relation, where, as_of)


def select_versions(
    session: Session, principal: Principal, query: Query, zone: ZoneInfo
) -> ColumnElement[bool] | None:
    """Return the condition under which a filter selects a version of an issue while it lasts.

    None where the filter means something else at each instant. What `principal` may see is not
    part of it.
    """
    if not is_lasting(query.where):
        return None
    context = FilterContext(
        now=clock.now(),
        zone=zone,
        user_id=principal.user_id,
        as_of=None,
        find_user=lambda name: find_user(session, name),
        visible=lambda _: false(),  # relations do not last: no filter on them comes here
    )
    return compile_filter(query, IssueVersion.__table__, context)
