"""How many requests are at work at once: few, in the order in which they came.

Python runs one thread at a time. Of many requests at work each does a little and waits for all the
others, so that an unlucky one takes ten times as long as its like; of a few the next begins when
one is done. With 16 clients on two processors, 4 at work answer as many lists of 50 in a second as
16 do, and the slowest of a hundred takes a fifth of the time.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_WORK = 2 * (os.cpu_count() or 2)
"""While one waits for the database, another computes."""
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
