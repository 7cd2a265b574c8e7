"""A circuit breaker: after a few failures in a row, stop asking for a while.

A part that hangs costs every caller its whole time-out. With the circuit open they are refused at
once, and one of them at a time is let through to see whether the part is back.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from issue_insight.errors import Unavailable


class Circuit:
    """Closed: all pass. Open: all are refused. Half open, after the rest: one trial passes.

    `failures` in a row open it, `rest` is in seconds. `tell` is called with true when it opens and
    with false when it closes. Safe to share between threads.
    """

    def __init__(
        self,
        refusal: str,
        *,
        failures: int = 3,
        rest: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
        tell: Callable[[bool], object] = lambda _: None,
    ) -> None:
        self._refusal = refusal
        self._limit = failures
        self._rest = rest
        self._monotonic = monotonic
        self._tell = tell
        self._lock = threading.Lock()
        self._failures = 0
        self._refuse_until: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether a call made now would be refused."""
        with self._lock:
            return self._waiting() > 0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Hold one call to the part; the block raises `Unavailable` when the part failed.

        Any other exception says nothing about the part: it neither opens nor closes the circuit.
        Raises `Unavailable` without running the block while the circuit is open.
        """
        self._admit()
        try:
            yield
        except Unavailable:
            self.failed()
            raise
        self.succeeded()

    def failed(self) -> None:
        """Count a failure; the last one allowed opens the circuit, as does a failed trial."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._limit:
                self._refuse_until = self._monotonic() + self._rest
                self._tell(True)

    def succeeded(self) -> None:
        """Close the circuit: the part answers."""
        with self._lock:
            self._failures = 0
            if self._refuse_until is not None:
                self._refuse_until = None
                self._tell(False)

    def _waiting(self) -> float:
        """Return the seconds until a trial may pass."""
        return 0.0 if self._refuse_until is None else self._refuse_until - self._monotonic()

    def _admit(self) -> None:
        with self._lock:
            waiting = self._waiting()
            if waiting > 0:
                raise Unavailable(self._refusal, retry_after=math.ceil(waiting))
            if self._refuse_until is not None:
                # This caller is the trial. The others wait one more rest, not for its end: it may
                # be an upload that takes minutes, or die without a word.
                self._refuse_until = self._monotonic() + self._rest
