"""What statuses took and were left for, from packs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from plugins.insights.asked import Asked
from plugins.insights.packed import (
    NAMES,
    NEVER,
    Columns,
    Numbers,
    Packs,
    closed,
    instant_of,
    lasts_of,
    micros,
    moved,
    open_packs,
    owners,
    stays_of,
    there,
)
from plugins.insights.packing import CODES
from plugins.insights.quick.arrays import (
    cells,
    counted,
    joined,
    length,
    packed,
    percentiles,
    places_of,
)
from plugins.insights.statistics.survival import distinct
from plugins.issues.api import Status

_DONE = CODES["status"][Status.DONE.value]
_UNFINISHED = [code for name, code in CODES["status"].items() if name and code != _DONE]
_MICROSECOND = timedelta(microseconds=1)


class Finished(NamedTuple):
    """How many issues of a group became done in a bucket, and how many of them bounced."""

    key: Any
    place: int
    finished: int
    bounced: int


def finished(packs: Packs, asked: Asked, within: timedelta) -> tuple[list[Finished], int]:
    """Return those numbers, and how many issues became done in any bucket."""
    begin, end, seen = packed((asked.edges[0], asked.edges[-1], asked.seen))
    finished: Counter[tuple[int, ...]] = Counter()
    bounced: Counter[tuple[int, ...]] = Counter()
    considered = 0
    for part in packs.parts(moved(asked.edges[0], asked.edges[-1]), "finishes"):
        entered, left = part["finish_entered"], part["finish_left"]
        here = np.flatnonzero((entered >= begin) & (entered < end) & (entered <= seen))
        back = (left[here] <= seen) & (left[here] - entered[here] <= within // _MICROSECOND)
        of, places = owners(part["finishes"])[here], places_of(entered[here], asked.edges)
        considered += len(distinct(of))
        for numbers, some in ((finished, slice(None)), (bounced, back)):
            issues, where = _distinct(of[some], places[some], len(asked.buckets))
            numbers.update(counted(packs.keys(part)[issues], where))
    rows = [
        Finished(packs.key(key), n, number, bounced[key, n])
        for (key, n), number in finished.items()
    ]
    return rows, considered


def _distinct(issues: Numbers, places: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """Return each issue once in each bucket; what comes is in their order."""
    found: tuple[Numbers, Numbers] = np.divmod(distinct(issues * size + places), size)
    return found


class Turn(NamedTuple):
    """How many stays reach from a bucket to a bucket, and the sums of when they began and ended."""

    status: str
    key: Any
    lasts: bool
    first: int
    last: int
    again: bool
    number: int
    entered: int
    left: int


def turns(packs: Packs, asked: Asked) -> Iterator[Turn]:
    """Yield stays by where they reach; sums are microseconds since the first bucket began.

    Of what began before it, the time since then, which is the same for every bucket.
    """
    begin, end, seen = packed((asked.edges[0], asked.edges[-1], asked.seen))
    for part in packs.parts(there(asked.edges[-1]), "stays"):
        (stay_of, left), entered = stays_of(part), part["stay_entered"]
        here = np.flatnonzero(
            (entered <= seen) & (entered < end) & ((left > begin) | (entered >= begin))
        )
        statuses, of = part["stay_status"][here], stay_of[here]
        before = _last_before(part["stay_status"], entered, left, stay_of)[here]
        entered, left = entered[here], left[here]
        lasts = left > seen
        first = places_of(entered, asked.edges)
        last = places_of(np.where(lasts, seen, np.maximum(entered, left - 1)), asked.edges)
        again = places_of(before, asked.edges) == first
        found = cells(statuses, packs.keys(part)[of], lasts, first, last, again)
        sums = [
            found.sums(_since(asked, np.where(never, begin, np.maximum(instants, begin))))
            for instants, never in ((entered, False), (left, lasts))
        ]
        for of_all, number, came, went in zip(found.values, found.numbers, *sums, strict=True):
            status, key, is_last, begins, ends, is_again = of_all
            yield Turn(
                str(NAMES["status"][status]),
                packs.key(key),
                bool(is_last),
                begins,
                ends,
                bool(is_again),
                number,
                came,
                went,
            )


def _last_before(statuses: Numbers, entered: Numbers, left: Numbers, of: Numbers) -> Numbers:
    """Return the last instant of the stay before at the same status, `NEVER` without one."""
    before = np.full(len(entered), NEVER, dtype=np.int64)
    for code in CODES["status"].values():
        at_status = np.flatnonzero(statuses == code)
        same = of[at_status[1:]] == of[at_status[:-1]]
        those, after = at_status[:-1][same], at_status[1:][same]
        before[after] = np.maximum(entered[those], left[those] - 1)
    return before


def _since(asked: Asked, instants: Numbers) -> Numbers:
    return length(packed(asked.edges[:1]), instants, asked.stretches)


def sizes(packs: Packs, asked: Asked) -> Counter[Any]:
    """Return how many issues there were by the end."""
    (end,) = packed(asked.edges[-1:])
    found: Counter[tuple[int, ...]] = Counter()
    for part in packs.parts(there(asked.edges[-1]), "created"):
        found.update(counted(packs.keys(part)[part["created"] < end]))
    return Counter({packs.key(key): number for (key,), number in found.items()})


def stayed(
    packs: Packs, asked: Asked, shares: Sequence[float]
) -> dict[str, tuple[int, list[float]]]:
    """Return how many of the issues that were closed have been at each status, and how long."""
    begin, end, seen = packed((asked.edges[0], asked.edges[-1], asked.seen))
    found: dict[int, list[Numbers]] = {}
    for part in packs.parts(closed(asked.edges[0], asked.edges[-1]), "closed", "stays"):
        counts = (part["closed"] >= begin) & (part["closed"] < end)
        (stay_of, left), entered, statuses = (
            stays_of(part),
            part["stay_entered"],
            part["stay_status"],
        )
        here = np.flatnonzero(counts[stay_of] & (statuses != _DONE) & (entered <= seen))
        ends = np.minimum(left[here], seen)
        lengths = length(entered[here], ends, asked.stretches)
        for code in _UNFINISHED:
            at_status = statuses[here] == code
            of = stay_of[here][at_status]
            sums = np.bincount(of, weights=lengths[at_status])
            found.setdefault(code, []).append(sums[np.bincount(of) > 0])
    told = {}
    for code, sums_of in found.items():
        if not sum(map(len, sums_of)):
            continue
        seconds = np.sort(joined(sums_of, np.float64)) / 1e6
        told[str(NAMES["status"][code])] = len(seconds), percentiles(seconds, shares)
    return told


class Standing(NamedTuple):
    """An issue, and since when it stands where it stands."""

    project: int
    number: int
    entered: datetime


class Open:
    """The issues that are not done, by status, in the order in which they came there."""

    def __init__(self, packs: Packs, asked: Asked) -> None:
        found: dict[int, list[Columns]] = {}
        seen = micros(asked.seen)
        names = ("status", "id", "project", "number", "stays")
        for part in packs.parts(open_packs(), *names):
            issues = np.flatnonzero(part["stays"] > 0)
            lasts = lasts_of(part["stays"])[issues]
            entered = part["stay_entered"][lasts]
            status = part["status"][issues]
            here = (part["stay_status"][lasts] == status) & (entered <= seen) & (status != _DONE)
            for code in _UNFINISHED:
                at_status = here & (status == code)
                columns = {name: part[name][issues[at_status]] for name in names[1:4]}
                found.setdefault(code, []).append({**columns, "entered": entered[at_status]})
        self._found = {
            str(NAMES["status"][code]): {
                name: np.concatenate([one[name] for one in some]) for name in some[0]
            }
            for code, some in found.items()
        }

    def numbers(self, status: str, edges: Sequence[datetime]) -> dict[int, int]:
        """Return how many came between which of the instants: from 0, before all of them."""
        if status not in self._found:
            return {}
        places = places_of(self._found[status]["entered"], edges) + 1
        return {place: number for (place,), number in counted(places).items()}

    def longest(self, status: str, most: int) -> list[Standing]:
        """Return those that have been there longest, so many at most."""
        if status not in self._found:
            return []
        of = self._found[status]
        order = np.lexsort((of["id"], of["entered"]))[:most]
        return [
            Standing(project, number, instant_of(entered))
            for project, number, entered in zip(
                *[of[name][order].tolist() for name in ("project", "number", "entered")],
                strict=True,
            )
        ]
