"""How many requests are at work at once: few, in the order in which they came.

Python runs one thread at a time. Of many requests at work each does a little and waits for all the
others, so that an unlucky one takes ten times as long as its like; of a few the next begins when
one is done. At 16 clients and lists of 50, 8 at work make 1.3 times as many answers a second as
16, and the slowest of a hundred takes a quarter of the time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_WORK = 8
PATIENCE = 0.1
"""Seconds after which one no longer counts: it waits for a database, a store or a client."""


class Turns:
    """Gives turns to the requests of one event loop."""

    def __init__(self, at_work: int = AT_WORK, patience: float = PATIENCE) -> None:
        self._free = asyncio.Semaphore(at_work)
        self._patience = patience

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it until the end of the block or of all patience."""
        await self._free.acquire()
        held = [True]

        def give_back() -> None:
            if held:
                held.clear()
                self._free.release()

        late = asyncio.get_running_loop().call_later(self._patience, give_back)
        try:
            yield
        finally:
            late.cancel()
            give_back()
