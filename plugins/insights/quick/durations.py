"""How long issues took, from packs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from plugins.insights.asked import Asked
from plugins.insights.packed import NEVER, Numbers, Packs, closed, moved
from plugins.insights.quick.arrays import counted, joined, length, packed, percentiles, places_of
from plugins.issues.api import DURATIONS


class Taken(NamedTuple):
    """How long issues of a group took whose end lies in a bucket, or in any where it is None."""

    key: Any
    place: int | None
    whole: bool
    number: int
    found: list[float]
    """Percentiles, in seconds."""


def taken(packs: Packs, asked: Asked, name: str, shares: Sequence[float]) -> Iterator[Taken]:
    """Yield the percentiles of each group and bucket, and of each group."""
    parts = list(_measured(packs, asked, name))
    keys, places, lengths = (joined([part[n] for part in parts]) for n in range(3))
    # In order of their lengths, those of a bucket are in that order as well.
    order = np.argsort(lengths)
    seconds, places = lengths[order] / 1e6, places[order]
    if asked.by is None:
        yield from _of_group(None, seconds, places, shares)
        return
    keys = keys[order]
    for key in np.unique(keys).tolist():
        here = keys == key
        yield from _of_group(packs.key(key), seconds[here], places[here], shares)


def _of_group(
    key: Any, seconds: Numbers, places: Numbers, shares: Sequence[float]
) -> Iterator[Taken]:
    if not len(seconds):
        return
    yield Taken(key, None, True, len(seconds), percentiles(seconds, shares))
    for place, ordered in _by_place(seconds, places):
        yield Taken(key, place, False, len(ordered), percentiles(ordered, shares))


def _by_place(values: Numbers, places: Numbers) -> Iterator[tuple[int, Numbers]]:
    order = np.argsort(places.astype(np.int16), kind="stable")
    ordered, firsts = np.unique(places[order], return_index=True)
    yield from zip(ordered.tolist(), np.split(values[order], firsts[1:]), strict=True)


class Lasting(NamedTuple):
    """How many issues of a group took so long: at least one bound, and less than the next."""

    key: Any
    place: int
    number: int


def lasting(packs: Packs, asked: Asked, name: str, lows: Sequence[float]) -> Iterator[Lasting]:
    """Yield how many issues took how long; `lows` are in seconds."""
    bounds = np.array([int(low) * 1_000_000 for low in lows], dtype=np.int64)
    found: Counter[tuple[int, ...]] = Counter()
    for keys, _, lengths in _measured(packs, asked, name):
        found.update(counted(keys, np.searchsorted(bounds, lengths, side="right") - 1))
    for (key, place), number in found.items():
        yield Lasting(packs.key(key), place, number)


def _measured(packs: Packs, asked: Asked, name: str) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Yield groups, buckets and lengths, in microseconds, of issues that ended in any bucket."""
    begin, end = DURATIONS[name]
    reach = (closed if end == "closed" else moved)(asked.edges[0], asked.edges[-1])
    first, last = packed((asked.edges[0], asked.edges[-1]))
    for part in packs.parts(reach, begin, end):
        here = (part[end] >= first) & (part[end] < last) & (part[begin] != NEVER)
        begins, ends = part[begin][here], part[end][here]
        # What another tracker has put into the wrong order took no time at all.
        lengths = np.maximum(length(begins, ends, asked.stretches), 0)
        yield packs.keys(part)[here], places_of(ends, asked.edges), lengths
