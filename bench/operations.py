"""What is measured: each operation as many requests of one kind, taken in turn."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from bench.generate import PROJECTS, SEED, USERS, YEARS
from bench.insights import SCREEN, first_screen, over_a_year
from bench.lives import LABELS
from bench.load import Call
from bench.vocabulary import WORDS, words

Get = Callable[[str], dict[str, Any]]
"""Asks the server for a path, and returns what it answers."""

COMMON = [WORDS[rank] for rank in (8, 10, 12, 15)]
RARE = [WORDS[rank] for rank in (20_000, 25_000, 30_000, 40_000)]
TWO = [f"{WORDS[one]} {WORDS[other]}" for one, other in ((20, 200), (40, 300), (60, 150), (90, 80))]
_DEEP = 50_000
"""After how many issues a deep page begins, where there are twice as many."""


Operations = dict[str, list[Call]]


def operations(get: Get, issues: int) -> Operations:
    """Return every operation by its name, in the order of the report."""
    chance = random.Random(SEED)  # noqa: S311
    filters = [
        (project, status, severity)
        for project in PROJECTS[:6]
        for status, severity in (("open", None), ("in_progress", "high"))
    ]
    q = [
        f"project:{project} status:{status}" + (f" severity>={severity}" if severity else "")
        for project, status, severity in filters
    ]
    keys = _some_keys(get, issues, chance)
    return {
        "hello": [Call("/bench/hello")],
        "list": [_list(q=one) for one in q],
        "list_plain": [_plain(*one) for one in filters],
        "deep_page": _deep_pages(get, issues),
        "search_rare": [_list(q=word) for word in RARE],
        "search_common": [_list(q=word) for word in COMMON],
        "search_two": [_list(q=both) for both in TWO],
        "get": [Call(f"/api/v1/issues/{key}") for key in keys],
        "create": [_creation(chance) for _ in range(500)],
        "update": [
            Call(f"/api/v1/issues/{key}", "PATCH", {"severity": severity})
            # The same issue again with another value: every request changes something.
            for severity in ("low", "critical")
            for key in keys
        ],
        "counts": [Call(f"/api/v1/stats/now?q=project:{key}") for key in PROJECTS[:6]],
        **over_a_year(),
        SCREEN: first_screen(),
        "list_as_of": [
            _list(q=one, as_of=(datetime.now(UTC) - timedelta(days=days)).date().isoformat())
            for one, days in zip(q, range(60, YEARS * 365 - 60, 80), strict=False)
        ],
    }


def _list(**query: Any) -> Call:
    return Call(f"/api/v1/issues?{urlencode({**query, 'limit': 50})}")


def _plain(project: str, status: str, severity: str | None) -> Call:
    query = {"project": project, "status": status}
    if severity is not None:
        query["severity"] = "high,critical"
    return Call(f"/bench/plain?{urlencode(query)}")


def _deep_pages(get: Get, issues: int) -> list[Call]:
    """Walk down the list of everything, and return the page there."""
    pages, cursor = min(_DEEP, issues // 2) // 200, None
    for _ in range(pages):
        query = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        cursor = get(f"/api/v1/issues?{urlencode(query)}")["next"]
    return [_list(cursor=cursor)]


def _some_keys(get: Get, issues: int, chance: random.Random) -> list[str]:
    """Return keys of issues from all over the largest projects."""
    keys = []
    for project in PROJECTS[:4]:
        newest = get(f"/api/v1/issues?q=project:{project}+sort:-key&limit=1")["items"][0]["key"]
        last = int(newest.rpartition("-")[2])
        keys += [f"{project}-{chance.randint(1, last)}" for _ in range(min(100, issues // 100))]
    return list(dict.fromkeys(keys))


def _creation(chance: random.Random) -> Call:
    return Call(
        "/api/v1/issues",
        "POST",
        {
            "project": chance.choice(PROJECTS[:6]),
            "title": words(chance, 7),
            "description": words(chance, 40),
            "severity": chance.choice(["low", "high", None]),
            "assignee": chance.randint(1, USERS),
            "labels": sorted(chance.sample(LABELS, 2)),
        },
    )
