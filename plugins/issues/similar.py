"""Issues like the one that is being written, found by the words of its title.

What is rare says most: each word weighs what its rarity among issues is worth (the inverse document
frequency of BM25), and counts three times where it stands in the other's title. Only issues that
hold a rare word of the title are looked at, so that the time it takes does not grow with how many
issues hold the common ones. docs/decisions/0006-similar-issues.md tells what else was tried.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.errors import QueryCanceled
from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    case,
    cast,
    func,
    literal,
    select,
    text,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from plugins.issues import policy
from plugins.issues.grammar.searching import standing
from plugins.issues.models import Project, SearchDocument
from plugins.issues.queries import items_by_id
from plugins.issues.relations import CURRENT
from plugins.issues.words import lexemes

PATIENCE_MS = 200
"""After so long the answer is empty: whoever types has gone on meanwhile."""

WORDS = 8
"""So many words of the title count, the rarest; as many again of the description."""

DESCRIPTION = 200
"""So many characters of the description are looked at: they say what it is about."""

IN_DESCRIPTION = 0.6
"""What a word of the description weighs, where one of the title weighs 1."""

IN_TITLE = 3
"""How many times a word counts that stands in the title of the other."""

FEW = 1_000
"""A word that more issues hold than this is common: it weighs, but does not find."""

MANY = 4_000
"""So many issues that hold any of the rare words are compared at most."""

LEAST = 0.15
"""What shares less of the words' weight than this is not similar."""

# What ANALYZE last found of the words: the common ones, and the share of texts that hold each.
_COMMON = text("""
    SELECT e.lexeme, e.share
    FROM pg_stats s
    CROSS JOIN LATERAL unnest(
        s.most_common_elems::text::text[], s.most_common_elem_freqs
    ) AS e (lexeme, share)
    WHERE s.schemaname = current_schema() AND s.tablename = 'search_documents'
        AND s.attname = 'search' AND e.lexeme = ANY (:lexemes)
""")
_TEXTS = text(
    "SELECT greatest(reltuples, 1000) FROM pg_class WHERE oid = 'search_documents'::regclass"
)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word to look for, how much it says of the issue, and how many texts hold it.

    `held_by` is 0 for a word that is not among the common ones, however rare.
    """

    lexeme: str
    weight: float
    held_by: float = 0.0


def similar_issues(
    session: Session,
    principal: Principal,
    title: str,
    *,
    description: str = "",
    project: str | None = None,
    limit: int = 5,
) -> dict[str, Any]:
    """Return the issues that `principal` may see and that are most like the text, with a score.

    The score is the share of the weight of the words that the other holds: 1 where its title has
    them all. Where PostgreSQL took too long, `complete` is false and there are no items.
    """
    scores: dict[int, float] | None
    try:
        with session.begin_nested():
            _be_quick(session, str(PATIENCE_MS))
            texts = session.execute(_TEXTS).scalar_one()
            words = _words(session, title, description[:DESCRIPTION], texts)
            scores = _scores(session, principal, words, texts, project, limit) if words else {}
            _be_quick(session, None)
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        scores = None
    items = items_by_id(session, principal, list(scores or ()))
    return {
        "items": [item | {"score": scores[id_]} for id_, item in items.items()] if scores else [],
        "complete": scores is not None,
    }


def _be_quick(session: Session, timeout: str | None) -> None:
    """Bound each statement, or lift the bound to what it was for the session."""
    session.execute(
        text("SET LOCAL statement_timeout TO DEFAULT")
        if timeout is None
        else select(func.set_config("statement_timeout", timeout, True))
    )


def _words(session: Session, title: str, description: str, texts: float) -> list[_Word]:
    """Return the words that count, the rarest first."""
    of_title = list(session.scalars(select(lexemes(title))))
    of_description = list(session.scalars(select(lexemes(description)))) if description else []
    shares: dict[str, float] = dict(
        session.execute(_COMMON, {"lexemes": [*of_title, *of_description]}).all()
    )

    def rarest(found: Iterable[str], weight: float) -> list[_Word]:
        words = [_Word(one, weight, shares.get(one, 0.0) * texts) for one in found]
        return sorted(words, key=lambda word: (word.held_by, -len(word.lexeme)))[:WORDS]

    others = [one for one in of_description if one not in set(of_title)]
    return rarest(of_title, 1.0) + rarest(others, IN_DESCRIPTION)


def _scores(
    session: Session,
    principal: Principal,
    words: Sequence[_Word],
    texts: float,
    project: str | None,
    limit: int,
) -> dict[int, float]:
    """Return the scores of the most similar, the highest first."""
    candidates = _candidates(principal, words, project)
    hits = [candidates.c[f"hit_{i}"] for i in range(len(words))]
    # Counted among what the caller sees, where it can be: a score tells of nothing else.
    weights = select(
        *[
            _weight(word, texts, func.count().filter(hit > 0)).label(f"weight_{i}")
            for i, (word, hit) in enumerate(zip(words, hits, strict=True))
        ]
    ).cte("weights")
    score = (
        sum((hit * weights.c[f"weight_{i}"] for i, hit in enumerate(hits)), literal(0.0, Float()))
        / sum(weights.c, literal(0.0, Float()))
        / IN_TITLE
    ).label("score")
    rows = (
        select(candidates.c.issue_id, score)
        .join_from(candidates, weights, true())
        .where(score.element >= LEAST)
        .order_by(score.desc(), candidates.c.issue_id.desc())
        .limit(limit)
    )
    return {row.issue_id: round(row.score, 4) for row in session.execute(rows)}


def _weight(word: _Word, texts: float, counted: Any) -> ColumnElement[float]:
    held_by = literal(word.held_by) if word.held_by > FEW else counted
    unlike = func.greatest(texts - held_by, 0.5) / (held_by + 0.5)
    return cast(word.weight * func.ln(1 + unlike), Float)


def _candidates(principal: Principal, words: Sequence[_Word], project: str | None) -> Any:
    """Return the issues to compare, with what each word counts in them."""
    found = union(*[_found(query, limit, project) for query, limit in _findable(words)])
    ids = found.subquery("found")
    seen = (
        # Looked up one by one, and not joined: the planner takes the found for many more than they
        # are, and would read every issue there is.
        select(CURRENT.c.id)
        .where(CURRENT.c.id == SearchDocument.issue_id, policy.visible_to(principal, CURRENT))
        .offset(0)
        .lateral("seen")
    )
    texts = (
        # Joined to nothing, and not pulled up: unpacked once, however many words are looked for.
        select(
            SearchDocument.issue_id,
            SearchDocument.search.op("||")(cast(literal(""), TSVECTOR)).label("search"),
        )
        .join_from(ids, SearchDocument, SearchDocument.id == ids.c.id)
        .join(seen, true())
        .offset(0)
        .subquery("texts")
    )
    hits = [
        case(
            (_holds(texts.c.search, word.lexeme, ":A"), IN_TITLE),
            (_holds(texts.c.search, word.lexeme), 1),
            else_=0,
        ).label(f"hit_{i}")
        for i, word in enumerate(words)
    ]
    return select(texts.c.issue_id, *hits).cte("candidates")


def _findable(words: Sequence[_Word]) -> list[tuple[str, int]]:
    """Return what finds, and how many at most: any rare word, and common ones where they meet.

    All rare words are one query, so that the index, and what waits to be sorted into it, is read
    once and not once for each.
    """
    rare = [_quoted(word.lexeme) for word in words if word.held_by <= FEW]
    common = sorted((word for word in words if word.held_by > FEW), key=lambda w: w.held_by)
    queries = [(" | ".join(rare), MANY)] if rare else []
    if common:
        queries.append((" & ".join(_quoted(word.lexeme) for word in common[:3]), FEW))
    return queries


def _found(query: str, limit: int, project: str | None) -> Select[Any]:
    rows = select(SearchDocument.id).where(
        _matches(SearchDocument.search, query), standing(None), SearchDocument.comment_id.is_(None)
    )
    if project is not None:
        rows = rows.where(
            SearchDocument.project_id
            == select(Project.id).where(Project.key == project).scalar_subquery()
        )
    return select(rows.limit(limit).subquery().c.id)


def _holds(search: Any, lexeme: str, weight: str = "") -> ColumnElement[bool]:
    return _matches(search, _quoted(lexeme) + weight)


def _matches(search: Any, query: str) -> ColumnElement[bool]:
    matched: ColumnElement[bool] = search.bool_op("@@")(cast(literal(query), TSQUERY))
    return matched


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
