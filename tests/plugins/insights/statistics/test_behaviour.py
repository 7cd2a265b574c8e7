"""Limits of process behaviour charts, and what they mark."""

import pytest

from plugins.insights.statistics.behaviour import FEWEST, Signal, natural_limits, signals

# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, individuals control charts: flow rates
# of ten batches; the centre printed is 50.81, the limits 55.8041 and 45.8159.
FLOW_RATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def test_the_limits_are_those_of_the_nist_handbook() -> None:
    limits = natural_limits(FLOW_RATES)
    assert limits is not None
    assert limits.mean == pytest.approx(50.81)
    assert limits.moving_range == pytest.approx(1.8778, abs=5e-5)
    # The handbook divides 3 by 1.128, which is 2.6596 and rounded 2.66 here.
    assert (limits.lower, limits.upper) == pytest.approx((45.8159, 55.8041), abs=1e-3)
    assert signals(FLOW_RATES, limits) == []


def test_a_value_beyond_the_limits_is_a_signal() -> None:
    values = [10.0, 12, 11, 9, 10, 11, 30, 10, 12, 11, 9, 10]
    limits = natural_limits(values)
    assert limits is not None
    assert signals(values, limits) == [Signal(6, "beyond_limits", "above")]
    mirrored = [-value for value in values]
    limits = natural_limits(mirrored)
    assert limits is not None
    assert signals(mirrored, limits) == [Signal(6, "beyond_limits", "below")]


def test_eight_in_a_row_on_one_side_are_a_signal_and_seven_are_not() -> None:
    limits = natural_limits([0.0, 4.0] * 10)
    assert limits is not None
    assert limits.mean == 2
    assert signals([1.0] + [3.0] * 7 + [1.0], limits) == []
    found = signals([1.0] + [3.0] * 8 + [1.0], limits)
    assert found == [Signal(place, "run", "above") for place in range(1, 9)]


def test_a_value_on_the_mean_ends_a_run_and_a_gap_does_not() -> None:
    limits = natural_limits([0.0, 4.0] * 10)
    assert limits is not None
    assert signals([3.0] * 4 + [2.0] + [3.0] * 4, limits) == []
    assert len(signals([3.0] * 4 + [None] + [3.0] * 4, limits)) == 8


def test_too_few_values_have_no_limits() -> None:
    assert natural_limits([1.0] * (FEWEST - 1)) is None
    assert natural_limits([1.0] * (FEWEST - 1) + [None] * 5) is None
    assert natural_limits([1.0] * FEWEST) is not None


def test_what_never_changes_has_no_signals() -> None:
    values = [0.1 + 0.2] * 12
    limits = natural_limits(values)
    assert limits is not None
    assert signals(values, limits) == []
