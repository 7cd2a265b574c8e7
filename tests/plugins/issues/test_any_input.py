"""Any text as a filter, any as a cursor: an answer, or a refusal with the place."""

import os
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.plugins.issues.conftest import Caller

EXAMPLES = int(os.environ.get("PROPERTIES", "25"))
"""`make properties` asks for many more."""
quickly = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_FIELDS = (
    "status severity label assignee reporter project created updated due age sort is was changed"
    " key resolution blocks text"
)
_VALUES = "open done high none any @me -updated OR AND NOT 2026-01-01 >30d 30d 999999999999d 0d"
_SIGNS = ">= <= > < .. , : - ( ) \" \\ * ; ' -- % _ \u202e \ufffd 検索"
_words = st.sampled_from(f"{_FIELDS} {_VALUES} {_SIGNS}".split())
_queries = st.one_of(
    st.text(max_size=80),
    st.lists(_words, max_size=14).map("".join),
    st.lists(_words, max_size=14).map(" ".join),
    st.lists(st.tuples(_words, st.text(max_size=8)), max_size=5).map(
        lambda parts: " ".join(f"{name}:{value}" for name, value in parts)
    ),
)
_letters = st.characters(codec="utf-8")


@pytest.fixture
def filled(reporter: Caller, web: str) -> Caller:
    """Somebody with a few issues: more than a page of two."""
    for number in range(5):
        sent = {"project": web, "title": f"Slow export {number}", "severity": "high"}
        assert reporter.client.post("/api/v1/issues", json=sent).status_code == 201
    return reporter


def got(caller: Caller, path: str, **query: str) -> tuple[int, dict[str, object]]:
    answer = caller.client.get(f"/api/v1{path}?{urlencode(query, errors='surrogatepass')}")
    assert answer.status_code in (200, 422), (path, query, answer.text)
    return answer.status_code, dict(answer.json or {})


@quickly
@given(q=_queries)
@example(q="age:>999999999999d")
@example(q="created:>=0001-01-01 due:<9999-12-31")
@example(q="-" * 300)
@example(q="(" * 300)
@example(q='"' + "x " * 500)
def test_any_text_is_a_filter_or_is_refused_with_the_place(filled: Caller, q: str) -> None:
    status, said = got(filled, "/issues", q=q)
    again, counts = got(filled, "/stats/now", q=q)
    if status == 200 and "sort:" not in q:
        # A number and the list behind it are of one mind.
        assert (again, counts.get("total")) == (200, said["total"])
    if status == 422:
        faults = said["errors"]
        assert isinstance(faults, list)
        assert faults[0]["pointer"] == "?q"
        position = faults[0].get("position")
        assert position is None or 0 <= position <= len(q)
    got(filled, "/issues", q=q, as_of="2026-01-01")
    got(filled, "/insights/throughput", q=q, **{"from": "2026-01-01", "to": "2026-01-08"})


@quickly
@given(data=st.data())
def test_any_cursor_but_the_right_one_is_refused(filled: Caller, data: st.DataObject) -> None:
    _, page = got(filled, "/issues", q="sort:created", limit="2")
    cursor = str(page["next"])
    place = data.draw(st.integers(0, len(cursor) - 2))
    bent = data.draw(
        st.one_of(
            st.text(max_size=60),
            st.just(cursor[:place]),
            st.just(cursor + cursor[place:]),
            _letters.filter(lambda letter: letter != cursor[place]).map(
                lambda letter: cursor[:place] + letter + cursor[place + 1 :]
            ),
        )
    )
    status, _ = got(filled, "/issues", q="sort:created", limit="2", cursor=bent)
    if bent not in ("", cursor):
        assert status == 422
    # The right one, for another list.
    for q in ("sort:-created", "sort:created status:open"):
        assert got(filled, "/issues", q=q, limit="2", cursor=cursor)[0] == 422
    assert got(filled, "/issues", q="sort:created", limit="2", cursor=cursor)[0] == 200
