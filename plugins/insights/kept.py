"""Columns of packs that have been read, kept in memory for whoever reads them next.

A pack that is made anew has another name (`made`), so what is kept under a name is what that pack
holds, for good: nothing has to be cleared, and no process has to tell another one.
"""

from collections import OrderedDict
from threading import Lock
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

MOST = 32 * 1024**2
"""Bytes that a process keeps: a year of a million issues in three of them, for a usual screen."""

_Key = tuple[UUID, str]


class Kept:
    """Columns by the name of their pack and their own; those not read for longest make room."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._held = most, 0
        self._columns: OrderedDict[_Key, NDArray[np.generic]] = OrderedDict()
        self._lock = Lock()

    def get(self, made: UUID, column: str) -> NDArray[np.generic] | None:
        """Return a column, None where it is not kept."""
        with self._lock:
            found = self._columns.get((made, column))
            if found is not None:
                self._columns.move_to_end((made, column))
            return found

    def put(self, made: UUID, column: str, values: NDArray[np.generic]) -> None:
        """Keep a column. Nobody writes to it from now on."""
        values.flags.writeable = False
        with self._lock:
            self._held -= _size(self._columns.pop((made, column), None))
            self._columns[made, column] = values
            self._held += _size(values)
            while self._held > self._most:
                _, gone = self._columns.popitem(last=False)
                self._held -= _size(gone)


def _size(values: NDArray[np.generic] | None) -> int:
    """Return the bytes of an array; of one that is a single value again and again, none."""
    return 0 if values is None or 0 in values.strides else values.nbytes
