"""Issues like the one that is being written."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests.plugins.issues.conftest import Caller


def similar(who: Caller, title: str, **query: Any) -> dict[str, Any]:
    answer = who.got("/issues/similar", title=title, **query)
    assert answer["complete"] is True
    return answer


def keys(who: Caller, title: str, **query: Any) -> list[str]:
    return [item["key"] for item in similar(who, title, **query)["items"]]


@pytest.fixture
def lib(admin: Caller) -> str:
    """The key of a project in which everybody sees everything."""
    return admin.project("LIB", "all")


OWN = ("description", "duplicates")
"""What only an issue by itself has."""


def test_the_same_title_comes_first_with_a_score_of_one(admin: Caller, lib: str) -> None:
    same = admin.report("Export of reports hangs", lib)
    near = admin.report("Export crashes", lib)
    admin.report("Colours are too dark", lib)
    found = similar(admin, "exports of REPORTS hang")["items"]
    assert [item["key"] for item in found] == [same, near]
    assert found[0]["score"] == 1
    assert 0 < found[1]["score"] < 1
    listed = admin.got(f"/issues/{same}")
    assert found[0] == {name: listed[name] for name in listed if name not in OWN} | {"score": 1}


def test_a_rare_word_says_more_than_a_common_one(admin: Caller, lib: str) -> None:
    for number in range(8):
        admin.report(f"Upload number {number}", lib)
    rare = admin.report("Kerberos", lib)
    assert keys(admin, "upload kerberos")[0] == rare


def test_a_word_in_the_title_counts_more_than_one_in_the_description(
    admin: Caller, lib: str
) -> None:
    described = admin.report("Something", lib, description="The kerberos ticket is lost.")
    titled = admin.report("Kerberos", lib)
    assert keys(admin, "kerberos") == [titled, described]


def test_the_beginning_of_the_description_finds_more(admin: Caller, lib: str) -> None:
    key = admin.report("Sign-in fails", lib, description="The kerberos ticket is lost.")
    title = "Broken"
    assert keys(admin, title) == []
    assert keys(admin, title, description="A kerberos ticket is lost") == [key]


def test_what_is_done_is_found_and_what_is_deleted_is_not(admin: Caller, lib: str) -> None:
    done, gone = admin.report("Kerberos fails", lib), admin.report("Kerberos fails", lib)
    admin.change(done, status="done")
    admin.delete(gone)
    assert keys(admin, "kerberos") == [done]


def test_a_changed_title_is_found_by_its_new_words(admin: Caller, lib: str) -> None:
    key = admin.report("Kerberos fails", lib)
    admin.change(key, title="Tickets expire")
    assert keys(admin, "kerberos") == []
    assert keys(admin, "expired ticket") == [key]


def test_comments_do_not_make_an_issue_similar(admin: Caller, lib: str) -> None:
    admin.comment(admin.report("Sign-in fails", lib), "Is it kerberos?")
    assert keys(admin, "kerberos") == []


def test_a_project_and_a_limit_narrow_it(admin: Caller, lib: str, web: str) -> None:
    here = [admin.report("Kerberos fails", lib) for _ in range(7)]
    there = admin.report("Kerberos fails", web)
    assert len(keys(admin, "kerberos")) == 5
    assert set(keys(admin, "kerberos", limit=20)) == {*here, there}
    assert keys(admin, "kerberos", project="web") == [there]
    assert keys(admin, "kerberos", project="NOPE") == []


def test_nobody_finds_or_weighs_what_they_may_not_see(
    admin: Caller, web: str, person: Callable[..., Caller]
) -> None:
    one, other = person(), person()
    mine = one.report("Kerberos fails", web)
    before = similar(one, "kerberos ticket")
    assert [item["key"] for item in before["items"]] == [mine]
    for _ in range(3):
        other.report("A ticket of the takeover", web)
    assert similar(one, "kerberos ticket") == before
    assert keys(one, "takeover") == []
    assert len(keys(admin, "takeover")) == 3


def test_a_confidential_issue_is_similar_for_its_reporter_and_maintainers_only(
    admin: Caller, lib: str, person: Callable[..., Caller]
) -> None:
    one, other = person(), person()
    key = one.report("Kerberos takeover", lib, confidential=True)
    assert keys(one, "takeover") == keys(admin, "takeover") == [key]
    assert keys(other, "takeover") == []


def test_common_words_find_where_they_meet_beside_a_rare_one(
    admin: Caller, lib: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = admin.report("Upload fails", lib)
    admin.report("Upload", lib)
    rare = admin.report("Kerberos", lib)
    shares = text(
        "SELECT one, cast(0.5 AS float) FROM unnest(ARRAY['upload', 'fail']) AS one "
        "WHERE one = ANY (:lexemes)"
    )
    monkeypatch.setattr("plugins.issues.similar._COMMON", shares)
    monkeypatch.setattr("plugins.issues.similar.FEW", 400)
    assert set(keys(admin, "upload fails kerberos")) == {both, rare}


@pytest.mark.parametrize(
    "title",
    [
        "",
        "   ",
        "x",
        "the and of",
        "!!! ??? ...",
        "🔥🔥",
        "👩‍👩‍👧",
        "検索が動かない",
        "l'été d'Ångström",
        "'; DROP TABLE issues; --",
        "a' | 'b & !c:* <-> \\",
        "a:A b:* 'c'",
        "%s %(x)s {} :name",
        "‘quoted’ “text” \\' \\\\",
        " ".join(f"w{n}" for n in range(60))[:255],
        "x" * 255,
        "検" * 255,
        "0 1 2 -1 1e9 0x1F",
    ],
)
def test_any_text_is_answered_and_finds_what_has_the_same_words(
    admin: Caller, lib: str, title: str
) -> None:
    admin.report("Nothing to do with it", lib)
    assert keys(admin, title, description=title) == []
    if any(c.isalnum() for c in title) and title != "the and of":
        key = admin.report(title, lib)
        assert keys(admin, title, description=title) == [key]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({}, "?title"),
        ({"title": "x" * 256}, "?title"),
        ({"title": "x" * 10_000}, "?title"),
        ({"title": "a\x07b"}, "?title"),
        ({"title": "a\u202eb"}, "?title"),
        ({"title": "a", "description": "x" * 1_001}, "?description"),
        ({"title": "a", "project": "no key"}, "?project"),
        ({"title": "a", "limit": "0"}, "?limit"),
        ({"title": "a", "limit": "21"}, "?limit"),
        ({"title": "a", "q": "is:open"}, "?q"),
    ],
)
def test_what_makes_no_sense_is_refused_where_the_fault_is(
    reporter: Caller, query: dict[str, str], pointer: str
) -> None:
    answer = reporter.get("/issues/similar", **query)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in (answer.json or {})["errors"]] == [pointer]


def test_what_takes_too_long_is_given_up_with_an_empty_answer(
    admin: Caller, lib: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = admin.report("Kerberos fails", lib)
    slow = text("SELECT 1.0 FROM pg_sleep(5)")
    monkeypatch.setattr("plugins.issues.similar._TEXTS", slow)
    monkeypatch.setattr("plugins.issues.similar.PATIENCE_MS", 1)
    assert admin.got("/issues/similar", title="kerberos") == {"items": [], "complete": False}
    monkeypatch.undo()
    # The bound was for that question alone.
    assert keys(admin, "kerberos") == [key]
    assert admin.listed() == [key]
