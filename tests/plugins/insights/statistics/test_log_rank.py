"""The log-rank test against published results."""

import pytest

from plugins.insights.statistics.log_rank import LogRank, log_rank
from tests.plugins.insights.statistics.published import (
    ENDED,
    MERCAPTOPURINE,
    PLACEBO,
    arrays,
    table,
)


def compared(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> LogRank:
    return log_rank(table(first), table(second), (arrays(first)[0], arrays(second)[0]))


def test_6_mp_against_placebo_is_as_published() -> None:
    # Kleinbaum and Klein, Survival Analysis (2005), chapter 2: observed 9, expected 19.25,
    # log-rank 16.79, p < 0.0001 (R prints 4.17e-05).
    found = compared(MERCAPTOPURINE, PLACEBO)
    assert found.observed == 9
    assert found.expected == pytest.approx(19.25, abs=0.005)
    assert found.chi_square == pytest.approx(16.79, abs=0.005)
    assert found.p == pytest.approx(4.17e-05, abs=5e-08)


def test_it_does_not_matter_which_group_is_first() -> None:
    one, other = compared(MERCAPTOPURINE, PLACEBO), compared(PLACEBO, MERCAPTOPURINE)
    assert one.chi_square == pytest.approx(other.chi_square)
    assert other.expected == pytest.approx(10.75, abs=0.005)


def test_a_group_is_like_itself() -> None:
    assert compared(PLACEBO, PLACEBO).chi_square == pytest.approx(0)


def test_where_nothing_ended_there_is_nothing_to_compare() -> None:
    for first, second in ([], []), ([(3, 0)], [(5, 0)]), ([], [(1, ENDED), (2, ENDED)]):
        found = compared(first, second)
        assert (found.chi_square, found.p) == (None, None)
