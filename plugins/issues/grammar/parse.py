"""From text to a `Query`, or an error that says where and what was expected."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import cast

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

from plugins.issues.grammar.ast import And, Field, Node, Not, Operator, Or, Query, SortKey, Words

MAX_TEXT = 2_000
MAX_TERMS = 100
MAX_DEPTH = 20

RELATING = ("duplicate_of", "has_duplicate", "blocks", "blocked_by", "related_to")
"""Fields that name an issue: what is to it what the field says."""

FIELDS = frozenset(
    [
        "status",
        "severity",
        "resolution",
        "project",
        "key",
        "label",
        "assignee",
        "reporter",
        "created",
        "updated",
        "closed",
        "due",
        "age",
        "lead",
        "cycle",
        "triage",
        "response",
        "triaged",
        "started",
        "responded",
        "entered",
        "finished",
        "reopened",
        "bounced",
        "was",
        "is",
        "has",
        *RELATING,
        "title",
        "sort",
    ]
)
ALIASES = {"labels": "label", "author": "reporter", "state": "status", "priority": "severity"}
SORTS = ("updated", "created", "severity", "due", "key", "closed", "status", "relevance")
_COMPARABLE = frozenset(
    FIELDS
    - {"status", "resolution", "project", "key", "label", "assignee", "reporter"}
    - {"is", "has", "title", "sort", "was", *RELATING}
)

_PARSER = Lark(
    (Path(__file__).parent / "filter.lark").read_text(),
    parser="lalr",
    lexer="contextual",
    propagate_positions=True,
    maybe_placeholders=False,
)
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PART = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^,"]+))(,?)', re.DOTALL)
_QUOTED_OR_PARENTHESIS = re.compile(r'"(?:[^"\\]|\\.)*"|[()]', re.DOTALL)
_NAMES = {
    "VALUE_OR_QUOTED": "a value",
    "QUOTED": "a phrase",
    "WORD": "a word",
    "NAME": "a field",
    "MINUS": "-",
    "OR": "OR",
    "LPAR": "(",
    "RPAR": ")",
    "$END": "the end",
}
_BEGINS = frozenset({"(", "-", "a field", "a phrase", "a word"})


class GrammarError(Exception):
    """A text is not a filter: the fault, its position (0-based character), what was expected."""

    def __init__(self, message: str, position: int, expected: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.position, self.expected = message, position, expected


@lru_cache(maxsize=256)
def parse(text: str) -> Query:
    """Read a filter. Raises `GrammarError`, with a position within the text."""
    if len(text) > MAX_TEXT:
        raise GrammarError(f"a filter has at most {MAX_TEXT:,} characters", MAX_TEXT)
    if refused := _REFUSED.search(text):
        raise GrammarError("a control character is not allowed", refused.start())
    _check_quotes(text)
    _check_depth(text)
    try:
        tree = _PARSER.parse(text)
    except UnexpectedToken as error:
        at = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        raise _unexpected(error.expected, at) from error
    except UnexpectedCharacters as error:
        raise _unexpected(error.allowed or set(), error.pos_in_stream or 0) from error
    except UnexpectedEOF as error:
        raise _unexpected(set(error.expected), len(text)) from error
    return _query(tree)


def _unexpected(expected: set[str], position: int) -> GrammarError:
    words = tuple(sorted({_NAMES.get(name, name) for name in expected}))
    said = words
    if {*words} >= _BEGINS:
        # To whoever writes a filter all of these are one thing.
        said = ("a word or a condition", *(word for word in words if word not in _BEGINS))
    return GrammarError(f"expected {' or '.join(said) or 'something else'}", position, words)


def _check_quotes(text: str) -> None:
    opened, escaped = None, False
    for position, character in enumerate(text):
        if opened is None:
            opened = position if character == '"' else None
        elif escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            opened = None
    if opened is not None:
        raise GrammarError("the quotation mark is never closed", opened, ('"',))


def _check_depth(text: str) -> None:
    depth = 0
    for found in _QUOTED_OR_PARENTHESIS.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            raise GrammarError(f"parentheses go at most {MAX_DEPTH} deep", found.start())


def _query(tree: Tree[Token]) -> Query:
    sort: list[SortKey] = []
    nodes = _either(tree, sort, top=True)
    if len(terms := list(_terms(nodes))) > MAX_TERMS:
        raise GrammarError(f"a filter has at most {MAX_TERMS} terms", terms[MAX_TERMS])
    return Query(nodes, tuple(sort))


def _either(tree: Tree[Token], sort: list[SortKey], *, top: bool) -> Node | None:
    branches = [child for child in tree.children if isinstance(child, Tree)]
    alone = len(branches) == 1
    found = [_conjunction(branch, sort, top=top and alone) for branch in branches]
    kept = tuple(node for node in found if node is not None)
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else Or(_flat(kept, Or))


def _conjunction(tree: Tree[Token], sort: list[SortKey], *, top: bool) -> Node | None:
    kept: list[Node] = []
    for child in tree.children:
        node = _item(cast(Tree[Token], child), sort, top=top)
        if node is not None:
            kept.append(node)
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else And(_flat(tuple(kept), And))


def _flat(nodes: tuple[Node, ...], kind: type[And] | type[Or]) -> tuple[Node, ...]:
    """Join what is nested in the same kind: `(a b) c` means `a b c`."""
    out: list[Node] = []
    for node in nodes:
        out.extend(node.of if isinstance(node, kind) else (node,))
    return tuple(out)


def _item(tree: Tree[Token], sort: list[SortKey], *, top: bool) -> Node | None:
    if tree.data == "negation":
        inner = _item(cast(Tree[Token], tree.children[1]), sort, top=False)
        if inner is None:
            raise GrammarError("there is nothing to negate here", tree.meta.start_pos)
        return inner.of if isinstance(inner, Not) else Not(inner)
    if tree.data == "group":
        return _either(tree, sort, top=False)
    if tree.data == "words":
        return _words(cast(Token, tree.children[0]))
    return _field(tree, sort, top=top)


def _words(word: Token) -> Words:
    at = word.start_pos or 0
    if word.type == "QUOTED":
        return Words(_unquoted(word[1:-1]), "phrase", at)
    if word == "OR":
        raise GrammarError("OR stands between two alternatives; to search for it, quote it", at)
    if len(word) > 1 and word.startswith("-"):
        raise GrammarError("one minus negates; quote a word that begins with one", at)
    if len(word) > 1 and word.endswith("*"):
        return Words(word.rstrip("*") or "*", "prefix", at)
    return Words(str(word), "word", at)


def _field(tree: Tree[Token], sort: list[SortKey], *, top: bool) -> Node | None:
    name_token = cast(Token, tree.children[0])
    token = cast(Token, cast(Tree[Token], tree.children[1]).children[0])
    at = name_token.start_pos or 0
    given = name_token.rstrip(":<>=")
    operator = name_token[len(given) :].lstrip(":") or "="
    name = ALIASES.get(given.lower(), given.lower())
    if name not in FIELDS:
        near = get_close_matches(name, FIELDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(FIELDS))}."
        raise GrammarError(
            f"there is no field {given!r}; {hint} Words with a colon or < or > go in quotes",
            at,
            tuple(sorted(FIELDS)),
        )
    if operator != "=" and name not in _COMPARABLE:
        raise GrammarError(f"{name} cannot be compared by {operator}", at + len(given), (":",))
    values = _values(token)
    if name == "sort":
        if not top:
            raise GrammarError("sort stands by itself, not negated or in an alternative", at)
        for value, place in values:
            _add_sort_key(sort, value, place)
        return None
    if operator != "=":
        _check_comparison(values)
    return Field(
        name,
        cast(Operator, operator),
        tuple(value for value, _ in values),
        at,
        tuple(place for _, place in values),
    )


def _values(token: Token) -> list[tuple[str, int]]:
    """Return the values between the commas, each with its position."""
    start, at, values = token.start_pos or 0, 0, []
    while True:
        part = _PART.match(token, at)
        if part is None:
            raise GrammarError("expected a value after the comma", start + at, ("a value",))
        quoted, bare, comma = part.groups()
        values.append((_unquoted(quoted) if bare is None else bare, start + at))
        at = part.end()
        if not comma:
            return values


def _check_comparison(values: list[tuple[str, int]]) -> None:
    if len(values) > 1:
        raise GrammarError("a comparison takes one value", values[0][1])
    value, at = values[0]
    if value.lower() in ("none", "any"):
        raise GrammarError(f"nothing can be compared with {value.lower()}; write :", at)
    if ".." in value:
        raise GrammarError("a comparison takes no range", at)


def _add_sort_key(sort: list[SortKey], value: str, at: int) -> None:
    name = value.removeprefix("-").lower()
    if name not in SORTS:
        raise GrammarError(f"cannot sort by {value!r}; known are {', '.join(SORTS)}", at, SORTS)
    if any(key.name == name for key in sort):
        raise GrammarError(f"it is sorted by {name} already", at)
    sort.append(SortKey(name, value.startswith("-")))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _terms(node: Node | None) -> Iterator[int]:
    """Yield the position of each word and each value."""
    match node:
        case Not(of):
            yield from _terms(of)
        case And(of) | Or(of):
            for child in of:
                yield from _terms(child)
        case Field():
            yield from node.positions
        case Words():
            yield node.position
