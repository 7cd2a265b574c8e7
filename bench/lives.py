"""Lives of issues, made up: reported, triaged, worked on, closed, sometimes opened again.

What they leave behind are lines for COPY, as the product's own services would have written the
rows; a test holds them to the same rules. Texts are not edited in these lives, nor comments
removed. Instants are in microseconds since 1970.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from bench.vocabulary import words

EVENTS = 10
"""How many an issue has, on average."""
LABELS = [f"label-{n:02}" for n in range(40)]
SEVERITIES = ["low", "medium", "high", "critical"]
RESOLUTIONS = ["fixed", "fixed", "fixed", "duplicate", "declined", "invalid"]

_FIELDS = (
    "id, project_id, number, title, status, resolution, severity, labels, assignee_id, reporter_id,"
    " due_date, version, created_at, updated_at, closed_at"
)
TABLES = {
    "issues": _FIELDS,
    "issue_texts": "issue_id, description",
    "issue_versions": f"{_FIELDS}, valid_from, valid_to",
    "comments": "id, project_id, issue_id, author_id, body, created_at",
    "events": "scope_id, subject, subject_id, at, actor_id, actor_kind, change_set, kind, field,"
    " old, new",
}
"""The columns of each table that are filled, in the order of the lines; parents come first."""

DAY = 86_400 * 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NULL = r"\N"

Lines = dict[str, list[str]]
"""Lines for COPY, by table."""


def no_lines() -> Lines:
    """Return no lines of any table."""
    return {table: [] for table in TABLES}


def stamp(at: int) -> str:
    """Write an instant as PostgreSQL reads it."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat()


@dataclass(frozen=True, slots=True)
class Birth:
    """What is settled of an issue before its life begins."""

    id: int
    project_id: int
    number: int
    at: int
    events: int
    """How many it makes."""


@dataclass(slots=True)
class _State:
    """The fields that change, under the names of the event log."""

    status: str = "open"
    resolution: str | None = None
    severity: str | None = None
    assignee: int | None = None
    labels: list[str] = field(default_factory=list)
    due_date: str | None = None


class Life:
    """One life: `live` adds its lines to `lines`. All users are `1..users`."""

    def __init__(self, chance: random.Random, birth: Birth, users: int, lines: Lines) -> None:
        self.chance, self.birth, self.users, self.lines = chance, birth, users, lines
        self.state = _State(severity=chance.choice([None, None, None, *SEVERITIES]))
        self.title = words(chance, chance.randint(4, 9))
        self.reporter = chance.randint(1, users)
        self.version, self.since, self.closed = 1, birth.at, _NULL
        self.born = stamp(birth.at)

    def live(self, end: int) -> None:
        """Make as many events as were foreseen, all before `end`."""
        self._begin()
        left, at, commented = self.birth.events - 1, self.birth.at, False
        while left:
            # Mostly within days, never at the same instant, never beyond the end.
            wait = self.chance.expovariate(1 / (10 * DAY))
            at += 1 + int(min(wait, (end - at) * self.chance.uniform(0, 0.5)))
            if not commented and self.chance.random() < 0.15:
                commented = True
                self._comment(at)
                left -= 1
            else:
                left -= self._change(at, left)
        self._end_version(_INFINITY)
        self.lines["issues"].append(self._row() + "\n")

    def _begin(self) -> None:
        description = words(self.chance, self.chance.randint(15, 60))
        self.lines["issue_texts"].append(f"{self.birth.id}\t{description}\n")
        state = self.state
        created = {
            "title": self.title,
            "description": description,
            "status": state.status,
            "resolution": None,
            "severity": state.severity,
            "assignee": None,
            "labels": [],
            "due_date": None,
            "deleted": False,
        }
        self._event(
            self.birth.at, self.reporter, self._change_set(), "created", None, None, created
        )

    def _change(self, at: int, left: int) -> int:
        """Change some fields, `left` at most, in one act; return how many."""
        state, changes = self.state, self._next(left)
        self._end_version(stamp(at))
        change_set, actor = self._change_set(), self.chance.randint(1, self.users)
        for name, new in changes.items():
            self._event(at, actor, change_set, "changed", name, getattr(state, name), new)
            setattr(state, name, new)
        if "status" in changes:
            self.closed = stamp(at) if state.status == "done" else _NULL
        self.version += 1
        self.since = at
        return len(changes)

    def _next(self, left: int) -> dict[str, Any]:
        """Choose what comes next: mostly a step along the way, else a detail."""
        chance, along = self.chance, self.chance.random()
        match self.state.status:
            case "open" if left >= 4 and along < 0.8:
                return {
                    "status": "triaged",
                    **self._detail("severity"),
                    **self._detail("assignee"),
                    **self._detail("labels"),
                }
            case "open" | "triaged" if along < 0.7:
                return {"status": "in_progress"}
            case "in_progress" if left >= 2 and along < 0.7:
                return {"status": "done", "resolution": chance.choice(RESOLUTIONS)}
            case "done" if left >= 2 and along < 0.15:
                return {"status": "open", "resolution": None}
        return self._detail(chance.choice(["severity", "assignee", "labels", "due_date"]))

    def _detail(self, name: str) -> dict[str, Any]:
        """Return another value of one field."""
        chance, old = self.chance, getattr(self.state, name)
        while True:
            match name:
                case "severity":
                    new: Any = chance.choice(SEVERITIES)
                case "assignee":
                    new = chance.randint(1, self.users)
                case "labels":
                    new = sorted(chance.sample(LABELS, chance.randint(0, 3)))
                case _:
                    day = self.birth.at // DAY + chance.randint(1, 200)
                    new = date.fromordinal(_EPOCH.toordinal() + day).isoformat()
            if new != old:
                return {name: new}

    def _comment(self, at: int) -> None:
        # A life has one comment at most, so the id of the issue will do.
        body, author = (
            words(self.chance, self.chance.randint(8, 40)),
            self.chance.randint(1, self.users),
        )
        birth = self.birth
        self.lines["comments"].append(
            f"{birth.id}\t{birth.project_id}\t{birth.id}\t{author}\t{body}\t{stamp(at)}\n"
        )
        self._end_version(stamp(at))
        self.since = at
        new = {"comment": birth.id, "body": body}
        self._event(at, author, self._change_set(), "commented", "comment", None, new)

    def _event(
        self, at: int, actor: int, change_set: str, kind: str, name: str | None, old: Any, new: Any
    ) -> None:
        birth = self.birth
        self.lines["events"].append(
            f"{birth.project_id}\tissue\t{birth.id}\t{stamp(at)}\t{actor}\tperson\t{change_set}"
            f"\t{kind}\t{name or _NULL}\t{_json(old)}\t{_json(new)}\n"
        )

    def _end_version(self, until: str) -> None:
        """Write down the state since the last change, which was so until now."""
        self.lines["issue_versions"].append(f"{self._row()}\t{stamp(self.since)}\t{until}\n")

    def _row(self) -> str:
        birth, state = self.birth, self.state
        return (
            f"{birth.id}\t{birth.project_id}\t{birth.number}\t{self.title}\t{state.status}"
            f"\t{state.resolution or _NULL}\t{state.severity or _NULL}"
            f"\t{{{','.join(state.labels)}}}\t{state.assignee or _NULL}\t{self.reporter}"
            f"\t{state.due_date or _NULL}\t{self.version}\t{self.born}\t{stamp(self.since)}"
            f"\t{self.closed}"
        )

    def _change_set(self) -> str:
        return f"{self.chance.getrandbits(128):032x}"


_INFINITY = "infinity"


def _json(value: Any) -> str:
    # None is SQL's null, as the product stores it. Nothing here holds what COPY would escape.
    return _NULL if value is None else orjson.dumps(value).decode()
