"""Durations of which some are not over yet: how many last how long, and what they end with.

The product-limit estimate of Kaplan and Meier (J. Amer. Statist. Assoc. 53, 1958), its interval by
Greenwood's variance on the scale log(-log S), which stays between 0 and 1 (Kalbfleisch and
Prentice, The Statistical Analysis of Failure Time Data, 1980), and the cumulative incidence of
competing outcomes of Aalen and Johansen (Scand. J. Statist. 5, 1978).

Written on numpy: see docs/decisions/0008-survival-on-numpy.md.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

UNFINISHED = 0
"""The outcome of what is not over: its duration is at least the one observed."""

_TOLERANCE = 1e-9
"""What a product of many quotients may be off by: a half that is computed is still a half."""

_BITS = 2
"""What the number of an outcome takes: there are at most three, and what is unfinished."""

Durations = NDArray[np.int64]
Outcomes = NDArray[np.int8]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LifeTable:
    """For each duration at which something ended: how many were at risk, how many ended how.

    At risk at a duration is what lasted at least as long, and so also what was last seen unfinished
    right then.
    """

    times: Durations
    at_risk: NDArray[np.int64]
    ended: dict[int, NDArray[np.int64]]
    """By outcome, in the order of `times`."""
    size: int

    @property
    def ended_at_all(self) -> NDArray[np.int64]:
        """How many ended at each time, whatever the outcome."""
        return sum(self.ended.values(), start=np.zeros(len(self.times), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Curve:
    """The share that lasts longer than each time of `table`, with its pointwise interval.

    The interval is nan where it is not defined: once nothing is left.
    """

    table: LifeTable
    survival: Shares
    lower: Shares
    upper: Shares

    def quantile(self, share: float) -> int | None:
        """Return the first duration by which `share` have ended; None if that is not seen yet."""
        return _first_at_most(self.table.times, self.survival, 1 - share)

    def quantile_interval(self, share: float) -> tuple[int | None, int | None]:
        """Return the interval of `quantile(share)`; an end that is not seen yet is None.

        Its ends are where the interval of the curve reaches it (Brookmeyer and Crowley, Biometrics
        38, 1982).
        """
        times = self.table.times
        return (
            _first_at_most(times, self.lower, 1 - share),
            _first_at_most(times, self.upper, 1 - share),
        )

    def at(self, durations: Durations) -> tuple[Shares, Shares, Shares]:
        """Return survival and its interval at any durations: the step that they lie on.

        Before anything has ended it is 1, and the interval not defined.
        """
        steps = np.searchsorted(self.table.times, durations, side="right")
        return (
            np.concatenate(([1.0], self.survival))[steps],
            np.concatenate(([np.nan], self.lower))[steps],
            np.concatenate(([np.nan], self.upper))[steps],
        )


def life_table(durations: Durations, outcomes: Outcomes, kinds: tuple[int, ...]) -> LifeTable:
    """Sort what was observed into a table; `kinds` are the outcomes besides `UNFINISHED`."""
    # Sorted as one number, duration and outcome: several times quicker than by an order of places.
    keys = (durations << _BITS) | outcomes
    keys.sort()
    sorted_durations, sorted_outcomes = keys >> _BITS, keys & ((1 << _BITS) - 1)
    size = len(durations)
    over = np.flatnonzero(sorted_outcomes != UNFINISHED)
    ends = sorted_durations[over]
    # Where each duration is first met: everything is in order, so that nothing has to be looked up.
    places = np.maximum.accumulate(np.where(_first(sorted_durations), np.arange(size), 0))
    first = _first(ends)
    of_times = np.cumsum(first) - 1
    ended = {
        kind: np.bincount(of_times[sorted_outcomes[over] == kind], minlength=int(first.sum()))
        for kind in kinds
    }
    return LifeTable(ends[first], size - places[over][first], ended, size)


def distinct(ordered: Durations) -> Durations:
    """Return each value once, of values in their order, which `np.unique` does not profit from."""
    return ordered[_first(ordered)]


def _first(ordered: Durations) -> NDArray[np.bool_]:
    """Tell of each of some values in their order whether it is the first one of its size."""
    found = np.ones(len(ordered), dtype=np.bool_)
    found[1:] = ordered[1:] != ordered[:-1]
    return found


def kaplan_meier(table: LifeTable, confidence: float = 0.95) -> Curve:
    """Return the curve on which every outcome is an end."""
    left, over = table.at_risk.astype(np.float64), table.ended_at_all.astype(np.float64)
    survival = np.cumprod((left - over) / left, dtype=np.float64)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(over / (left * (left - over)))
        width = z * np.sqrt(variance) / np.abs(np.log(survival))
        lower: Shares = np.power(survival, np.exp(width))
        upper: Shares = np.power(survival, np.exp(-width))
    lower[~np.isfinite(width)] = upper[~np.isfinite(width)] = np.nan
    return Curve(table, survival, lower, upper)


def cumulative_incidence(curve: Curve, outcome: int) -> Shares:
    """Return the share that has ended with `outcome` by each time of the curve's table.

    Of all outcomes together it is what the curve has lost: no share is counted twice, as it would
    be by a Kaplan-Meier estimate of each outcome in which the others count as unfinished.
    """
    before = np.concatenate(([1.0], curve.survival[:-1])) if len(curve.survival) else curve.survival
    return np.cumsum(before * curve.table.ended[outcome] / curve.table.at_risk)


def _first_at_most(times: Durations, shares: Shares, level: float) -> int | None:
    # The shares never rise; nan compares false, so what is not defined is not found.
    reached = np.flatnonzero(shares <= level + _TOLERANCE)
    return int(times[reached[0]]) if len(reached) else None
