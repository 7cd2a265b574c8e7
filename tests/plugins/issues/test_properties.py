"""Random histories and random filters: past, list, count and pages always tell the same."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.db import unit_of_work
from issue_insight.journal import Event
from plugins.issues import comments, policy, services
from plugins.issues.grammar.ast import And, Field, Node, Not, Or, Query, SortKey, Words
from plugins.issues.grammar.format import format_query
from plugins.issues.models import Issue
from tests.plugins.issues.conftest import Caller

START = datetime(2026, 1, 1, tzinfo=UTC)
# Few words and values, so that what is written and what is asked often meet.
WORDS = ("crash", "export", "検索", "the")
LABELS = ("ui", "api", "old news")
DAYS = tuple(date(2026, 1, day) for day in (1, 3, 5))

_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
_changes = st.fixed_dictionaries(
    {},
    optional={
        "title": _texts,
        "description": _texts,
        "status": st.sampled_from(["open", "triaged", "in_progress", "done"]),
        "severity": st.sampled_from([None, "low", "high", "critical"]),
        "labels": st.lists(st.sampled_from(LABELS), unique=True).map(sorted),
        "due_date": st.sampled_from([None, *DAYS]),
        "assignee": st.sampled_from([None, "me", "other"]),
        "confidential": st.booleans(),
    },
).filter(bool)


@dataclass(frozen=True)
class Step:
    """Something that happens `after` hours (0: at the same instant) to one of the issues."""

    after: int
    what: str
    issue: int
    changes: dict[str, Any] = field(default_factory=dict)
    words: str = "crash"


_steps = st.builds(
    Step,
    st.integers(0, 30),
    st.sampled_from(["report", "change", "change", "change", "comment", "delete", "restore"]),
    st.integers(0, 9),
    _changes,
    _texts,
)
_histories = st.lists(_steps, min_size=3, max_size=14)


@dataclass
class World:
    """Writes histories into projects of their own, and asks about them over HTTP."""

    caller: Caller
    other: Caller
    histories: int = 0

    def live(self, history: list[Step]) -> tuple[str, list[datetime]]:
        """Let a history happen; return its project and the instants at which it did."""
        self.histories += 1
        key = f"P{self.histories}"
        permissions = frozenset(p.name for p in policy.PERMISSIONS)
        actor = Principal(self.caller.id, "Somebody", None, "admin", "person", permissions)
        at, instants, reported, gone = START, [], [], set()
        with self.moment(START) as session:
            services.create_project(session, actor, key=key, name=key, visibility="own")
        for step in history:
            at += timedelta(hours=step.after)
            if step.what != "report" and not reported:
                continue
            with self.moment(at) as session:
                if step.what == "report":
                    issue = services.create_issue(
                        session,
                        actor,
                        project=key,
                        title=step.words,
                        severity=step.changes.get("severity"),
                        labels=step.changes.get("labels"),
                    )
                    reported.append(f"{key}-{issue.number}")
                    instants.append(at)
                    continue
                one = reported[step.issue % len(reported)]
                if step.what == "restore" and one in gone:
                    services.restore_issue(session, actor, one)
                    gone.discard(one)
                elif one in gone:
                    continue
                elif step.what == "comment":
                    comments.add_comment(session, actor, one, step.words)
                elif step.what == "delete":
                    services.delete_issue(session, actor, one, expected=None)
                    gone.add(one)
                elif step.what == "change":
                    self._change(session, actor, one, step.changes)
            instants.append(at)
        return key, instants

    def _change(self, session: Any, actor: Principal, key: str, changes: dict[str, Any]) -> None:
        changes = dict(changes)
        if "assignee" in changes:
            who = {"me": self.caller.id, "other": self.other.id, None: None}
            changes["assignee"] = who[changes["assignee"]]
        now = session.scalars(
            select(Issue.status)
            .where(Issue.number == int(key.partition("-")[2]))
            .join(services.Project)
            .where(services.Project.key == key.partition("-")[0])
        ).one()
        if now == "done" and changes.get("status") == "in_progress":
            del changes["status"]
        services.change_issue(session, actor, key, changes, expected=None)

    @contextmanager
    def moment(self, at: datetime) -> Iterator[Any]:
        """Give a session whose changes happen at that instant."""
        app = self.caller.client.application
        with app.app_context(), clock.frozen(at), unit_of_work() as session:
            yield session


@pytest.fixture
def world(person: Any) -> World:
    return World(person("admin"), person("maintainer"))


def replayed(world: World, project: str, at: datetime) -> dict[str, dict[str, Any]]:
    """Return the issues that are there at the instant, by key, from the event log alone."""
    with world.moment(START) as session:
        project_id, numbers = None, {}
        rows = session.execute(
            select(Issue.id, Issue.number, Issue.project_id)
            .join(services.Project)
            .where(services.Project.key == project)
        )
        for row in rows:
            project_id, numbers[row.id] = row.project_id, f"{project}-{row.number}"
        events = session.execute(
            select(Event.subject_id, Event.kind, Event.field, Event.new)
            .where(Event.scope_id == project_id, Event.subject == "issue", Event.at <= at)
            .order_by(Event.at, Event.id)
        ).all()
    states: dict[str, dict[str, Any]] = {}
    for event in events:
        key = numbers[event.subject_id]
        if event.kind == "created":
            states[key] = dict(event.new)
        elif event.kind == "changed":
            states[key][event.field] = event.new
    return {key: state for key, state in states.items() if not state["deleted"]}


def shown(world: World, project: str, at: datetime) -> dict[str, dict[str, Any]]:
    """Return the same from what the list and the single issues show as of the instant."""
    query = {"as_of": at.isoformat()}
    states = {}
    for key in world.caller.listed(f"project:{project}", **query):
        issue = world.caller.got(f"/issues/{key}", **query)
        states[key] = {
            "title": issue["title"],
            "description": issue["description"],
            "status": issue["status"],
            "resolution": issue["resolution"],
            "severity": issue["severity"],
            "assignee": issue["assignee"] and issue["assignee"]["id"],
            "labels": issue["labels"],
            "due_date": issue["due_date"],
            "confidential": issue["confidential"],
            "deleted": False,
        }
    return states


def quickly(examples: int) -> settings:
    """One database for all examples, which live in projects of their own."""
    unneeded = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    more = int(os.environ.get("PROPERTIES", "0")) // 4
    return settings(max_examples=max(examples, more), deadline=None, suppress_health_check=unneeded)


@quickly(25)
@given(history=_histories, hours=st.integers(-1, 200))
def test_the_past_shown_is_the_log_replayed(world: World, history: list[Step], hours: int) -> None:
    project, instants = world.live(history)
    # Some instant, and each side of one at which something happened.
    some = START + timedelta(hours=hours)
    exact = instants[hours % len(instants)] if instants else START
    for at in (some, exact, exact - timedelta(microseconds=1)):
        assert shown(world, project, at) == replayed(world, project, at)


_names = {
    "status": ["open", "triaged", "in_progress", "done"],
    "severity": ["low", "high", "critical", "none", "any"],
    "resolution": ["fixed", "none", "any"],
    "label": [*LABELS, "none", "any"],
    "assignee": ["@me", "none", "any"],
    "reporter": ["@me", "none"],
    "due": ["2026-01-03", "none", "2026-01-01..2026-01-04", "7d"],
    "created": ["2026-01-01", "..2026-01-03", "36h", "today"],
    "updated": ["2026-01-02", "2026-01-03..", "2d"],
    "closed": ["any", "none", "2026-01-03"],
    "is": ["open", "closed", "overdue", "confidential"],
    "has": ["assignee", "severity", "due", "label"],
    "title": [*WORDS, "cra*"],
    "key": ["P1-1", "P2-2", "P3-1"],
}
_fields = st.sampled_from(sorted(_names)).flatmap(
    lambda name: st.lists(st.sampled_from(_names[name]), min_size=1, max_size=2).map(
        lambda values: Field(name, "=", tuple(values))
    )
)
_compared = st.builds(
    Field,
    st.just("severity"),
    st.sampled_from([">", ">=", "<", "<="]),
    st.sampled_from([("low",), ("high",)]),
) | st.builds(
    Field,
    st.sampled_from(["created", "updated", "closed", "due", "age"]),
    st.sampled_from([">", ">=", "<", "<="]),
    st.sampled_from([("1d",), ("50h",)]),
)
_asked = st.builds(Words, st.sampled_from(WORDS)) | st.builds(
    Words, st.sampled_from(["crash export", "the", "検"]), st.just("phrase")
)
_nodes = st.recursive(
    _fields | _compared | _asked,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda of: And(tuple(of)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda of: Or(tuple(of)))
        | inner.map(Not)
    ),
    max_leaves=5,
)
_sorts = st.sampled_from(["updated", "created", "severity", "due", "key", "closed", "relevance"])
_queries = st.builds(
    Query,
    _nodes,
    st.lists(st.builds(SortKey, _sorts, st.booleans()), max_size=2, unique_by=lambda k: k.name).map(
        tuple
    ),
)


def within(project: str, node: Node) -> str:
    """Return the text of a filter in one project."""
    return format_query(Query(And((Field("project", "=", (project,)), node))))


@quickly(10)
@given(
    history=_histories.filter(lambda steps: sum(s.what == "report" for s in steps) >= 2),
    queries=st.lists(_queries, min_size=4, max_size=4),
    size=st.integers(1, 4),
)
def test_list_count_and_pages_agree_now_and_then(
    world: World, history: list[Step], queries: list[Query], size: int
) -> None:
    project, instants = world.live(history)
    caller = world.caller
    now = instants[-1] + timedelta(hours=1)
    everything = caller.page(f"project:{project}", limit=200)["total"]
    with clock.frozen(now):
        for query in queries:
            assert query.where is not None
            q = within(project, query.where)
            ordered = f"{q} {format_query(Query(None, query.sort))}"
            keys = caller.listed(ordered, limit=size)
            page = caller.page(ordered, limit=200)
            assert [item["key"] for item in page["items"]] == keys
            assert len(set(keys)) == len(keys) == page["total"]
            counts = caller.got("/stats/now", q=q)
            for total in (
                counts["total"],
                *(sum(counts[k].values()) for k in counts if "by_s" in k),
            ):
                assert total == page["total"]
            # As of now is now, in the same order.
            assert caller.listed(ordered, limit=200, as_of=now.isoformat()) == keys
            # What holds, and what does not, are everything.
            rest = caller.page(within(project, Not(query.where)), limit=200)
            if not _asks_nothing(query.where):
                assert {item["key"] for item in rest["items"]}.isdisjoint(keys)
                assert rest["total"] + len(keys) == everything


def _asks_nothing(node: Node) -> bool:
    """Return whether a filter leaves words out, so that its negation leaves them out too."""
    match node:
        case Words(text):
            return text == "the"
        case Field("title", _, values):
            return "the" in values
        case Not(of):
            return _asks_nothing(of)
        case And(of) | Or(of):
            return any(map(_asks_nothing, of))
        case _:
            return False


def test_these_histories_are_not_all_alike(world: World) -> None:
    """What is drawn does reach every kind of state, or the properties would prove little."""
    steps = [
        Step(0, "report", 0, {"severity": "low", "labels": ["ui"]}),
        Step(1, "change", 0, {"status": "done", "assignee": "me"}),
        Step(1, "delete", 0),
        Step(1, "restore", 0),
        Step(0, "comment", 0),
    ]
    project, instants = world.live(steps)
    assert len(instants) == len(steps)
    states = [shown(world, project, at) for at in instants]
    assert [len(state) for state in states] == [1, 1, 0, 1, 1]
    assert states[1][f"{project}-1"]["resolution"] == "fixed"
