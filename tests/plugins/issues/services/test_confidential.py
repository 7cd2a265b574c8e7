"""Of a confidential issue nothing comes out for others than its reporter and maintainers.

The test walks every GET of the API's document, so that a new endpoint is in it from its first day.
"""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import false

from issue_insight import clock
from issue_insight.db import unit_of_work
from plugins.insights.table import METRICS
from plugins.issues import policy
from plugins.stats import services as counting
from tests.plugins.issues.services.conftest import API, Caller

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARK = "quetzal"
"""A word that stands in everything of the confidential issues, and nowhere else."""


def on(day: int) -> datetime:
    return BEGIN + timedelta(days=day)


class World:
    """A project that is open to all, one that is not, and later a secret in each."""

    def __init__(self, app: Flask, people: dict[str, Caller]) -> None:
        self.app, self.people = app, people
        self.comments: list[int] = []
        self.files: list[int] = []
        admin, reporter, other = people["admin"], people["reporter"], people["other"]
        with clock.frozen(on(0)):
            for key, visibility in (("LIB", "all"), ("WEB", "own")):
                body = {"key": key, "name": key, "visibility": visibility}
                assert admin.ask("POST", "/projects", body).status_code == 201
        with clock.frozen(on(1)):
            self.shown = [
                other.report("LIB", title="The printer jams"),
                reporter.report("LIB", title="The scanner is slow"),
                reporter.report("WEB", title="The login fails"),
            ]
            self.dark = reporter.report("LIB", title="My own secret", confidential=True)
            for key in (*self.shown, self.dark):
                filled = self.fill(reporter if key != self.shown[0] else other, key, "ordinary")
                self.comments.append(filled[0])
                self.files.append(filled[1])
            people["maintainer"].changed(self.shown[0], labels=["ui"], severity="low")
        self.change_sets: list[str] = []

    def fill(self, caller: Caller, key: str, word: str) -> tuple[int, int]:
        comment = caller.comment(key, f"It is {word}")
        file = {"file": (io.BytesIO(word.encode()), f"{word}.txt")}
        answer = caller.ask("POST", f"/issues/{key}/attachments", data=file)
        return comment, int((answer.json or {})["id"])

    def keep_secrets(self) -> None:
        """Let one issue be reported as a secret, and one that all have seen become one."""
        other, maintainer = self.people["other"], self.people["maintainer"]
        for day, at_first in ((2, True), (3, False)):
            with clock.frozen(on(day)):
                title, text = f"The {MARK} escapes", f"Through the {MARK} door"
                key = other.report("LIB", title=title, description=text, confidential=at_first)
                assert key in ("LIB-4", "LIB-5")
                comment, attachment = self.fill(other, key, MARK)
                self.comments.append(comment)
                self.files.append(attachment)
                relation = {"kind": "duplicate_of", "issue": self.shown[0]}
                assert (
                    maintainer.ask("POST", f"/issues/{key}/relations", relation).status_code == 201
                )
                for changes in ({"labels": [MARK], "severity": "high"}, {"confidential": True}):
                    answer = maintainer.change(key, **changes)
                    if "Change-Set" in answer.headers:
                        self.change_sets.append(answer.headers["Change-Set"])

    def count_days(self) -> None:
        with self.app.app_context(), clock.frozen(on(4)), unit_of_work() as session:
            counting.aggregate(session, self.app.extensions["issue_insight"].settings.zone)

    def questions(self, *, bare: bool = False) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield every GET of the document, with what it can be asked about the secrets and others.

        A path or query parameter that is not known here is a failure: somebody has to say what to
        ask with it. With `bare`, only without a query.
        """
        document = self.app.test_client().get("/openapi.json").json or {}
        for path, methods in sorted(document["paths"].items()):
            if "get" not in methods or not path.startswith(API) or path in ELSEWHERE:
                continue
            said = [*methods.get("parameters", []), *methods["get"].get("parameters", [])]
            names = {p["name"] for p in said if p["in"] == "query"}
            places = [path.removeprefix(API)]
            for name in (p["name"] for p in said if p["in"] == "path"):
                places = [
                    place.replace(f"{{{name}}}", value)
                    for place in places
                    for value in self.values(place, name)
                ]
            for place in places:
                yield place, {}
                if bare:
                    continue
                if "title" in names:
                    yield place, {"title": QUERIES["title"][0], "project": "LIB"}
                for name in sorted(names):
                    # All metrics are of one frame: one of them is asked everything.
                    some = place.startswith("/insights/") and not place.endswith("/lead-time")
                    for value in QUERIES[name][: 2 if some else None]:
                        yield place, {name: value}
                if {"q", "as_of"} <= names:
                    yield place, {"q": MARK, "as_of": on(3).isoformat()}
                    yield place, {"q": "is:confidential", "as_of": on(3).isoformat()}

    def values(self, place: str, name: str) -> list[str]:
        if name == "key" and place.startswith("/projects"):
            return ["LIB", "WEB"]
        found = {
            # The last two are those of the secrets.
            "key": [self.shown[0], self.dark, "LIB-4", "LIB-5"],
            "change_set": self.change_sets,
            "view_id": ["1"],
            "metric": list(METRICS),
            "comment_id": [str(number) for number in self.comments],
            "attachment_id": [str(number) for number in self.files],
        }
        return found[name]

    def answers(self, who: str, asked: list[tuple[str, dict[str, str]]]) -> dict[str, Any]:
        caller = self.people[who]
        found = {}
        with clock.frozen(on(4)):
            for place, query in asked:
                answer = caller.ask("GET", place, query_string=query)
                assert answer.status_code < 500, (place, query)
                body = answer.get_data(as_text=True)
                if answer.content_type == "application/problem+json":
                    problem = json.loads(body)
                    del problem["request_id"]
                    body = json.dumps(problem)
                if place.endswith("/url") and answer.status_code == 200:
                    # Signed anew each time, by the clock of the S3 client.
                    body = str((answer.json or {})["url"]).partition("?")[0]
                found[f"{place} {query}"] = (answer.status_code, body, answer.headers.get("ETag"))
        return found


# Nothing of issues in them: open streams have tests of their own (tests/plugins/live).
ELSEWHERE = {f"{API}/live"}
QUERIES = {
    "q": ["", MARK, f"label:{MARK}", f"title:{MARK}", "is:confidential", "-label:none", "sort:key",
          "severity:high", "key:LIB-4", "has:label", f"-{MARK} sort:-created", f"{MARK[:4]}*",
          "has:duplicates", "-is:duplicate has:related OR is:blocked",
          "duplicate_of:LIB-1", "has_duplicate:LIB-4", "-related_to:LIB-5 OR blocks:LIB-4"],
    "as_of": [on(2).isoformat(), on(3).isoformat(), on(4).isoformat()],
    "limit": ["1", "100"],
    "cursor": ["x"],
    "from": ["2026-03-01", "2026-03-05"],
    "to": ["2026-03-03"],
    "project": ["LIB", "WEB"],
    "prefix": [MARK[:3]],
    "description": [f"Through the {MARK} door"],
    "format": ["csv", "jsonl"],
    "every": ["day", "week", "month"],
    "bucket": ["day", "week", "month"],
    "size": ["64"],
    "title": [f"The {MARK} escapes"],
    "owner": ["1"],
    "revoked": ["true"],
    "actor": ["1"],
    "kind": ["issue"],
    "by": ["label", "severity", "reporter"],
    "calendar": ["business"],
    "show": ["scatter", "histogram"],
    "of": ["created-resolved"],
    "compare_q": ["", MARK],
    "compare_from": ["2026-03-01"],
    "compare_to": ["2026-03-03"],
    "compare_as_of": [on(3).isoformat()],
}  # fmt: skip


@pytest.fixture
def world(app: Flask, person: Callable[..., Caller]) -> World:
    people = {name: person(name) for name in ("admin", "maintainer", "reporter")}
    return World(app, people | {"other": person("reporter")})


def leaks(world: World, *, bare: bool = False) -> list[str]:
    """Return what a reporter is answered otherwise than where there are no secrets."""
    world.count_days()
    asked = list(world.questions(bare=bare))
    without = world.answers("reporter", asked)
    world.keep_secrets()
    asked = list(world.questions(bare=bare))
    answers = [world.answers("reporter", asked)]
    world.count_days()
    # Again from the counts that know of the secrets.
    counted = [question for question in asked if question[0].startswith("/stats")]
    answers.append(world.answers("reporter", counted))
    # Worth nothing where there is nothing to see.
    shown = world.answers("admin", asked)
    assert len({name.partition(" ")[0] for name, said in shown.items() if MARK in said[1]}) > 10
    return [
        f"{name}: {answer}, not {without.get(name)}"
        for found in answers
        for name, answer in found.items()
        # What only a secret has, such as its files, was nowhere to be asked for without it.
        if (answer != without[name] if name in without else answer[0] != 404)
    ]


def test_a_reporter_is_answered_as_if_there_were_no_secrets(world: World) -> None:
    assert leaks(world) == []


def test_a_policy_that_forgets_confidentiality_is_found_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "_confidential", lambda _: false())
    places = {leak.partition(" ")[0].partition("?")[0] for leak in leaks(world, bare=True)}
    assert {"/issues", "/stats/now", "/labels", "/issues/LIB-4", "/issues/LIB-5/comments"} <= places
    assert any(place.startswith("/change-sets") for place in places)
    assert any(place.endswith("/content") for place in places)


def test_its_reporter_and_maintainers_see_it(
    reporter: Caller, maintainer: Caller, person: Callable[..., Caller], lib: str
) -> None:
    key = reporter.report(lib, confidential=True)
    other = person("reporter")
    maintainer.changed(key, assignee=other.me.id)
    for who, total in ((reporter, 1), (maintainer, 1), (other, 0)):
        assert who.get("/issues", q="is:confidential")["total"] == total
        assert who.ask("GET", f"/issues/{key}").status_code == (200 if total else 404)
    assert reporter.get(f"/issues/{key}")["confidential"] is True


def test_reporters_make_theirs_confidential_and_only_maintainers_open_it(
    reporter: Caller, maintainer: Caller, person: Callable[..., Caller], lib: str
) -> None:
    key = reporter.report(lib)
    assert person("reporter").change(key, confidential=True).status_code == 403
    assert reporter.changed(key, confidential=False)["version"] == 1
    closed = reporter.change(key, confidential=True)
    assert (closed.json or {})["confidential"] is True
    assert reporter.change(key, confidential=False).status_code == 403
    undo = f"/change-sets/{closed.headers['Change-Set']}/undo"
    assert reporter.ask("POST", undo).status_code == 403
    assert maintainer.ask("POST", undo).status_code == 200
    assert maintainer.get(f"/issues/{key}")["confidential"] is False
    bulk = {"keys": [key], "set": {"confidential": True}}
    assert (maintainer.ask("POST", "/issues/bulk", bulk).json or {})["changed"] == 1


def test_an_opened_issue_keeps_what_happened_in_confidence(
    reporter: Caller, maintainer: Caller, person: Callable[..., Caller], lib: str
) -> None:
    other = person("reporter")
    with clock.frozen(on(1)):
        key = reporter.report(lib, title="The quetzal", confidential=True)
    with clock.frozen(on(2)):
        opened = maintainer.change(key, confidential=False, title="A bird", description="Tame")
    with clock.frozen(on(3)):
        maintainer.changed(key, severity="low")
        assert other.get(f"/issues/{key}")["title"] == "A bird"
        past = other.ask("GET", f"/issues/{key}", query_string={"as_of": on(1).isoformat()})
        assert past.status_code == 404
        events = other.get(f"/issues/{key}/events")
        assert [event["field"] for event in events["items"]] == ["confidential", "severity"]
        assert events["total"] == 2
        assert reporter.get(f"/issues/{key}/events")["total"] == 5
        done = other.get(f"/change-sets/{opened.headers['Change-Set']}")
        assert [change["field"] for change in done["changes"]] == ["confidential"]
        days = other.get("/stats/daily", **{"from": "2026-03-01", "to": "2026-03-04"})["items"]
        assert [day["total"] for day in days] == [0, 0, 1, 1]
