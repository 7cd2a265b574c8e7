"""Filters made of filters: a part of what one selects, and what it selects but another does not."""

import pytest

from plugins.issues.grammar.narrow import lacking
from plugins.issues.grammar.parse import parse


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("created:2026-02-01", "created:2026-01-01", "created:2026-02-01 -created:2026-01-01"),
        ("a x", "a y z", "a x -(y z)"),
        ("a OR b", "c OR d", "(a OR b) -(c OR d)"),
        ("", "label:ui", "-label:ui"),
        ("a", "-b", "a -(-b)"),
        ("a sort:-created", "b sort:due", "a -b"),
    ],
)
def test_what_one_filter_selects_and_another_does_not(one: str, other: str, found: str) -> None:
    assert lacking(parse(one), parse(other)) == found


@pytest.mark.parametrize("one", ["label:ui", "label:ui is:open", ""])
def test_nothing_is_left_where_the_other_asks_for_no_more(one: str) -> None:
    for other in ("", one):
        assert lacking(parse(one), parse(other)) is None


def test_what_would_be_too_long_for_a_filter_is_none() -> None:
    one, other = (" ".join(f"{letter * 20}{n}" for n in range(60)) for letter in "ab")
    assert lacking(parse(one), parse(other)) is None
