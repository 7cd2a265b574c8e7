"""The filter language as text: what it means, what is refused and where, and back to text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugins.issues.grammar.ast import And, Field, Node, Not, Or, Query, SortKey, Words
from plugins.issues.grammar.format import format_query
from plugins.issues.grammar.parse import (
    ALIASES,
    FIELDS,
    MAX_DEPTH,
    MAX_TERMS,
    MAX_TEXT,
    SORTS,
    GrammarError,
    parse,
)


def fault(text: str) -> GrammarError:
    """Return the error that a text is refused with."""
    with pytest.raises(GrammarError) as caught:
        parse(text)
    return caught.value


def where(text: str) -> Node | None:
    return parse(text).where


class TestMeaning:
    def test_nothing_asks_for_everything(self) -> None:
        assert parse("") == parse(" \n\t ") == Query()

    @pytest.mark.parametrize("name", sorted(FIELDS - {"sort"}))
    def test_every_field_takes_a_value(self, name: str) -> None:
        assert where(f"{name}:x") == Field(name, "=", ("x",))

    @pytest.mark.parametrize(("alias", "name"), sorted(ALIASES.items()))
    def test_an_alias_means_its_field(self, alias: str, name: str) -> None:
        assert where(f"{alias}:x") == Field(name, "=", ("x",))

    def test_fields_are_forgiving_in_case(self) -> None:
        assert where("Status:Open") == Field("status", "=", ("Open",))

    @pytest.mark.parametrize("sign", [">", ">=", "<", "<="])
    def test_comparisons_are_written_with_or_without_a_colon(self, sign: str) -> None:
        assert where(f"due{sign}today") == where(f"due:{sign}today")
        assert where(f"due{sign}today") == Field("due", sign, ("today",))  # type: ignore[arg-type]

    def test_several_values_are_separated_by_commas(self) -> None:
        assert where('label:a,"b c",d') == Field("label", "=", ("a", "b c", "d"))

    def test_a_quoted_value_may_hold_anything(self) -> None:
        assert where(r'label:"a, (b) \"c\" \\d"') == Field("label", "=", (r'a, (b) "c" \d',))

    def test_a_space_after_the_colon_is_forgiven(self) -> None:
        assert where("status: open") == where("status:open")

    def test_words_phrases_and_beginnings(self) -> None:
        assert where('crash "exact words" expo*') == And(
            (Words("crash"), Words("exact words", "phrase"), Words("expo", "prefix"))
        )

    def test_side_by_side_binds_closer_than_or(self) -> None:
        assert where("a b OR c") == Or((And((Words("a"), Words("b"))), Words("c")))

    def test_parentheses_group(self) -> None:
        assert where("a (b OR c)") == And((Words("a"), Or((Words("b"), Words("c")))))

    def test_nested_groups_of_a_kind_are_one(self) -> None:
        assert where("(a b) c") == where("a (b c)") == where("a b c")
        assert where("(a OR b) OR c") == where("a OR b OR c")

    def test_a_minus_negates_words_fields_and_groups(self) -> None:
        assert where("-a") == Not(Words("a"))
        assert where("-label:a") == Not(Field("label", "=", ("a",)))
        assert where("-(a b)") == Not(And((Words("a"), Words("b"))))
        assert where("-(-a)") == Words("a")

    def test_a_minus_within_a_word_or_alone_is_no_negation(self) -> None:
        assert where("sign-in") == Words("sign-in")
        assert where("a - b") == And((Words("a"), Words("-"), Words("b")))

    def test_or_is_written_in_capitals(self) -> None:
        assert where("a or b") == And((Words("a"), Words("or"), Words("b")))
        assert where("ORder") == Words("ORder")

    def test_the_order_is_no_condition(self) -> None:
        assert parse("sort:-updated a") == Query(Words("a"), (SortKey("updated", True),))
        assert parse("sort:severity,-due sort:key").sort == (
            SortKey("severity"),
            SortKey("due", True),
            SortKey("key"),
        )

    @pytest.mark.parametrize("name", SORTS)
    def test_every_order_goes_both_ways(self, name: str) -> None:
        assert parse(f"sort:{name}").sort == (SortKey(name),)
        assert parse(f"sort:-{name}").sort == (SortKey(name, True),)

    def test_odd_scripts_are_words(self) -> None:
        assert where("検索 🎉 بحث é:x") == And(
            (Words("検索"), Words("🎉"), Words("بحث"), Words("é:x"))
        )


class TestRefusal:
    @pytest.mark.parametrize(
        ("text", "position", "said"),
        [
            ("a stats:open", 2, "did you mean status?"),
            ("std::move", 0, "there is no field 'std'"),
            ("http://example.org", 0, "in quotes"),
            ("status:", 7, "expected a value"),
            ("status:open,", 12, "a value after the comma"),
            ("status:open, triaged", 12, "a value after the comma"),
            ("status:,open", 7, "expected a value"),
            ("status>=open", 6, "status cannot be compared by >="),
            ("severity>=low,high", 10, "a comparison takes one value"),
            ("created>=2026-01-01..*", 9, "a comparison takes no range"),
            ("created>none", 8, "nothing can be compared with none"),
            ("sort:size", 5, "cannot sort by 'size'"),
            ("sort:key,size", 9, "cannot sort by 'size'"),
            ("sort:key sort:-key", 14, "sorted by key already"),
            ("sort>key", 4, "sort cannot be compared by >"),
            ("-sort:key", 1, "sort stands by itself"),
            ("(a sort:key) b", 3, "sort stands by itself"),
            ("a OR sort:key", 5, "sort stands by itself"),
            ('a "b c', 2, "never closed"),
            ('a label:"b', 8, "never closed"),
            ("(a", 2, "expected"),
            ("a)", 1, "expected"),
            ("a ()", 3, "expected a word or a condition"),
            ("a OR", 4, "expected a word or a condition"),
            ("a OR OR b", 5, "OR stands between"),
            ("OR a", 0, "OR stands between"),
            ("a (OR)", 3, "OR stands between"),
            ("--a", 1, "one minus"),
            ("a\x00b", 1, "control character"),
            ("ab\ud800", 2, "control character"),
        ],
    )
    def test_says_where_and_what(self, text: str, position: int, said: str) -> None:
        error = fault(text)
        assert said in str(error)
        assert error.position == position

    def test_names_what_was_expected(self) -> None:
        assert fault("(a").expected == (")",)
        assert fault("status:").expected == ("a value",)
        assert set(fault("foo:x").expected) == FIELDS

    def test_of_a_text_that_is_too_long(self) -> None:
        assert parse("x" * MAX_TEXT)
        assert fault("x" * (MAX_TEXT + 1)).position == MAX_TEXT

    def test_of_parentheses_that_go_too_deep(self) -> None:
        assert where("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == Words("a")
        assert fault("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1)).position == MAX_DEPTH

    def test_not_of_parentheses_in_quotes(self) -> None:
        text = "(" * (MAX_DEPTH + 1)
        assert where(f'"{text}"') == Words(text, "phrase")
        assert where(f'label:"{text}"') == Field("label", "=", (text,))

    def test_of_too_many_terms_at_the_first_that_is_too_many(self) -> None:
        assert parse("a " * MAX_TERMS)
        assert fault("a " * (MAX_TERMS + 1)).position == 2 * MAX_TERMS
        values = ",".join("x" * MAX_TERMS)
        assert parse(f"label:{values}")
        assert fault(f"label:{values} b").position == len(f"label:{values} ")
        assert fault(f"label:{values},b").position == len(f"label:{values},")


# What the language can say, in its canonical form: no And in an And, no Not of a Not.
_text = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from(' "\\()-*:<>=,'), max_size=8
)
_plain = st.from_regex(r"[a-z0-9é検🎉][a-z0-9\-é検🎉]{0,6}", fullmatch=True)
_words = (
    st.builds(Words, _plain, st.sampled_from(["word", "prefix"]))
    | st.builds(Words, _text, st.just("phrase"))
    | st.just(Words("-"))
)
_equals = st.builds(
    Field,
    st.sampled_from(sorted(FIELDS - {"sort"})),
    st.just("="),
    st.lists(_text, min_size=1, max_size=3).map(tuple),
)
_compares = st.builds(
    Field,
    st.sampled_from(["severity", "created", "updated", "closed", "due", "age", "lead"]),
    st.sampled_from([">", ">=", "<", "<="]),
    st.tuples(_text.filter(lambda t: ".." not in t and t.lower() not in ("none", "any"))),
)


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def several(kind: type[And] | type[Or]) -> st.SearchStrategy[Node]:
        others = inner.filter(lambda node: not isinstance(node, kind))
        return st.lists(others, min_size=2, max_size=3).map(lambda of: kind(tuple(of)))

    return several(And) | several(Or) | inner.filter(lambda n: not isinstance(n, Not)).map(Not)


_nodes = st.recursive(_words | _equals | _compares, _grown, max_leaves=12)
_queries = st.builds(
    Query,
    st.none() | _nodes,
    st.lists(
        st.builds(SortKey, st.sampled_from(SORTS), st.booleans()),
        max_size=3,
        unique_by=lambda key: key.name,
    ).map(tuple),
)


class TestProperties:
    @given(_queries)
    @example(Query(Not(Words("-"))))
    @example(Query(Or((Words("a"), Words("b"))), (SortKey("key"),)))
    @example(Query(And((Words("OR", "phrase"), Words("x")))))
    def test_a_filter_written_out_means_the_same(self, query: Query) -> None:
        assert parse(format_query(query)) == query

    @given(st.text(max_size=60) | st.text('ab:-()"*,<>= ORstauor\\\n', max_size=40))
    def test_any_text_is_read_or_refused_within_it(self, text: str) -> None:
        query, error = None, None
        try:
            query = parse(text)
        except GrammarError as refusal:
            error = refusal
        if query is not None:
            assert parse(format_query(query)) == query
        else:
            assert error is not None
            assert str(error)
            assert 0 <= error.position <= len(text)
