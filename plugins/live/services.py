"""The feed of issues: which watcher sees which event of the log, and what is told of it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.orm import Session

from issue_insight.live import Sighting, Watcher
from plugins.issues.api import (
    READ,
    Group,
    Touched,
    outlook,
    sights,
    touched_issues,
)
from plugins.live.schemas import Change, Person
from plugins.roles.api import user_refs

LONG = 1_000
"""Characters: longer texts are left out, for thousands of streams may carry them."""


class IssueFeed:
    """Changes of issues. One look for all watchers of one filter who see by the same rules."""

    permission = READ

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def __hash__(self) -> int:
        """Two feeds of one zone are the same."""
        return hash(self._zone)

    def __eq__(self, other: object) -> bool:
        """Two feeds of one zone are the same."""
        return isinstance(other, IssueFeed) and other._zone == self._zone

    def sightings(
        self, session: Session, events: Sequence[Row[Any]], watchers: Sequence[Watcher]
    ) -> Iterable[Sighting]:
        """Tell who sees which of `events`, in their order."""
        ours = [event for event in events if event.subject == "issue"]
        if not ours:
            return []
        touched = [
            Touched(event.id, event.subject_id, event.at, event.field == "relation")
            for event in ours
        ]
        found: dict[tuple[int, str], list[Watcher]] = {}
        groups = _groups(watchers)
        asked = [
            Group(group[0].principal, [user for user in _users(group) if user], group[0].q)
            for group in groups
        ]
        for group, seen in zip(groups, sights(session, asked, touched, self._zone), strict=True):
            for sight in seen:
                found.setdefault((sight.event_id, sight.match), []).extend(
                    watcher for watcher in group if watcher.principal.user_id in sight.users
                )
        return list(self._told(session, ours, touched, found)) if found else []

    def _told(
        self,
        session: Session,
        events: Sequence[Row[Any]],
        touched: Sequence[Touched],
        found: dict[tuple[int, str], list[Watcher]],
    ) -> Iterator[Sighting]:
        issues = touched_issues(session, touched)
        people = user_refs(session, {e.actor_id for e in events if e.actor_id is not None})
        for event in events:
            for match in ("entered", "changed", "left", "gone"):
                watchers = found.get((event.id, match))
                if watchers:
                    change = _change(event, match, *issues[event.id], people.get(event.actor_id))
                    data = change.model_dump_json(exclude_unset=True).encode()
                    yield Sighting(event.id, data, watchers)


def _groups(watchers: Iterable[Watcher]) -> list[list[Watcher]]:
    """Return the watchers by what they see and ask.

    In an order of its own: the same questions, whoever has come and gone, make the same query.
    """
    groups: dict[tuple[tuple[bool, bool], str], list[Watcher]] = {}
    for watcher in watchers:
        groups.setdefault((outlook(watcher.principal), watcher.q), []).append(watcher)
    return [groups[key] for key in sorted(groups)]


def _users(group: Iterable[Watcher]) -> Iterable[int | None]:
    return dict.fromkeys(watcher.principal.user_id for watcher in group)


def _change(
    event: Row[Any],
    match: Any,
    key: str,
    project: str,
    version: int | None,
    actor: dict[str, Any] | None,
) -> Change:
    if match == "gone":
        return Change(match=match, key=key, project=project)
    old, new = _short(event.old), _short(event.new)
    return Change(
        match=match,
        key=key,
        project=project,
        version=version,
        kind=event.kind,
        field=event.field,
        old=old,
        new=new,
        shortened=(old, new) != (event.old, event.new),
        actor=None if actor is None else Person.model_validate(actor),
        actor_kind=event.actor_kind,
        at=event.at,
        change_set=str(event.change_set),
    )


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    return None if isinstance(value, str) and len(value) > LONG else value
