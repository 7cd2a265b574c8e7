"""Random histories, and random questions to metrics about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from issue_insight.errors import Conflict, NotFound
from issue_insight.testing import cleaning
from plugins.insights import packing, services
from plugins.insights.fields import By, Calendar, Show
from plugins.insights.table import METRICS
from plugins.issues import policy
from plugins.issues import services as issues
from plugins.issues.api import count_issues, select_issues
from plugins.issues.comments import add_comment, delete_comment
from plugins.stats import services as stats
from tests.plugins.insights.recount import END, Life, Past, Predicate, Recount, State, percentile

BEGIN = datetime(2025, 10, 1, tzinfo=UTC)
"""So that the clocks of Berlin go back, and those of Lord Howe forward, in the middle of it."""
ZONES = ("UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Kiritimati")
PROJECTS = {"WEB": "own", "APP": "all"}
STATUSES = ("open", "triaged", "in_progress", "done")
COUNTED = [name for name in METRICS if name not in ("survival", "compare", "signals")]
DURATIONS = ("lead-time", "cycle-time", "time-to-triage", "first-response")
DAYS_OFF = (("sat", "sun"), ("fri", "2025-10-08", "2025-10-26"), ("mon", "tue", "wed", "thu"))
"""Of the second, one is the day on which the clocks of Berlin go back."""
UNITS = {"s": 1, "h": 3600, "d": 86400}


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def filters(zone: ZoneInfo, user: int, past: Past) -> dict[str, Predicate]:
    """Return filters, each with what it means."""

    def first(status: str) -> Predicate:
        return lambda life, _, at: life.first(at, status) is not None

    def reopened(life: Life, _: State, at: datetime) -> bool:
        return any(status == "done" and left != END for status, _, left in life.stays(at))

    def created_then(life: Life, _: State, __: datetime) -> bool:
        return date(2025, 10, 10) <= _day(life.created, zone) <= date(2025, 10, 26)

    return {
        "": lambda *_: True,
        "severity:high": lambda _, state, __: state.severity == "high",
        "severity>=high": lambda _, state, __: state.severity in ("high", "critical"),
        "-label:ui": lambda _, state, __: "ui" not in state.labels,
        "label:ui,api": lambda _, state, __: bool({"ui", "api"} & set(state.labels)),
        "assignee:none OR label:api": lambda _, s, __: s.assignee is None or "api" in s.labels,
        "status:open,triaged": lambda _, state, __: state.status in ("open", "triaged"),
        "project:APP": lambda life, _, __: life.project == "APP",
        "reporter:@me": lambda life, _, __: life.reporter == user,
        "is:confidential": lambda _, state, __: state.confidential,
        "-resolution:declined": lambda _, state, __: state.resolution != "declined",
        "created:2025-10-10..2025-10-26": created_then,
        "age:>3d": lambda life, state, at: (
            state.status != "done" and life.created < at - timedelta(days=3)
        ),
        "started:any": first("in_progress"),
        "was:triaged (label:ui OR is:open)": lambda life, state, at: (
            life.first(at, "triaged") is not None
            and ("ui" in state.labels or state.status != "done")
        ),
        "reopened:none": lambda *of: not reopened(*of),
        "responded:any": lambda life, _, at: past.response(life, at) is not None,
    }


@dataclass
class World:
    """People, projects, and what happens to their issues."""

    session: Session
    chance: Random
    people: list[Principal] = field(default_factory=list)
    now: datetime = BEGIN
    keys: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)

    def begin(self) -> None:
        roles = ("admin", "maintainer", "reporter", "reporter", "reporter")
        for n, role in enumerate(roles):
            subject = "ci[bot]" if n == 4 else f"case{n}"
            user = User(issuer="tests", subject=subject, name=f"{role} {n}", role=role)
            self.session.add(user)
            self.session.flush()
            allowed = frozenset(p.name for p in policy.PERMISSIONS if role in p.roles)
            self.people.append(Principal(user.id, user.name, None, role, "person", allowed))
        with clock.frozen(self.now):
            for key, visibility in PROJECTS.items():
                issues.create_project(
                    self.session, self.admin, key=key, name=key, visibility=visibility
                )
        if self.chance.random() < 0.8:
            packing.rebuild(self.session)
        self.session.commit()

    @property
    def admin(self) -> Principal:
        return self.people[0]

    def live(self, acts: int) -> None:
        """Let so many things happen, some of them at one instant."""
        for _ in range(acts):
            gap = self.chance.choice([0, 1, 7, 20, 60, 300, 1_440, 3_000])
            self.now += timedelta(minutes=gap, microseconds=self.chance.choice([0, 0, 1, 333_333]))
            with clock.frozen(self.now):
                try:
                    self._act()
                except Conflict:
                    self.session.rollback()
                self.session.commit()

    def _act(self) -> None:
        chance = self.chance
        kinds = {"report": 5, "status": 9, "field": 5, "comment": 4, "uncomment": 1}
        kinds |= {
            "delete": 1,
            "restore": 1,
            "confidential": 1,
            "late": 1,
            "visibility": 1,
            "count": 1,
            "pack": 1,
        }
        if not self.keys:
            kinds = {"report": 1}
        (kind,) = chance.choices(list(kinds), list(kinds.values()))
        key = chance.choice(self.keys) if self.keys else ""
        match kind:
            case "report" | "late":
                self._report(kind)
            case "status":
                status = chance.choice(STATUSES)
                more = {"resolution": chance.choice(["fixed", "declined"])}
                self._change(key, {"status": status} | (more if status == "done" else {}))
            case "field":
                self._change(
                    key,
                    chance.choice(
                        [
                            {"severity": chance.choice([None, "low", "high", "critical"])},
                            {
                                "labels": sorted(
                                    chance.sample(["ui", "api", "db"], chance.randint(0, 2))
                                )
                            },
                            {"assignee": chance.choice([None, self.people[1].user_id])},
                        ]
                    ),
                )
            case "confidential":
                self._change(key, {"confidential": chance.random() < 0.6})
            case "comment":
                by = chance.choice([self.people[0], self.people[1], *self._who_sees(key)])
                self.comments.append(add_comment(self.session, by, key, "Seen.").id)
            case "uncomment" if self.comments:
                self.session.commit()
                comment = self.comments.pop(chance.randrange(len(self.comments)))
                try:
                    delete_comment(self.session, self.admin, comment, expected=None)
                except NotFound:
                    self.session.rollback()
            case "delete" if len(self.keys) > 2:
                issues.delete_issue(self.session, self.admin, key, expected=None)
                self.keys.remove(key)
                self.gone.append(key)
            case "restore" if self.gone:
                back = self.gone.pop(0)
                issues.restore_issue(self.session, self.admin, back)
                self.keys.append(back)
            case "count":
                # What is stored is told from there, as far as it is still true.
                stats.aggregate(self.session, ZoneInfo(chance.choice(ZONES)))
            case "pack":
                # What is packed is read from there, and what changes after it from its rows.
                packing.pack(self.session, left=chance.choice([0, 3]))
            case "visibility" if chance.random() < 0.3:
                issues.change_project(
                    self.session, self.admin, "APP", {"visibility": chance.choice(["own", "all"])}
                )

    def _who_sees(self, key: str) -> list[Principal]:
        """Return the reporters, the bot among them, who see every issue of an open project."""
        return [
            person
            for person in self.people[2:]
            if count_issues(
                self.session,
                select_issues(self.session, person, f"key:{key}", None, ZoneInfo("UTC")),
            )
        ]

    def _report(self, kind: str) -> None:
        chance = self.chance
        late = timedelta(hours=chance.randint(1, 200)) if kind == "late" else timedelta()
        project = chance.choice(list(PROJECTS))
        issue = issues.create_issue(
            self.session,
            chance.choice(self.people[:4]),
            project=project,
            title="Something is wrong",
            severity=chance.choice([None, "low", "high", "critical"]),
            confidential=chance.random() < 0.1,
            at=max(self.now - late, BEGIN),
        )
        self.keys.append(f"{project}-{issue.number}")

    def _change(self, key: str, changes: dict[str, Any]) -> None:
        issues.change_issue(self.session, self.admin, key, changes, expected=None)


@dataclass(frozen=True)
class Case:
    """A question."""

    metric: str
    q: str
    who: int
    zone: str
    as_of: datetime | None
    size: str | None
    first: date
    last: date
    by: By | None
    show: Show
    days_off: tuple[str, ...]


def case_of(chance: Random, world: World, past: Past) -> Case:
    """Return a random question about the world."""
    zone = chance.choice(ZONES)
    metric = chance.choice(COUNTED)
    span = (world.now - BEGIN) // timedelta(days=1) + 1
    instants = [event.at for life in past.lives for event in life.told]
    as_of = chance.choice(
        [None, None, chance.choice(instants), BEGIN + timedelta(days=chance.random() * span)]
    )
    size, longest = chance.choice([("day", 5), ("week", 28), ("month", 70)])
    if metric in ("time-in-status", "aging") and chance.random() < 0.5:
        size, longest = None, 60
    seen = as_of or world.now
    last = _day(seen, ZoneInfo(zone)) - timedelta(days=chance.choice([0, 0, 0, 3, 10]))
    split = METRICS[metric].splits and chance.random() < 0.35
    show = Show.PERCENTILES
    if metric in DURATIONS:
        show = chance.choice([show, show, Show.SCATTER, Show.HISTOGRAM])
    days_off: tuple[str, ...] = ()
    if Calendar.BUSINESS in METRICS[metric].calendars and show is not Show.HISTOGRAM:
        days_off = chance.choice([(), (), *DAYS_OFF])
    wanted = [By.LABEL, By.SEVERITY, By.ASSIGNEE, By.REPORTER, By.PROJECT]
    return Case(
        metric=metric,
        q=chance.choice(list(filters(ZoneInfo(zone), 0, past))),
        who=chance.randrange(4),
        zone=zone,
        as_of=as_of,
        size=size,
        first=last - timedelta(days=chance.randint(0, longest)),
        last=last,
        by=chance.choice([by for by in wanted if by in METRICS[metric].splits]) if split else None,
        show=show,
        days_off=days_off,
    )


class Checker:
    """Asks, recounts, opens, and says what differs."""

    def __init__(self, session: Session, world: World, past: Past) -> None:
        self.session, self.world, self.past = session, world, past
        self.numbers = self.links = 0
        self._opened: dict[Any, int] = {}

    def check(self, case: Case) -> None:
        """Raise `AssertionError` for the first number that is not what it must be."""
        zone, person = ZoneInfo(case.zone), self.world.people[case.who]
        self.session.rollback()
        answer = services.answer(
            self.session,
            person,
            zone,
            case.metric,
            q=case.q,
            first=case.first,
            last=case.last,
            pieces=case.size,  # type: ignore[arg-type]
            as_of=case.as_of,
            by=case.by,
            show=case.show,
            calendar=Calendar.BUSINESS if case.days_off else Calendar.ALL,
            days_off=case.days_off,
        )
        assert person.user_id is not None
        recount = Recount(
            past=self.past,
            user=person.user_id,
            sees_all=person.may(policy.SEE_ALL.name),
            zone=zone,
            seen=answer["as_of"],
            holds=filters(zone, person.user_id, self.past)[case.q],
            by=case.by,
            days_off=case.days_off,
        )
        if case.metric == "aging":
            self._check_aging(recount, answer)
        elif case.show is Show.HISTOGRAM:
            self._check_histogram(case, recount, answer)
        elif case.show is Show.SCATTER:
            self._check_scatter(case, recount, answer)
        else:
            self._check_buckets(case, recount, answer)
        for series in answer["series"]:
            for point in series["points"]:
                expected = point["issues"] if point.get("issues") is not None else point["value"]
                found = self._open(person, zone, point["open"])
                assert found == expected, (series["name"], point, found)
                self.links += 1

    def _open(self, person: Principal, zone: ZoneInfo, link: dict[str, Any]) -> int:
        key = person.user_id, zone.key, link["q"], link["as_of"]
        if key not in self._opened:
            selection = select_issues(self.session, person, link["q"], link["as_of"], zone)
            self._opened[key] = count_issues(self.session, selection)
        return self._opened[key]

    def _groups(self, case: Case) -> dict[str, Any]:
        """Return the values that groups stand for, by their names."""
        names: dict[str, Any] = {"none": None}
        if case.by in (By.ASSIGNEE, By.REPORTER):
            names |= {person.name: person.user_id for person in self.world.people}
        else:
            names |= {
                name: name for name in ("ui", "api", "db", "low", "high", "critical", *PROJECTS)
            }
        return names

    def _check_buckets(self, case: Case, recount: Recount, answer: dict[str, Any]) -> None:
        names = self._groups(case)
        shown = Counter()
        for series in answer["series"]:
            group = names[series["group"]] if case.by else None
            shown[group] += 1
            for point in series["points"]:
                of = (date.fromisoformat(point["at"]), date.fromisoformat(point["to"]))
                expected = recount.value(case.metric, series["measure"], *of, group)
                assert same(point["value"], expected), (series["name"], point, expected)
                if case.metric == "time-in-status":
                    edges = recount.begin(of[0]), recount.begin(of[1] + timedelta(days=1))
                    _, running = recount.time_in_status(series["measure"], *edges, group)
                    assert same(point["running"], running), (series["name"], point, running)
                self.numbers += 1
        if case.by is not None and answer["series"]:
            self._check_absent(case, recount, answer, set(shown), names)

    def _check_absent(
        self,
        case: Case,
        recount: Recount,
        answer: dict[str, Any],
        shown: set[Any],
        names: dict[str, Any],
    ) -> None:
        """See that groups which are not shown have nothing to show."""
        of = [
            (date.fromisoformat(p["at"]), date.fromisoformat(p["to"]))
            for p in answer["series"][0]["points"]
        ]
        for group in set(names.values()) - shown:
            for measure in {series["measure"] for series in answer["series"]} - {"backlog"}:
                for first, last in of:
                    assert not recount.value(case.metric, measure, first, last, group), (
                        group,
                        measure,
                    )

    def _check_histogram(self, case: Case, recount: Recount, answer: dict[str, Any]) -> None:
        names = self._groups(case)
        for series in answer["series"]:
            group = names[series["group"]] if case.by else None
            taken = self._taken(case, recount, answer, group)
            for point in series["points"]:
                upper = point["upper"] if point["upper"] is not None else float("inf")
                expected = sum(point["lower"] <= one < upper for one in taken.values())
                assert point["value"] == expected, (series["name"], point, expected)
                self.numbers += 1

    def _check_scatter(self, case: Case, recount: Recount, answer: dict[str, Any]) -> None:
        names = self._groups(case)
        for series in answer["series"]:
            group = names[series["group"]] if case.by else None
            taken = self._taken(case, recount, answer, group)
            found = {point["issue"]: point["value"] for point in series["points"]}
            assert found.keys() == taken.keys()
            assert all(same(found[key], taken[key]) for key in taken)
            self.numbers += len(found)

    def _taken(
        self, case: Case, recount: Recount, answer: dict[str, Any], group: Any
    ) -> dict[str, float]:
        begin, end = self._edges(case, recount)
        return recount.durations(case.metric, begin, end, group)

    def _edges(self, case: Case, recount: Recount) -> tuple[datetime, datetime]:
        """Return the whole of the buckets that the days of a question lie in."""
        first, last = case.first, case.last
        if case.size == "week":
            first -= timedelta(days=first.weekday())
            last += timedelta(days=6 - last.weekday())
        if case.size == "month":
            first = first.replace(day=1)
            last = (last.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return recount.begin(first), recount.begin(last + timedelta(days=1))

    def _check_aging(self, recount: Recount, answer: dict[str, Any]) -> None:
        days = answer["series"][0]["points"][0]
        edges = (
            recount.begin(date.fromisoformat(days["at"])),
            recount.begin(date.fromisoformat(days["to"]) + timedelta(days=1)),
        )
        for series in answer["series"]:
            status, measure = series["group"], series["measure"]
            ages, norms = recount.ages.get(status, {}), recount.norms(status, *edges)
            for point in series["points"]:
                if measure.startswith("p"):
                    assert same(point["value"], percentile(norms, int(measure[1:]) / 100))
                elif measure == "age":
                    assert same(point["value"], ages[point["issue"]])
                self.numbers += 1
            if measure == "age":
                assert len(series["points"]) == len(ages)
            elif measure == "issues":
                assert sum(point["value"] for point in series["points"]) == len(ages)
                for point in series["points"]:
                    # The bounds are the percentiles, to the microsecond.
                    low, high = point["lower"] - 2e-6, (point["upper"] or float("inf")) + 2e-6
                    within = sum(low <= age <= high for age in ages.values())
                    assert point["value"] <= within


def same(found: float | None, expected: float | None) -> bool:
    """Tell whether two numbers are the same, to a microsecond."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= 2e-6 + 1e-12 * abs(expected)


def run(
    engine: Engine, seeded: frozenset[str], seed: int, histories: int, each: int
) -> Counter[str]:
    """Check so many questions to each of so many histories; return how much was compared."""
    compared: Counter[str] = Counter()
    for number in range(histories):
        chance = Random(f"{seed} {number}")
        with engine.begin() as connection:
            cleaning.empty(connection, seeded)
        with Session(engine) as session:
            world = World(session, chance)
            world.begin()
            world.live(chance.randint(3, 70))
            past = Past.read(session)
            checker = Checker(session, world, past)
            with clock.frozen(world.now):
                for place in range(each):
                    case = case_of(chance, world, past)
                    try:
                        checker.check(case)
                    except Exception as error:
                        raise AssertionError(
                            f"history {seed} {number}, case {place}: {case}"
                        ) from error
                    compared["cases"] += 1
                    compared[case.metric] += 1
            compared["numbers"] += checker.numbers
            compared["links"] += checker.links
    return compared
