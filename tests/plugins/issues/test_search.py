"""Full-text search: what is found where, in which order, how it is shown, and when it stood."""

import pytest
from sqlalchemy import Text, cast, func, literal, select, text
from sqlalchemy.orm import Session

from plugins.issues.grammar.stop_words import STOP_WORDS
from plugins.issues.words import plain, plainly
from tests.plugins.issues.conftest import Caller, moment


class TestWhere:
    def test_title_description_and_comments(self, maintainer: Caller, web: str) -> None:
        maintainer.report("The crocodile bites")
        maintainer.report("A report", description="There was a crocodile.")
        maintainer.comment(maintainer.report("A report"), "I saw a crocodile too")
        maintainer.report("A hippo")
        assert maintainer.listed("crocodile") == ["WEB-3", "WEB-2", "WEB-1"]
        assert maintainer.listed("-crocodile") == ["WEB-4"]

    def test_words_may_stand_in_different_texts(self, maintainer: Caller, web: str) -> None:
        key = maintainer.report("The crocodile bites")
        maintainer.comment(key, "It was a hippo")
        assert maintainer.listed("crocodile hippo") == [key]

    def test_the_title_alone(self, maintainer: Caller, web: str) -> None:
        maintainer.report("Two crocodiles bite")
        maintainer.report("A report", description="crocodile")
        for q in ("title:crocodile", "title:croco*", 'title:"crocodiles bite"'):
            assert maintainer.listed(q) == ["WEB-1"]
        assert maintainer.listed('title:"bite crocodiles"') == []
        assert maintainer.listed("-title:crocodile") == ["WEB-2"]
        assert maintainer.listed("title:the") == ["WEB-2", "WEB-1"]

    def test_an_edited_text_is_found_by_its_new_words(self, maintainer: Caller, web: str) -> None:
        key = maintainer.report("Alpha", description="beta")
        maintainer.change(key, title="Gamma", description="delta")
        assert [maintainer.listed(q) for q in ("alpha", "beta", "gamma", "delta")] == [
            [],
            [],
            [key],
            [key],
        ]

    def test_comments_edited_and_deleted(self, maintainer: Caller, web: str) -> None:
        key = maintainer.report()
        comment = maintainer.comment(key, "epsilon")
        address, tag = f"/api/v1/comments/{comment}", {"If-Match": '"1"'}
        maintainer.client.patch(address, json={"body": "zeta"}, headers=tag)
        assert (maintainer.listed("epsilon"), maintainer.listed("zeta")) == ([], [key])
        maintainer.client.delete(address, headers={"If-Match": '"2"'})
        assert maintainer.listed("zeta") == []

    def test_only_what_one_may_see(self, reporter: Caller, maintainer: Caller, web: str) -> None:
        maintainer.report("A secret crocodile")
        mine = reporter.report("My crocodile")
        assert reporter.listed("crocodile") == [mine]


class TestWhat:
    def test_is_found(self, admin: Caller, web: str, subtests: pytest.Subtests) -> None:
        for q, description in (
            ("crash", "It crashes, crashing again"),
            ("CRASH", "crash"),
            ("exp*", "an export"),
            ("th*", "thunder"),
            ("an*", "android"),
            ('"red green"', "red, green"),
            ("FileSystem", "org.apache.fs.FileSystem"),
            ("org.apache.fs", "org.apache.fs.FileSystem"),
            ("'user_id'", "set user_id = 1"),
            ("example.org/x", "see http://example.org/x?y=1"),
            ("sign-in", "the sign-in page"),
            ("1.2.3", "since v1.2.3 or 1.2.3"),
            ("größe", "GRÖSSE Größe"),
            ("検索", "全文検索が壊れた"),
            ('"壊れた"', "全文検索が壊れた"),
            ("검색*", "검색이 안 된다"),
            ("بحث", "لا يعمل بحث هنا"),
            ("חיפוש", "חיפוש לא עובד"),
            ("naïve", "nai\u0308ve"),
            ("nai\u0308ve", "naïve"),
            ("brown OR white", "white"),
            ("-(brown OR white)", "yellow"),
        ):
            with subtests.test(q=q, description=description):
                assert admin.report("A report", description=description) in admin.listed(q)

    def test_is_not_found(self, admin: Caller, web: str, subtests: pytest.Subtests) -> None:
        for q, description in (
            ('"green red"', "red green"),
            ("検策", "検索"),
            ("索検", "検索"),
            ("1.2.4", "1.2.3"),
            ("export", "exp"),
            ("red -green", "red green"),
            ("-(red OR green)", "green"),
        ):
            with subtests.test(q=q, description=description):
                assert admin.report("A report", description=description) not in admin.listed(q)

    def test_what_is_not_kept_is_left_out(
        self, admin: Caller, web: str, subtests: pytest.Subtests
    ) -> None:
        key = admin.report(description="red")
        for q in ("the", '"to be or not to be"', "don't", "the_a", "🎉", "!! ?", '""', "* - ²"):
            with subtests.test(q=q):
                assert admin.listed(q) == [key]
                assert admin.listed(f"{q} red") == [key]
                assert admin.listed(f"{q} blue") == []

    def test_nothing_breaks_it(self, admin: Caller, web: str, subtests: pytest.Subtests) -> None:
        for q in (
            "x" * 1_900,
            "検" * 1_900,
            "🎉" * 1_900,
            "'*",
            "\\*",
            "':*",
            '"\\\\"',
            "&|!*",
            "a&b*",
            "\u202e*",
            "\u0301*",
            '"<b>"',
            "title:'",
            "title:*",
            'title:""',
            "title:🎉*",
        ):
            with subtests.test(q=q):
                assert admin.get("/issues", q=q).status_code == 200
                assert admin.get("/issues", q=f"-({q}) sort:relevance").status_code == 200

    def test_common_words_are_those_of_the_database(self, session: Session) -> None:
        words = func.unnest(list(STOP_WORDS)).column_valued("word")
        kept = session.scalars(
            select(words).where(func.numnode(func.plainto_tsquery(text("'english'"), words)) > 0)
        )
        assert list(kept) == []


class TestOrder:
    def test_newest_first_or_the_best_match(self, maintainer: Caller, web: str) -> None:
        maintainer.report("Crocodile", description="crocodile crocodile")
        maintainer.report("A report", description="one crocodile among many other words")
        maintainer.comment(maintainer.report("A report"), "a crocodile")
        assert maintainer.listed("crocodile") == ["WEB-3", "WEB-2", "WEB-1"]
        assert maintainer.listed("crocodile sort:relevance") == ["WEB-1", "WEB-2", "WEB-3"]
        assert maintainer.listed("crocodile sort:-relevance") == ["WEB-3", "WEB-2", "WEB-1"]
        assert maintainer.listed("title:crocodile sort:relevance") == ["WEB-1"]

    def test_without_words_nothing_is_more_relevant(self, maintainer: Caller, web: str) -> None:
        maintainer.report()
        maintainer.report()
        assert maintainer.listed("sort:relevance") == ["WEB-2", "WEB-1"]

    def test_the_best_match_as_it_stood(self, maintainer: Caller, web: str) -> None:
        with moment("2026-01-01 12:00"):
            maintainer.report("Crocodile crocodile")
            maintainer.report("A report", description="crocodile among other words")
        with moment("2026-01-02 12:00"):
            maintainer.change("WEB-1", title="A crocodile among so many other words of a title")
            maintainer.change("WEB-2", title="Crocodile", description="crocodile crocodile")
        assert maintainer.listed("crocodile sort:relevance") == ["WEB-2", "WEB-1"]
        then = maintainer.listed("crocodile sort:relevance", as_of="2026-01-01")
        assert then == ["WEB-1", "WEB-2"]


class TestHighlight:
    def test_shows_the_words_as_written(
        self, admin: Caller, web: str, subtests: pytest.Subtests
    ) -> None:
        for q, description, highlight in (
            ("crash", "It crashes!", "A report It «crashes»!"),
            ("fs.FileSystem", "org.fs.FileSystem", "A report org.«fs».«FileSystem»"),
            ("検索", "全文検索が壊れた", "A report 全文«検索»が壊れた"),
            ("exp*", "<b>export</b>", "A report <b>«export»</b>"),
            ("title:report", "report", "A «report» «report»"),
            ("crash -export", "crash", "A report «crash»"),
            ("crash OR hang", "a hang", "A report a «hang»"),
            ("naïve", "nai\u0308ve, too", "A report «naïve», too"),
        ):
            with subtests.test(q=q):
                admin.report("A report", description=description)
                assert admin.page(q)["items"][0]["highlight"] == highlight

    def test_shows_a_passage_of_a_long_text(self, maintainer: Caller, web: str) -> None:
        maintainer.report(description=f"{'lorem ' * 500}crash{' ipsum' * 500}")
        highlight = maintainer.page("crash")["items"][0]["highlight"]
        assert "lorem «crash» ipsum" in highlight
        assert highlight.startswith("…lorem")
        assert highlight.endswith("…")
        assert len(highlight) < 210

    def test_shows_a_comment_where_nothing_else_matches(self, maintainer: Caller, web: str) -> None:
        key = maintainer.report()
        maintainer.comment(key, "a hippo")
        maintainer.comment(key, "a crocodile")
        assert maintainer.page("crocodile")["items"][0]["highlight"] == "a «crocodile»"

    def test_is_nothing_without_words(self, maintainer: Caller, web: str) -> None:
        maintainer.report("A crash")
        for q in ("", "status:open", "-hang", "the"):
            assert maintainer.page(q)["items"][0]["highlight"] is None

    def test_shows_the_text_as_it_stood(self, maintainer: Caller, web: str) -> None:
        with moment("2026-01-01 12:00"):
            key = maintainer.report("Crash alpha", description="beta")
            other = maintainer.report("A report")
            comment = maintainer.comment(other, "crash gamma")
        with moment("2026-01-02 12:00"):
            maintainer.change(key, title="Crash delta", description="epsilon")
            for body, tag in (("crash zeta", '"1"'), ("crash eta", '"2"')):
                maintainer.client.patch(
                    f"/api/v1/comments/{comment}", json={"body": body}, headers={"If-Match": tag}
                )

        def shown(**query: str) -> list[str]:
            items = maintainer.page("crash sort:key", **query)["items"]
            return [item["highlight"] for item in items]

        assert shown() == ["«Crash» delta epsilon", "«crash» eta"]
        assert shown(as_of="2026-01-01") == ["«Crash» alpha beta", "«crash» gamma"]


class TestAsOf:
    def test_finds_the_words_as_they_stood(self, maintainer: Caller, web: str) -> None:
        with moment("2026-01-01 12:00"):
            key = maintainer.report("Alpha", description="beta")
            comment = maintainer.comment(key, "gamma")
        with moment("2026-01-02 12:00"):
            maintainer.change(key, title="Delta", description="epsilon")
            maintainer.client.delete(f"/api/v1/comments/{comment}", headers={"If-Match": '"1"'})
        for word in ("alpha", "beta", "gamma", "title:alpha"):
            assert maintainer.listed(word) == []
            assert maintainer.listed(word, as_of="2026-01-01") == [key]
            assert maintainer.listed(word, as_of="2026-01-02") == []
        for word in ("delta", "epsilon"):
            assert maintainer.listed(word, as_of="2026-01-01") == []
            assert maintainer.listed(word, as_of="2026-01-02T12:00:00Z") == [key]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "org.apache.fs.FileSystem: can't close()",
        "e\u0301te\u0301 \u00c5\u212b \ufb01",
        "検索ウィンドウが閉じない、𠀋とｶﾅ。",
        "emoji 👩‍💻 and \\ backslash, \\1 & tab\tline\nend",
        "Straße İstanbul \u202eright\u202c",
    ],
    ids=["nothing", "dots", "composed", "signs", "emoji", "letters"],
)
def test_words_are_made_plain_the_same_way_here_and_in_the_database(
    session: Session, written: str
) -> None:
    assert plainly(written) == session.scalar(select(plain(cast(literal(written), Text))))
