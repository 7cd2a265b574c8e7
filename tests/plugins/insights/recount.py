"""Metrics recounted by hand: in plain Python, from nothing but the rows of the event log."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

END = datetime.max.replace(tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Told:
    """An event."""

    at: datetime
    kind: str
    field: str | None
    old: Any
    new: Any
    actor: int | None
    actor_kind: str


@dataclass
class State:
    """An issue as it was."""

    status: str
    severity: str | None
    labels: list[str]
    assignee: int | None
    confidential: bool
    deleted: bool
    resolution: str | None
    closed_at: datetime | None = None


@dataclass
class Life:
    """An issue, and all that is told of it in order."""

    id: int
    key: str
    project: str
    reporter: int
    told: list[Told]
    states: dict[datetime, State | None] = field(default_factory=dict)

    @property
    def created(self) -> datetime:
        return self.told[0].at

    def at(self, instant: datetime) -> State | None:
        """Return its state after all that happened up to the instant."""
        if instant not in self.states:
            self.states[instant] = self._at(instant)
        return self.states[instant]

    def _at(self, instant: datetime) -> State | None:
        state: State | None = None
        for event in self.told:
            if event.at > instant:
                break
            if event.kind == "created":
                names = ("status", "severity", "labels", "assignee", "confidential", "deleted")
                state = State(
                    **{n: event.new[n] for n in names}, resolution=event.new["resolution"]
                )
            elif event.kind == "changed" and state is not None and event.field is not None:
                if event.field in State.__dataclass_fields__:
                    setattr(state, event.field, event.new)
                if event.field == "status":
                    state.closed_at = event.at if event.new == "done" else None
        return state

    def stays(self, instant: datetime) -> list[tuple[str, datetime, datetime]]:
        """Return its stays at statuses that had begun by the instant; the last one ends never."""
        turns = [
            (event.new["status"] if event.kind == "created" else event.new, event.at)
            for event in self.told
            if (event.kind == "created" or event.field == "status") and event.at <= instant
        ]
        ends = [at for _, at in turns[1:]] + [END]
        return [(status, at, end) for (status, at), end in zip(turns, ends, strict=True)]

    def first(self, instant: datetime, *statuses: str) -> datetime | None:
        """Return when it first came to one of the statuses, up to the instant."""
        found = [at for status, at, _ in self.stays(instant) if status in statuses]
        return min(found, default=None)


@dataclass
class Past:
    """Everything that the log tells, and the people it tells of."""

    lives: list[Life]
    visibilities: dict[str, list[tuple[datetime, str, str]]]
    open_now: dict[str, bool]
    bots: set[int]

    @classmethod
    def read(cls, session: Session) -> "Past":
        projects = {
            row.id: row for row in session.execute(text("SELECT id, key, visibility FROM projects"))
        }
        lives: dict[int, Life] = {}
        numbers = {
            row.id: row.number for row in session.execute(text("SELECT id, number FROM issues"))
        }
        visibilities: dict[str, list[tuple[datetime, str, str]]] = {}
        rows = session.execute(text("SELECT * FROM events ORDER BY at, id"))
        for row in rows:
            at = row.at.astimezone(UTC)
            if row.subject == "project" and row.field == "visibility":
                key = projects[row.scope_id].key
                visibilities.setdefault(key, []).append((at, row.old, row.new))
            if row.subject != "issue":
                continue
            event = Told(at, row.kind, row.field, row.old, row.new, row.actor_id, row.actor_kind)
            if row.kind == "created":
                project = projects[row.scope_id].key
                key = f"{project}-{numbers[row.subject_id]}"
                lives[row.subject_id] = Life(row.subject_id, key, project, row.actor_id, [event])
            else:
                lives[row.subject_id].told.append(event)
        bots = set(
            session.execute(text("SELECT id FROM users WHERE subject LIKE '%[bot]'")).scalars()
        )
        return cls(
            list(lives.values()),
            visibilities,
            {row.key: row.visibility == "all" for row in projects.values()},
            bots,
        )

    def was_open(self, project: str, instant: datetime) -> bool:
        """Tell whether reporters see all issues of a project, today and as of the instant."""
        then = next(
            (old for at, old, _ in self.visibilities.get(project, []) if at > instant), "all"
        )
        return self.open_now[project] and then == "all"

    def response(self, life: Life, instant: datetime) -> datetime | None:
        """Return when somebody else first commented, up to the instant."""
        for event in life.told:
            if (
                event.at <= instant
                and event.kind == "commented"
                and event.actor is not None
                and event.actor != life.reporter
                and event.actor not in self.bots
                and event.actor_kind != "job"
            ):
                return event.at
        return None


Predicate = Callable[[Life, State, datetime], bool]


@dataclass
class Recount:
    """A question, and its answers counted by hand."""

    past: Past
    user: int
    sees_all: bool
    zone: ZoneInfo
    seen: datetime
    holds: Predicate
    by: str | None
    days_off: Sequence[str] = ()

    def length(self, begin: datetime, end: datetime) -> timedelta:
        """Return how much time there is from one instant to a later one, day by day."""
        if end <= begin:
            return timedelta()
        if not self.days_off:
            return end - begin
        found = timedelta()
        day = begin.astimezone(self.zone).date()
        while self.begin(day) < end:
            if not {day.isoformat(), f"{day:%a}".lower()} & set(self.days_off):
                hours = max(begin, self.begin(day)), min(end, self.begin(day + timedelta(days=1)))
                found += max(hours[1] - hours[0], timedelta())
            day += timedelta(days=1)
        return found

    def selection(self, instant: datetime, group: Any = None) -> list[tuple[Life, State]]:
        """Return the issues of the list as of the instant, those of one group where split."""
        found = []
        for life in self.past.lives:
            state = life.at(instant)
            if state is None or state.deleted or not self._sees(life, state, instant):
                continue
            if self.holds(life, state, instant) and (
                self.by is None or group in self.groups_of(life, state)
            ):
                found.append((life, state))
        return found

    def _sees(self, life: Life, state: State, instant: datetime) -> bool:
        if self.sees_all or life.reporter == self.user:
            return True
        now = life.at(END)
        kept = state.confidential or (now is not None and now.confidential)
        return self.past.was_open(life.project, instant) and not kept

    def groups_of(self, life: Life, state: State) -> Sequence[Any]:
        """Return the values that an issue is split by."""
        match self.by:
            case "label":
                return state.labels or [None]
            case "reporter":
                return [life.reporter]
            case "project":
                return [life.project]
            case None:
                return [None]
            case name:
                return [getattr(state, name)]

    def begin(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def value(self, metric: str, measure: str, first: date, last: date, group: Any) -> Any:
        """Return what a number must be: of a bucket from its first day to its last."""
        return getattr(self, f"_{metric.replace('-', '_')}")(
            measure, self.begin(first), self.begin(last + timedelta(days=1)), group
        )

    def _cumulative_flow(self, measure: str, _begin: datetime, end: datetime, group: Any) -> int:
        instant = min(end - timedelta(microseconds=1), self.seen)
        return sum(state.status == measure for _, state in self.selection(instant, group))

    def _severity_mix(self, measure: str, begin: datetime, end: datetime, group: Any) -> int:
        kind, _, severity = measure.partition(" ")
        wanted = None if severity == "none" else severity
        if kind == "open":
            instant = min(end - timedelta(microseconds=1), self.seen)
            return sum(
                state.severity == wanted and state.status != "done"
                for _, state in self.selection(instant, group)
            )
        return sum(
            begin <= life.created < end and state.severity == wanted
            for life, state in self.selection(self.seen, group)
        )

    def _created_resolved(self, measure: str, begin: datetime, end: datetime, group: Any) -> Any:
        there = self.selection(self.seen, group)
        created = sum(begin <= life.created < end for life, _ in there)
        resolved = sum(s.closed_at is not None and begin <= s.closed_at < end for _, s in there)
        match measure:
            case "created":
                return created
            case "resolved":
                return resolved
            case "net":
                return created - resolved
            case "bmi":
                return resolved / created if created else None
            case _:
                return sum(
                    life.created < end and not (s.closed_at is not None and s.closed_at < end)
                    for life, s in there
                )

    def _throughput(self, _: str, begin: datetime, end: datetime, group: Any) -> int:
        return sum(
            s.closed_at is not None and begin <= s.closed_at < end
            for _, s in self.selection(self.seen, group)
        )

    def durations(
        self, metric: str, begin: datetime, end: datetime, group: Any
    ) -> dict[str, float]:
        """Return the seconds that issues took whose end lies there, by their keys."""
        found = {}
        for life, state in self.selection(self.seen, group):
            match metric:
                case "lead-time":
                    ends = life.created, state.closed_at
                case "cycle-time":
                    ends = life.first(self.seen, "in_progress"), state.closed_at
                case "time-to-triage":
                    ends = life.created, life.first(self.seen, "triaged", "in_progress", "done")
                case _:
                    ends = life.created, self.past.response(life, self.seen)
            if ends[0] is not None and ends[1] is not None and begin <= ends[1] < end:
                found[life.key] = self.length(*ends) / SECOND
        return found

    def _percentile_of(self, metric: str, measure: str, *of: Any) -> float | None:
        return percentile(self.durations(metric, *of).values(), int(measure[1:]) / 100)

    def _lead_time(self, measure: str, *of: Any) -> float | None:
        return self._percentile_of("lead-time", measure, *of)

    def _cycle_time(self, measure: str, *of: Any) -> float | None:
        return self._percentile_of("cycle-time", measure, *of)

    def _time_to_triage(self, measure: str, *of: Any) -> float | None:
        return self._percentile_of("time-to-triage", measure, *of)

    def _first_response(self, measure: str, *of: Any) -> float | None:
        return self._percentile_of("first-response", measure, *of)

    def _time_in_status(self, measure: str, begin: datetime, end: datetime, group: Any) -> float:
        return self.time_in_status(measure, begin, end, group)[0]

    def time_in_status(
        self, status: str, begin: datetime, end: datetime, group: Any
    ) -> tuple[float, float]:
        """Return the seconds that issues stood there, and those of stays that are not over."""
        everything = running = timedelta()
        for life, _ in self.selection(self.seen, group):
            for at_status, entered, left in life.stays(self.seen):
                if at_status == status:
                    length = self.length(max(entered, begin), min(left, end, self.seen))
                    everything += length
                    running += length if left == END else timedelta()
        return everything / SECOND, running / SECOND

    def _reopen_rate(self, measure: str, begin: datetime, end: datetime, group: Any) -> Any:
        finished = bounced = 0
        for life, _ in self.selection(self.seen, group):
            done = [
                (entered, left)
                for status, entered, left in life.stays(self.seen)
                if status == "done" and begin <= entered < end
            ]
            finished += bool(done)
            bounced += any(left - entered <= timedelta(days=30) for entered, left in done)
        match measure:
            case "finished":
                return finished
            case "reopened":
                return bounced
            case _:
                return bounced / finished if finished else None

    @cached_property
    def ages(self) -> dict[str, dict[str, float]]:
        """Return how long issues that are not done have stood where they stand, by status."""
        found: dict[str, dict[str, float]] = {}
        for life, state in self.selection(self.seen):
            entered = life.stays(self.seen)[-1][1]
            found.setdefault(state.status, {})[life.key] = self.length(entered, self.seen) / SECOND
        return found

    def norms(self, status: str, begin: datetime, end: datetime) -> list[float]:
        """Return how long issues that were finished then had stood at a status in all."""
        found = []
        for life, state in self.selection(self.seen):
            if state.closed_at is None or not begin <= state.closed_at < end:
                continue
            stays = [(a, b) for s, a, b in life.stays(self.seen) if s == status]
            if stays:
                found.append(sum((self.length(a, b) for a, b in stays), timedelta()) / SECOND)
        return found


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the percentile of type 7 of Hyndman and Fan: linear between the two nearest."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
