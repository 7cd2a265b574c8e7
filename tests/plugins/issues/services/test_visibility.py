"""What a limited user gets, everywhere, is what an admin gets minus what is hidden from them.

Trackers leak by the second view: the list is right, and the count, the search, the feed or the
past is not. So random histories are read through every door by each.
"""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from issue_insight import clock
from tests.plugins.issues.services.conftest import Caller
from tests.plugins.issues.services.test_permissions import attach

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = 12
WORDS = ("printer", "scanner", "login", "search")
FILTERS = (
    "", "status:open", "status:done", "-severity:none", "label:ui", "assignee:none", "assignee:@me",
    "reporter:@me", "-reporter:@me", "printer", "login search", '"the scanner"', "project:WEB",
    "project:LIB", "sort:created", "sort:-key", "severity>=high", "created:>=2026-03-05",
)  # fmt: skip


def on(day: int) -> datetime:
    return BEGIN + timedelta(days=day)


class World:
    """Two projects with a random past; one of them changes its visibility on the way."""

    def __init__(self, seed: int, people: dict[str, Caller]) -> None:
        self.random = random.Random(seed)
        self.people = people
        self.reporter_of: dict[str, int] = {}
        self.deleted: set[str] = set()
        self.comments: list[int] = []
        self.attachments: dict[int, str] = {}
        self.opened: dict[str, list[tuple[int, str]]] = {"WEB": [(0, "own")], "LIB": [(0, "all")]}

    def live(self) -> None:
        admin = self.people["admin"]
        with clock.frozen(on(0)):
            for key, said in self.opened.items():
                body = {"key": key, "name": key, "visibility": said[0][1]}
                assert admin.ask("POST", "/projects", body).status_code == 201
        for day in range(1, DAYS):
            with clock.frozen(on(day)):
                for _ in range(3):
                    self.act()
                if self.random.random() < 0.25:
                    key = self.random.choice(["WEB", "LIB"])
                    visibility = self.random.choice(["own", "all"])
                    admin.ask("PATCH", f"/projects/{key}", {"visibility": visibility})
                    if visibility != self.opened[key][-1][1]:
                        self.opened[key].append((day, visibility))

    def act(self) -> None:
        pick = self.random
        maintainer = self.people["maintainer"]
        there = sorted(self.reporter_of.keys() - self.deleted)
        deed = pick.choice(["report", "report", "change", "comment", "attach", "delete"])
        if deed == "report" or not there:
            caller = pick.choice(list(self.people.values()))
            key = caller.report(pick.choice(["WEB", "LIB"]), title=f"The {pick.choice(WORDS)}")
            self.reporter_of[key] = caller.me.id
            return
        key = pick.choice(there)
        if deed == "change":
            maintainer.changed(
                key,
                status=pick.choice(["open", "done"]),
                severity=pick.choice([None, "low", "high"]),
                labels=pick.choice([[], ["ui"], ["ui", "old"]]),
                assignee=pick.choice([None, *(p.me.id for p in self.people.values())]),
                description=f"About the {pick.choice(WORDS)}",
            )
        elif deed == "comment":
            self.comments.append(maintainer.comment(key, f"It is the {pick.choice(WORDS)}"))
        elif deed == "attach":
            self.attachments[attach(maintainer, key)] = key
        elif pick.random() < 0.3:
            self.people["admin"].ask("DELETE", f"/issues/{key}", match="*")
            self.deleted.add(key)

    def visible(self, caller: Caller, key: str, day: int | None) -> bool:
        """Tell whether a reporter may see an issue that is there: today's rights, and then's."""
        if self.reporter_of[key] == caller.me.id:
            return True
        said = self.opened[key.partition("-")[0]]
        if said[-1][1] != "all":
            return False
        # Of then and now the stricter.
        return day is None or [who for since, who in said if since <= day][-1] == "all"


@pytest.fixture(params=[0, 2])
def world(request: pytest.FixtureRequest, person: Callable[..., Caller]) -> World:
    people = {name: person(name) for name in ("admin", "maintainer", "reporter")}
    made = World(request.param, people | {"other": person("reporter")})
    made.live()
    return made


def test_a_reporter_gets_what_an_admin_gets_minus_what_is_hidden(world: World) -> None:
    admin, caller = world.people["admin"], world.people["reporter"]
    met = Counter[str]()
    with clock.frozen(on(DAYS)):
        for day in (None, 4, 8):
            as_of = {} if day is None else {"as_of": on(day).isoformat()}
            for q in FILTERS if day is None else ("", *world.random.sample(FILTERS[1:], 3)):
                met += _same_lists(world, admin, caller, day, q, as_of)
            met += _same_issues(world, admin, caller, day, as_of)
        for number, key in world.attachments.items():
            expected = key not in world.deleted and world.visible(caller, key, None)
            for part in ("", "/content", "/url"):
                path = f"/attachments/{number}{part}"
                assert (caller.ask("GET", path).status_code == 200) == expected
        _same_days(admin, caller)
    # The comparison is worth nothing where nothing is hidden, or everything.
    assert met["hidden"] > 20
    assert met["shown"] > 20


def _mine(q: str) -> bool:
    return "@me" in q


def _same_lists(
    world: World, admin: Caller, caller: Caller, day: int | None, q: str, as_of: dict[str, str]
) -> Counter[str]:
    # `@me` is somebody else for the admin, so there the filter names the person.
    asked = q.replace("@me", str(caller.me.id))
    everything = admin.all_of("/issues", q=asked, limit=200, **as_of)
    allowed = [item for item in everything if world.visible(caller, item["key"], day)]
    assert caller.all_of("/issues", q=q, limit=7, **as_of) == allowed, (q, as_of)
    assert caller.get("/issues", q=q, limit=1, **as_of)["total"] == len(allowed)
    counts = caller.get("/stats/now", q=q, **as_of)
    assert counts["total"] == len(allowed)
    statuses = Counter(item["status"] for item in allowed)
    assert {k: n for k, n in counts["by_status"].items() if n} == statuses
    labels = Counter(label for item in allowed for label in item["labels"])
    assert {row["label"]: row["count"] for row in counts["by_label"]} == labels
    people = Counter((item["assignee"] or {}).get("id") for item in allowed)
    assert {
        (row["assignee"] or {}).get("id"): row["count"] for row in counts["by_assignee"]
    } == people
    return Counter(shown=len(allowed), hidden=len(everything) - len(allowed))


def _same_issues(
    world: World, admin: Caller, caller: Caller, day: int | None, as_of: dict[str, str]
) -> Counter[str]:
    met = Counter[str]()
    keys = sorted(world.reporter_of)
    for key in keys if day is None else world.random.sample(keys, min(6, len(keys))):
        paths: list[tuple[str, dict[str, Any]]] = [
            (f"/issues/{key}", as_of),
            (f"/issues/{key}/comments", as_of),
        ]
        if day is None:
            paths += [(f"/issues/{key}/events", {}), (f"/issues/{key}/attachments", {})]
        for path, query in paths:
            full = admin.ask("GET", path, query_string=query)
            limited = caller.ask("GET", path, query_string=query)
            if world.visible(caller, key, day):
                assert limited.status_code == full.status_code
                if full.status_code == 200:
                    assert limited.json == full.json
                met["shown"] += full.status_code == 200
            else:
                assert limited.status_code == 404, path
                met["hidden"] += full.status_code == 200
    return met


def _same_days(admin: Caller, caller: Caller) -> None:
    """The counts of days are those of the lists at the days' ends."""
    for who in (admin, caller):
        period = {"from": "2026-03-01", "to": "2026-03-12"}
        for row in who.get("/stats/daily", **period)["items"]:
            listed = who.get("/stats/now", as_of=row["day"])
            assert row["total"] == listed["total"], row["day"]
            assert row["by_status"] == listed["by_status"]


def test_an_opened_project_does_not_show_its_closed_past(
    admin: Caller, maintainer: Caller, reporter: Caller
) -> None:
    with clock.frozen(on(0)):
        admin.ask("POST", "/projects", {"key": "WEB", "name": "Web", "visibility": "own"})
        key, mine = maintainer.report("WEB"), reporter.report("WEB")
    with clock.frozen(on(2)):
        admin.ask("PATCH", "/projects/WEB", {"visibility": "all"})
    with clock.frozen(on(4)):
        before, after = on(1).isoformat(), on(3).isoformat()
        assert (
            reporter.ask("GET", f"/issues/{key}", query_string={"as_of": before}).status_code == 404
        )
        assert (
            reporter.ask("GET", f"/issues/{key}", query_string={"as_of": after}).status_code == 200
        )
        assert [i["key"] for i in reporter.get("/issues", as_of=before)["items"]] == [mine]
        assert reporter.get("/issues", as_of=after)["total"] == 2
        assert maintainer.get("/issues", as_of=before)["total"] == 2
        days = reporter.get("/stats/daily", **{"from": "2026-03-01", "to": "2026-03-05"})["items"]
        assert [row["total"] for row in days] == [1, 1, 2, 2, 2]
