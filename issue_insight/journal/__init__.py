"""The append-only event log: who changed what, when, from what to what.

Every change writes its event in the transaction of the change. The activity feed, the audit log,
live updates and every insight are views of it.
"""

from issue_insight.journal.models import Event
from issue_insight.journal.record import record

__all__ = ["Event", "record"]
