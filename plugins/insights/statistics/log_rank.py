"""Whether two groups end at the same pace, with what is not over yet counted as such.

The log-rank test (Mantel, Cancer Chemotherapy Reports 50, 1966) with the hypergeometric variance:
at each duration at which something ended, how many of the first group would have, were the groups
alike.
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from plugins.insights.statistics.survival import Durations, LifeTable, distinct


@dataclass(frozen=True, slots=True)
class LogRank:
    """The result: what was seen in the first group, what was expected, chi-square and p.

    `chi_square` and `p` are None where nothing can be compared.
    """

    observed: int
    expected: float
    chi_square: float | None
    p: float | None


def log_rank(
    first: LifeTable, second: LifeTable, durations: tuple[Durations, Durations]
) -> LogRank:
    """Compare two groups, given as tables and as all durations observed in each."""
    times = distinct(np.sort(np.concatenate([first.times, second.times])))
    at_risk = [_at_risk(observed, times) for observed in durations]
    ended = [_ended(table, times) for table in (first, second)]
    left, over = at_risk[0] + at_risk[1], ended[0] + ended[1]
    share = at_risk[0] / left
    expected = float(np.sum(over * share))
    alone = left == 1
    # With one left there is nothing to draw from: no variance.
    factor = np.where(alone, 0.0, (left - over) / np.where(alone, 1.0, left - 1))
    variance = float(np.sum(over * share * (1 - share) * factor))
    observed = int(first.ended_at_all.sum())
    if variance <= 0:
        return LogRank(observed, expected, None, None)
    chi_square = (observed - expected) ** 2 / variance
    # Chi-square with one degree of freedom is the square of a standard normal deviate.
    return LogRank(observed, expected, chi_square, erfc(sqrt(chi_square / 2)))


def _at_risk(
    durations: Durations, times: Durations
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    ordered = np.sort(durations)
    return (len(ordered) - np.searchsorted(ordered, times, side="left")).astype(np.float64)


def _ended(table: LifeTable, times: Durations) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = np.zeros(len(times), dtype=np.float64)
    found[np.searchsorted(times, table.times)] = table.ended_at_all
    return found
