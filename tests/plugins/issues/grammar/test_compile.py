"""What each condition selects, asked over HTTP; and which values are refused, and where."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.plugins.issues.conftest import Caller, moment


@dataclass
class World:
    """Five issues, the people, and a clock that stands at noon of 2026-06-15."""

    ada: Caller
    bob: Caller

    def found(self, q: str) -> str:
        """Return the numbers of the issues that Ada finds, `A` for the one in APP."""
        keys = sorted(self.ada.listed(q, limit=200), reverse=True)
        return " ".join(
            "A" if key.startswith("APP") else key.removeprefix("WEB-") for key in sorted(keys)
        )

    def fault(self, q: str) -> dict[str, Any]:
        """Return the one error of a filter that is refused."""
        answer = self.ada.get("/issues", q=q)
        assert answer.status_code == 422, (q, answer.text)
        [error] = (answer.json or {})["errors"]
        return dict(error)


@pytest.fixture
def world(person: Callable[..., Caller]) -> Iterator[World]:
    ada = person("admin", email="ada@example.org", name="Ada Okafor")
    bob = person("maintainer", email="bob@example.org", name="Bob")
    person("reporter", name="Twin")
    person("reporter", name="twin")
    with moment("2026-01-10 12:00"):
        ada.project("WEB")
        ada.project("APP")
        ada.report()
    with moment("2026-03-01 12:00"):
        two = ada.report(severity="low", labels=["ui"], due_date="2026-06-10", assignee=ada.id)
        ada.change(two, status="triaged")
    with moment("2026-05-20 12:00"):
        three = ada.report(
            severity="high", labels=["ui", "wont fix"], due_date="2026-06-20", assignee=bob.id
        )
        ada.change(three, status="in_progress")
    with moment("2026-06-14 09:00"):
        four = bob.report(severity="critical")
    with moment("2026-06-15 08:00"):
        bob.change(four, status="done", resolution="declined")
    with moment("2026-06-15 10:00"):
        bob.report(project="APP", severity="medium", due_date="2026-06-15")
    with moment("2026-06-15 12:00"):
        yield World(ada, bob)


def test_conditions(world: World, subtests: pytest.Subtests) -> None:
    ada, bob = world.ada.id, world.bob.id
    for q, expected in (
        ("", "A 1 2 3 4"),
        # names, forgiving
        ("status:open", "A 1"),
        ("status:open,triaged", "A 1 2"),
        ("status:IN-Progress", "3"),
        ('state:"in progress"', "3"),
        ("-status:done", "A 1 2 3"),
        ("severity:low", "2"),
        ("severity:none", "1"),
        ("severity:any", "A 2 3 4"),
        ("severity>=high", "3 4"),
        ("priority:<medium", "2"),
        ("severity:none,critical", "1 4"),
        # what does not hold includes what is not known
        ("-severity:low", "A 1 3 4"),
        ("-severity>=low", "1"),
        ("resolution:declined", "4"),
        ("resolution:any", "4"),
        ("resolution:none", "A 1 2 3"),
        ("-resolution:fixed", "A 1 2 3 4"),
        # places
        ("project:app", "A"),
        ("project:WEB,APP", "A 1 2 3 4"),
        ("project:NOPE", ""),
        ("key:WEB-2,app-1", "A 2"),
        ("-key:WEB-2", "A 1 3 4"),
        # labels
        ("label:ui", "2 3"),
        ('label:UI,"none such"', "2 3"),
        ('label:"Wont  Fix"', "3"),
        ("label:none", "A 1 4"),
        ("label:any", "2 3"),
        ("-label:ui", "A 1 4"),
        # people
        ("assignee:@me", "2"),
        ("-assignee:@me", "A 1 3 4"),
        ("assignee:none", "A 1 4"),
        ("assignee:any", "2 3"),
        ("assignee:@bob", "3"),
        ("assignee:BOB@example.org", "3"),
        ('reporter:"ada okafor"', "1 2 3"),
        (f"author:{bob}", "A 4"),
        (f"assignee:{ada},{bob}", "2 3"),
        ("assignee:@me,none", "A 1 2 4"),
        # days, instants, ranges, lengths
        ("created:2026-03-01", "2"),
        ("created:today", "A"),
        ("created:yesterday", "4"),
        ("created>2026-03-01", "A 3 4"),
        ("created>=2026-03-01", "A 2 3 4"),
        ("created<2026-03-01", "1"),
        ("created<=2026-03-01", "1 2"),
        ("created:2026-03-01..2026-05-20", "2 3"),
        ("created:2026-05-20..", "A 3 4"),
        ("created:..2026-03-01", "1 2"),
        ("created:*..2026-03-01", "1 2"),
        ("created:2026-03-01T12:00:00Z", "2"),
        ("created>2026-03-01T13:00:00+01:00", "A 3 4"),
        ("created>=2026-03-01T12:00", "A 2 3 4"),
        ("-created:2026-03-01", "A 1 3 4"),
        ("created:1d", "A"),
        ("created:27h", "A 4"),
        ("created:>30d", "1 2"),
        ("created:<30d", "A 3 4"),
        ("created:>5mo", "1"),
        ("created:>1y", ""),
        ("created:any", "A 1 2 3 4"),
        ("updated:today", "A 4"),
        ("closed:today", "4"),
        ("closed:none", "A 1 2 3"),
        ("closed:any", "4"),
        ("-closed:today", "A 1 2 3"),
        ("closed>=2026-06-15", "4"),
        # due dates look ahead
        ("due:2026-06-20", "3"),
        ("due:today", "A"),
        ("due<today", "2"),
        ("due<=today", "A 2"),
        ("due>today", "3"),
        ("due>=2026-06-15", "A 3"),
        ("due:2026-06-10..2026-06-15", "A 2"),
        ("due:..2026-06-15", "A 2"),
        ("due:7d", "A 2 3"),
        ("due:<5d", "A 2"),
        ("due:>=5d", "3"),
        ("due:none", "1 4"),
        ("due:any", "A 2 3"),
        ("-due:today", "1 2 3 4"),
        # ages are of what is not done
        ("age:>30d", "1 2"),
        ("age:<=30d", "A 3"),
        ("age:26d", "1 2 3"),
        ("age:<1d", "A"),
        # how long it took, of what is done: 23 hours
        ("lead:>=23h", "4"),
        ("lead:23h", "4"),
        ("lead:>23h", ""),
        ("lead:<=1380min", "4"),
        ("lead:<82800s", ""),
        ("lead:<82800.000001s", "4"),
        ("-lead:>1h", "A 1 2 3"),
        # is, has
        ("is:open", "A 1 2 3"),
        ("is:closed", "4"),
        ("is:overdue", "2"),
        ("is:overdue,closed", "2 4"),
        ("-is:overdue", "A 1 3 4"),
        ("has:assignee", "2 3"),
        ("has:label", "2 3"),
        ("has:labels,due", "A 2 3"),
        ("has:severity", "A 2 3 4"),
        ("-has:due", "1 4"),
        # together
        ("label:ui status:triaged OR project:app", "A 2"),
        ("label:ui (status:triaged OR severity:high)", "2 3"),
        ("-(label:ui OR is:closed)", "A 1"),
        ("status:open severity:none sort:-key", "1"),
        # no rows, no fault
        ("created>=9999-12-31T00:00:00Z", ""),
        ("created:0001-01-02", ""),
        ("label:\U0001f389", ""),
    ):
        with subtests.test(q=q):
            assert world.found(q) == expected


def test_refusals(world: World, subtests: pytest.Subtests) -> None:
    for q, at, said in (
        ("status:open,closed", 12, "status is one of open, triaged, in_progress, done"),
        ("severity:urgent", 9, "severity is one of low, medium, high, critical"),
        ("resolution:done", 11, "resolution is one of fixed"),
        ("key:WEB", 4, "'WEB' is not a key like WEB-42"),
        ("a assignee:nobody", 11, "nobody, or more than one person, is 'nobody'"),
        ("reporter:twin", 9, "nobody, or more than one person"),
        ("created:2026-02-30", 8, "'2026-02-30' is no date"),
        ("created:2026-01-01T25:00", 8, "'2026-01-01T25:00' is no instant"),
        ("created:..", 8, "write a day"),
        ("created:2026-03-02..2026-03-01", 8, "ends before it begins"),
        ("due:2026-03-02..2026-03-01", 4, "ends before it begins"),
        ("created:9999-12-31", 8, "out of range"),
        ("created:>999999y", 9, "is too long ago"),
        ("due:999999y", 4, "out of range"),
        ("due:30", 4, "'30' is no date"),
        ("age:>30", 5, "age is a length like 30d"),
        ("age:>999999y", 5, "is too long ago"),
        ("lead:>3", 6, "lead is a length like 12h"),
        ("lead:1.5d", 5, "lead is a length like 12h"),
        ("is:new", 3, "is takes open, closed, overdue, confidential, duplicate, blocked or"),
        ("has:comment", 4, "has takes"),
        ("label:a,b status:x", 17, "status is one of"),
        ("-(a OR age:x)", 11, "age is a length"),
    ):
        with subtests.test(q=q):
            error = world.fault(q)
            assert error["pointer"] == "?q"
            assert said in error["detail"]
            assert error["position"] == at
