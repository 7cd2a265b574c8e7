"""Taking a person's words and traces out of the event log: the one change that it lets happen.

The log's trigger refuses UPDATE and DELETE to every role, unless the transaction says that it
redacts; DELETE it refuses then, too. Which events there are, when, by whom and of what kind stays:
only what stands in `old` and `new` is written anew, so all that is counted from the log stays.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

_SAY = text("SELECT set_config('issue_insight.redact', :whether, true)")


@contextmanager
def redacting(session: Session) -> Iterator[None]:
    """Let the block update `old` and `new` of events, in this transaction."""
    session.execute(_SAY, {"whether": "on"})
    yield
    session.execute(_SAY, {"whether": "off"})
