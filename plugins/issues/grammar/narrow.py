"""A filter narrowed to a part of what it selects: for numbers that open their issues."""

from plugins.issues.grammar.ast import And, Field, Node, Not, Or, Query, Words
from plugins.issues.grammar.format import format_query
from plugins.issues.grammar.instants import duration
from plugins.issues.grammar.parse import RELATING, GrammarError, parse

_LASTING = frozenset(
    "status severity resolution project key label assignee reporter has lead".split()  # noqa: SIM905
)
_RELATING = {
    "is": frozenset({"duplicate", "blocked", "blocking"}),
    "has": frozenset({"duplicate", "duplicates", "related"}),
}
_DATED = frozenset({"created", "updated", "closed", "due"})


def narrowed(query: Query, *terms: Node) -> str:
    """Return the text of a filter that asks for `terms` as well, in no order of its own."""
    asked = () if query.where is None else (query.where,)
    nodes = tuple(part for node in (*asked, *terms) for part in _parts(node))
    if not nodes:
        return ""
    return format_query(Query(nodes[0] if len(nodes) == 1 else And(nodes)))


def lacking(query: Query, other: Query) -> str | None:
    """Return the text of a filter for what `query` selects and `other` does not.

    None where that would be nothing, or longer than a filter may be.
    """
    own = () if query.where is None else _parts(query.where)
    theirs = () if other.where is None else _parts(other.where)
    # What both ask for holds of all that is left.
    more = tuple(part for part in theirs if part not in own)
    if not more:  # nothing is left
        return None
    text = narrowed(query, Not(more[0] if len(more) == 1 else And(more)))
    try:
        parse(text)
    except GrammarError:
        return None
    return text


def is_lasting(node: Node | None, *, words: bool = False) -> bool:
    """Tell whether a filter means the same at every instant that a version of an issue lasts.

    Words, relations, lengths of time and `today` do not: what they select changes while the issue
    does not. With `words`, those are let through: what they mean is the same at any time.
    """
    match node:
        case None:
            return True
        case Words():
            return words
        case Not(of):
            return is_lasting(of, words=words)
        case And(of) | Or(of):
            return all(is_lasting(child, words=words) for child in of)
        case Field(name, _, values) if not _asks_of_relations(node):
            if name == "is":
                return all(value.lower() in ("open", "closed", "confidential") for value in values)
            return name in _LASTING or (name in _DATED and all(map(_is_dated, values)))
        case _:
            return False


def is_personal(node: Node | None) -> bool:
    """Tell whether what a filter selects of what two people may see depends on which of them asks.

    It does by `@me`, and by relations, which are those to what one may see.
    """
    match node:
        case Field(_, _, values):
            return "@me" in map(str.lower, values) or _asks_of_relations(node)
        case Not(of):
            return is_personal(of)
        case And(of) | Or(of):
            return any(map(is_personal, of))
        case _:
            return False


def _asks_of_relations(field: Field) -> bool:
    return field.name in RELATING or any(
        value.lower() in _RELATING.get(field.name, ()) for value in field.values
    )


def _parts(node: Node) -> tuple[Node, ...]:
    return node.of if isinstance(node, And) else (node,)


def _is_dated(value: str) -> bool:
    ends = value.lower().split("..")
    return all(end not in ("today", "yesterday") and duration(end) is None for end in ends)
