"""From a `Query` back to its text: `parse(format_query(query)) == query`."""

import re

from plugins.issues.grammar.ast import And, Field, Node, Not, Or, Query, Words

_BARE_VALUE = re.compile(r"[^\s(),\"<>=][^\s(),\"]*")


def format_query(query: Query) -> str:
    """Return the canonical text of a filter."""
    parts = [] if query.where is None else [_node(query.where, top=True)]
    parts += [f"sort:{'-' if key.descending else ''}{key.name}" for key in query.sort]
    # An alternative reaches to the end of the text, so an order beside it needs the parentheses.
    if query.sort and isinstance(query.where, Or):
        parts[0] = f"({parts[0]})"
    return " ".join(parts)


def _node(node: Node, *, top: bool = False) -> str:
    match node:
        case Field(name, operator, values):
            return f"{name}{':' if operator == '=' else operator}{','.join(map(_value, values))}"
        case Words(text, kind):
            return _words(text, kind)
        case Not(of):
            inner = _node(of)
            # A minus that is searched for must not look like a second negation.
            return f"-({inner})" if inner.startswith("-") else f"-{inner}"
        case And(of):
            joined = " ".join(_node(child) for child in of)
            return joined if top else f"({joined})"
        case Or(of):
            joined = " OR ".join(_node(child) for child in of)
            return joined if top else f"({joined})"


def _words(text: str, kind: str) -> str:
    if kind == "phrase":
        return _quoted(text)
    return f"{text}*" if kind == "prefix" else text


def _value(value: str) -> str:
    return value if _BARE_VALUE.fullmatch(value) else _quoted(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
