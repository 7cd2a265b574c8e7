"""docs/filters.md is true: its examples are read, its errors are errors, nothing is missing."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import true
from sqlalchemy.dialects import postgresql

from plugins.issues.grammar.compile import FilterContext, compile_filter
from plugins.issues.grammar.order import order_by
from plugins.issues.grammar.parse import (
    ALIASES,
    FIELDS,
    MAX_DEPTH,
    MAX_TERMS,
    MAX_TEXT,
    SORTS,
    GrammarError,
    parse,
)
from plugins.issues.relations import relation_at

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def document(repository: Path) -> str:
    return (repository / "docs/filters.md").read_text()


def section(document: str, title: str) -> str:
    """Return the text below a heading."""
    [found] = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables' rows, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [
        row
        for row in cells
        if "---" not in row[0] and not row[0].startswith(("written", "field", "filter"))
    ]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def compiled(q: str, as_of: datetime | None) -> str:
    """Return the SQL of a filter; raises `GrammarError`."""
    query, relation = parse(q), relation_at(as_of)
    context = FilterContext(
        NOW, ZoneInfo("Europe/Berlin"), 1, as_of, lambda _name: 1, lambda _: true()
    )
    condition = compile_filter(query, relation, context)
    order_by(query, relation, as_of)
    return str(condition.compile(dialect=postgresql.dialect()))


def test_every_example_is_read(document: str) -> None:
    examples = re.findall(r"^```filter\n(.*?)\n```", document, re.MULTILINE | re.DOTALL)
    for title in ("How conditions combine", "Days, times and lengths", "Words"):
        for first, *_ in rows(section(document, title)):
            examples += code(first)
    for *_, last in rows(section(document, "Fields")):
        examples += code(last)
    examples += [q for q in code(document) if q.startswith(("sort:", "-", "severity"))]
    assert len(examples) > 50
    everything = compiled("", None)
    for example in examples:
        if example in ("-", "severity"):
            continue
        for as_of in (None, NOW):
            sql = compiled(example, as_of)
            assert sql != everything or parse(example).sort


def test_every_field_alias_and_order_is_named(document: str) -> None:
    named = {name for first, *_ in rows(section(document, "Fields")) for name in code(first)}
    assert named == FIELDS | set(ALIASES)
    assert set(SORTS) <= {name.removeprefix("sort:") for name in code(section(document, "Order"))}


def test_every_error_is_one_and_stands_where_it_says(document: str) -> None:
    told = rows(section(document, "Errors"))
    assert len(told) > 10
    for example, said in told:
        [q] = code(example)
        message, position = re.fullmatch(r"(.*) \(position (\d+)\)", said).groups()  # type: ignore[union-attr]
        with pytest.raises(GrammarError) as caught:
            compiled(q, None)
        assert str(caught.value).startswith(message)
        assert caught.value.position == int(position)


def test_the_limits_are_those_of_the_parser(document: str) -> None:
    limits = re.search(
        r"at most ([\d,]+) characters, (\d+) words and values, .* (\d+) deep", document
    )
    assert limits is not None
    numbers = [int(number.replace(",", "")) for number in limits.groups()]
    assert numbers == [MAX_TEXT, MAX_TERMS, MAX_DEPTH]
