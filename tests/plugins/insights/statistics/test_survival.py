"""Kaplan-Meier, its median and interval, competing outcomes."""

import random
from fractions import Fraction

import numpy as np
import pytest

from plugins.insights.statistics.survival import cumulative_incidence, kaplan_meier, life_table
from tests.plugins.insights.statistics.published import (
    ASIDE,
    ENDED,
    MERCAPTOPURINE,
    PLACEBO,
    TRANSPLANTS,
    arrays,
    table,
)


def test_the_curve_of_6_mp_is_the_one_of_kleinbaum_and_klein() -> None:
    # Kleinbaum and Klein, Survival Analysis (2005), chapter 2.
    curve = kaplan_meier(table(MERCAPTOPURINE))
    assert curve.table.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.table.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.survival == pytest.approx(
        [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=5e-5
    )


def test_the_interval_of_6_mp_is_the_one_that_is_printed_for_log_minus_log() -> None:
    # R's survfit(conf.type = "log-log") prints 0.620 to 0.952 for week 6, 0.188 to 0.680 for 23.
    curve = kaplan_meier(table(MERCAPTOPURINE))
    assert (curve.lower[0], curve.upper[0]) == pytest.approx((0.620, 0.952), abs=5e-4)
    assert (curve.lower[-1], curve.upper[-1]) == pytest.approx((0.188, 0.680), abs=5e-4)


@pytest.mark.parametrize(
    ("data", "median", "interval"),
    [(MERCAPTOPURINE, 23, (13, None)), (PLACEBO, 8, (4, 11))],
    ids=["6-MP", "placebo"],
)
def test_the_medians_are_those_of_the_published_analysis(
    data: list[tuple[int, int]], median: int, interval: tuple[int, int | None]
) -> None:
    # SAS PROC LIFETEST on these data: 23 (13, not reached) and 8 (4, 11).
    curve = kaplan_meier(table(data))
    assert curve.quantile(0.5) == median
    assert curve.quantile_interval(0.5) == interval


def test_relapses_are_counted_beside_deaths_as_published() -> None:
    # Cumulative incidence of relapse at half a year, 1, 1.5, 2 and 3 years, as tidycmprsk (R) and
    # PROC LIFETEST (SAS) print it for these patients: 0, 0.0741, 0.1296, 0.1481, 0.1667.
    curve = kaplan_meier(table(TRANSPLANTS, (ENDED, ASIDE)))
    relapses = cumulative_incidence(curve, ENDED)
    steps = np.searchsorted(
        curve.table.times, [int(365.25 * y) for y in (0.5, 1, 1.5, 2, 3)], side="right"
    )
    assert np.concatenate(([0.0], relapses))[steps] == pytest.approx(
        [0.0, 0.0741, 0.1296, 0.1481, 0.1667], abs=5e-5
    )


def test_what_has_ended_is_the_sum_of_the_outcomes() -> None:
    curve = kaplan_meier(table(TRANSPLANTS, (ENDED, ASIDE)))
    together = cumulative_incidence(curve, ENDED) + cumulative_incidence(curve, ASIDE)
    assert together == pytest.approx(1 - curve.survival)


def test_random_data_give_what_exact_fractions_give() -> None:
    for seed in range(100):
        luck = random.Random(seed)
        data = [
            (luck.randint(0, 12), luck.choice([0, ENDED, ASIDE]))
            for _ in range(luck.randint(1, 40))
        ]
        curve = kaplan_meier(table(data, (ENDED, ASIDE)))
        incidence = {kind: cumulative_incidence(curve, kind) for kind in (ENDED, ASIDE)}
        survival, had = Fraction(1), {ENDED: Fraction(0), ASIDE: Fraction(0)}
        times = sorted({duration for duration, outcome in data if outcome})
        assert curve.table.times.tolist() == times
        for place, time in enumerate(times):
            left = sum(duration >= time for duration, _ in data)
            over = {kind: data.count((time, kind)) for kind in had}
            for kind in had:
                had[kind] += survival * Fraction(over[kind], left)
                assert incidence[kind][place] == pytest.approx(float(had[kind]))
            survival *= 1 - Fraction(sum(over.values()), left)
            assert curve.table.at_risk[place] == left
            assert curve.survival[place] == pytest.approx(float(survival), abs=1e-12)


def test_half_of_what_is_computed_is_a_half() -> None:
    # Ten end one after the other: after the fifth the product of quotients is 0.5 or a little off.
    curve = kaplan_meier(table([(n, ENDED) for n in range(1, 11)]))
    assert curve.quantile(0.5) == 5


def test_a_curve_is_1_before_anything_has_ended_and_a_step_between() -> None:
    curve = kaplan_meier(table(MERCAPTOPURINE))
    survival, lower, _ = curve.at(np.array([0, 5, 6, 8, 40], dtype=np.int64))
    assert survival == pytest.approx([1, 1, 0.8571, 0.8067, 0.4482], abs=5e-5)
    assert np.isnan(lower[:2]).all()
    assert not np.isnan(lower[2:]).any()


def test_nothing_and_nothing_finished_have_no_median() -> None:
    for data in ([], [(3, 0), (5, 0)]):
        durations, outcomes = arrays(data)
        curve = kaplan_meier(life_table(durations, outcomes, (ENDED,)))
        assert curve.quantile(0.5) is None
        assert curve.quantile_interval(0.5) == (None, None)
        assert cumulative_incidence(curve, ENDED).tolist() == []
        assert curve.at(np.array([0, 9], dtype=np.int64))[0].tolist() == [1, 1]


def test_a_known_truth_is_found_although_most_is_not_over_yet() -> None:
    # Exponential durations with a median of 100, each seen for 0 to 120 only.
    luck = np.random.default_rng(7)
    true = luck.exponential(100 / np.log(2), 20_000) * 1_000
    seen = luck.uniform(0, 120_000, 20_000)
    durations = np.minimum(true, seen).astype(np.int64)
    outcomes = (true <= seen).astype(np.int8)
    curve = kaplan_meier(life_table(durations, outcomes, (ENDED,)))
    median = curve.quantile(0.5)
    assert median is not None
    assert abs(median / 100_000 - 1) < 0.05
    naive = np.median(durations[outcomes == ENDED])
    assert naive < 50_000
