"""What a plugin says of events: who sees which, and what is sent of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.orm import Session

from issue_insight.auth.permission import Permission
from issue_insight.auth.principal import Principal


@dataclass(slots=True, eq=False)
class Watcher:
    """One who listens, with the rights of this moment, and for what."""

    principal: Principal
    q: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event as some watchers see it: `data` is JSON."""

    event_id: int
    data: bytes
    watchers: Collection[Watcher]


class Feed(Protocol):
    """Events of one kind of thing, such as issues."""

    permission: Permission
    """Who may listen at all; a watcher who loses it is sent away."""

    def sightings(
        self, session: Session, events: Sequence[Row[Any]], watchers: Sequence[Watcher]
    ) -> Iterable[Sighting]:
        """Tell who sees which of `events`, in their order; several of one event are fine."""
        ...
