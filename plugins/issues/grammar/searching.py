"""The words that a filter asks for, and the texts they are looked for in."""

from typing import Any

from sqlalchemy import ColumnElement, and_, text

from plugins.issues.grammar.ast import And, Field, Node, Or, Query, Words
from plugins.issues.models import Instant, SearchDocument
from plugins.issues.words import left_out, wanted

_INFINITY = text("'infinity'::timestamptz")


def searched(query: Query) -> ColumnElement[Any] | None:
    """Return the words that a filter asks for as one `tsquery`, None where there are none."""
    asked = [wanted(words) for words in _words_of(query.where) if not left_out(words)]
    if not asked:
        return None
    joined: ColumnElement[Any] = asked[0]
    for one in asked[1:]:
        joined = joined.op("||")(one)
    return joined


def standing(as_of: Instant | None) -> ColumnElement[bool]:
    """Return which texts stand there: now, or `as_of`."""
    if as_of is None:
        return SearchDocument.valid_to == _INFINITY
    return and_(SearchDocument.valid_from <= as_of, SearchDocument.valid_to > as_of)


def _words_of(node: Node | None) -> list[Words]:
    match node:
        case Words():
            return [node]
        case Field("title", _, values):
            return [title_words(value) for value in values]
        case And(of) | Or(of):
            return [words for child in of for words in _words_of(child)]
        case _:
            return []


def title_words(value: str) -> Words:
    beginning = len(value) > 1 and value.endswith("*")
    return Words(value.rstrip("*"), "prefix") if beginning else Words(value, "phrase")
