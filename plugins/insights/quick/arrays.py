"""Counting in arrays: how often which values occur together, places between edges, percentiles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from plugins.insights.calendar import Stretch
from plugins.insights.packed import NEVER, Numbers, micros

_MOST_CELLS = 1 << 20
"""So many different values are counted in one row of counters; more are sorted."""
_FEW = 4
"""So many edges are compared with one by one: quicker than to look for the place between them."""
_LOW = 1_000_000
_Told = Callable[[Numbers], list[tuple[int, ...]]]


def places_of(values: Numbers, edges: Sequence[datetime]) -> Numbers:
    """Return in which bucket each instant lies: from 0; -1 before all, the number of them after."""
    places = packed(edges)
    if len(places) > _FEW:
        return np.searchsorted(places, values, side="right") - 1
    found = np.full(len(values), -1, dtype=np.int8)
    for place in places:
        found += values >= place
    return found


def packed(instants: Sequence[datetime]) -> Numbers:
    """Return instants as packs hold them."""
    return np.array([micros(instant) for instant in instants], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Cells:
    """The combinations of values that occur, how often each does, and which one each row is."""

    values: list[tuple[int, ...]]
    numbers: list[int]
    of_rows: Numbers

    def sums(self, weights: Numbers) -> list[int]:
        """Return the sum of whole numbers for each combination, however large it is."""
        high, low = np.divmod(weights, _LOW)
        parts = [
            np.bincount(self.of_rows, weights=some, minlength=len(self.values)).tolist()
            for some in (high, low)
        ]
        # Each part is a float that is still exact.
        return [int(one) * _LOW + int(other) for one, other in zip(*parts, strict=True)]


def cells(*columns: Numbers) -> Cells:
    """Put rows of the same values together."""
    codes, told = _coded(columns)
    found, of_rows, numbers = np.unique(codes, return_inverse=True, return_counts=True)
    return Cells(told(found), numbers.tolist(), of_rows)


def counted(*columns: Numbers) -> dict[tuple[int, ...], int]:
    """Return how often each combination of values occurs."""
    codes, told = _coded(columns)
    if len(codes) and int(codes.max()) < _MOST_CELLS:
        counters = np.bincount(codes)
        found = np.flatnonzero(counters)
        numbers = counters[found]
    else:
        found, numbers = np.unique(codes, return_counts=True)
    return dict(zip(told(found), numbers.tolist(), strict=True))


def _coded(
    columns: Sequence[Numbers],
) -> tuple[Numbers, Callable[[Numbers], list[tuple[int, ...]]]]:
    """Return one number for each row of values, and what says which values a number stands for."""
    if not len(columns[0]):
        return np.array([], dtype=np.int64), lambda _: []
    lows = [int(column.min()) for column in columns]
    sizes = [int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True)]
    codes = np.zeros(1, dtype=np.int64)
    for column, low, size in zip(columns, lows, sizes, strict=True):
        if size > 1:
            codes = codes * size + (column - low)

    def told(found: Numbers) -> list[tuple[int, ...]]:
        values = []
        for low, size in zip(reversed(lows), reversed(sizes), strict=True):
            found, rest = np.divmod(found, size)
            values.append((rest + low).tolist())
        return list(zip(*reversed(values), strict=True))

    return np.broadcast_to(codes, len(columns[0])), told


def percentiles(ordered: Numbers, shares: Sequence[float]) -> list[float]:
    """Return percentiles of values in their order, as `percentile_cont` has them."""
    places = np.array(shares) * (len(ordered) - 1)
    below = np.floor(places).astype(np.int64)
    low, high = ordered[below], ordered[np.ceil(places).astype(np.int64)]
    found: list[float] = (low + (places - below) * (high - low)).tolist()
    return found


def worked(values: Numbers, rows: Sequence[Stretch]) -> Numbers:
    """Return how many microseconds of work had passed at each instant; of never the least."""
    begins = packed([begin for begin, _, _ in rows])
    before = np.array([worked for _, worked, _ in rows], dtype=np.int64)
    works = np.array([works for _, _, works in rows], dtype=bool)
    known = np.where(values == NEVER, begins[0], values)
    places = np.maximum(np.searchsorted(begins, known, side="right") - 1, 0)
    since = np.where(works[places], known - begins[places], 0)
    found: Numbers = before[places] + since
    return found


def length(begin: Numbers, end: Numbers, rows: Sequence[Stretch] | None) -> Numbers:
    """Return the microseconds between instants, by the business calendar where there is one."""
    return end - begin if rows is None else worked(end, rows) - worked(begin, rows)


def joined(parts: list[Numbers], kind: Any = np.int64) -> Numbers:
    """Return arrays as one, also where there are none."""
    return np.concatenate(parts) if parts else np.array([], dtype=kind)
