"""What came and what was done, from packs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from plugins.insights.asked import Asked
from plugins.insights.packed import NAMES, Packs, closed, moved, moved_or_open
from plugins.insights.quick.arrays import counted, packed, places_of


class Came(NamedTuple):
    """How many issues of a group were created in one bucket and closed in another."""

    key: Any
    created: int
    closed: int
    """After the last one also where they are open."""
    number: int


def created_and_closed(packs: Packs, asked: Asked) -> Iterator[Came]:
    """Yield how many came when and were done when, of what can matter to any bucket.

    What was done before the first of them is in no backlog, and left out.
    """
    found: Counter[tuple[int, ...]] = Counter()
    reach = moved_or_open(asked.edges[0], asked.edges[-1])
    for part in packs.parts(reach, "created", "closed"):
        both = [places_of(part[name], asked.edges) for name in ("created", "closed")]
        found.update(counted(packs.keys(part), *both))
    for (key, came, went), number in found.items():
        if came < len(asked.buckets):
            yield Came(packs.key(key), came, went, number)


class Done(NamedTuple):
    """How many issues of a group were closed in a bucket."""

    key: Any
    place: int
    number: int


def done(packs: Packs, asked: Asked) -> Iterator[Done]:
    """Yield how many were closed in each bucket."""
    begin, end = packed((asked.edges[0], asked.edges[-1]))
    found: Counter[tuple[int, ...]] = Counter()
    for part in packs.parts(closed(asked.edges[0], asked.edges[-1]), "closed"):
        here = (part["closed"] >= begin) & (part["closed"] < end)
        places = places_of(part["closed"][here], asked.edges)
        found.update(counted(packs.keys(part)[here], places))
    for (key, place), number in found.items():
        yield Done(packs.key(key), place, number)


def arrived(packs: Packs, asked: Asked) -> Counter[tuple[Any, Any, int]]:
    """Return how many were created: by severity, group and bucket."""
    begin, end = packed((asked.edges[0], asked.edges[-1]))
    found: Counter[tuple[int, ...]] = Counter()
    for part in packs.parts(moved(asked.edges[0], asked.edges[-1]), "created", "severity"):
        here = (part["created"] >= begin) & (part["created"] < end)
        places = places_of(part["created"][here], asked.edges)
        found.update(counted(part["severity"][here], packs.keys(part)[here], places))
    return Counter(
        {
            (NAMES["severity"][severity], packs.key(key), place): number
            for (severity, key, place), number in found.items()
        }
    )
