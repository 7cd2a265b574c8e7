"""What is tidied and what is refused of the values an issue is made of."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from plugins.issues.fields import (
    LABEL_MAX,
    LABELS_MAX,
    TEXT_MAX,
    TITLE_MAX,
    CommentBody,
    DueDate,
    LabelName,
    Labels,
    Markdown,
    Name,
    ProjectKey,
    ResolutionName,
    SeverityName,
    StatusName,
    Title,
    VisibilityName,
)

BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
CONTROLS = [c for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\t\n\r"]


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        read(kind, value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  Search   finds\tnothing \n", "Search finds nothing"),
        ("A\u00a0title\u2003with\u3000odd\u2028spaces", "A title with odd spaces"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("search finds nothing", "Search finds nothing"),
        ("can't log in", "Can't log in"),
        ("doesn\u2019t load", "Doesn\u2019t load"),
        ("search: nothing found", "Search: nothing found"),
        ("élan vital", "Élan vital"),
        ("привет мир", "Привет мир"),
        ("ǆep", "ǅep"),
        ("iOS app crashes", "iOS app crashes"),
        ("npm-2 breaks", "npm-2 breaks"),
        ("foo() returns None", "foo() returns None"),
        ("plugins.issues is slow", "plugins.issues is slow"),
        ("ßtrange", "ßtrange"),
        ("日本語の題名", "日本語の題名"),
        ("عنوان \u200fعربي", "عنوان \u200fعربي"),
        ("👩\u200d👩\u200d👧 family", "👩\u200d👩\u200d👧 family"),
        ("DROP TABLE issues; --", "DROP TABLE issues; --"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x", "X"),
        ("x" * TITLE_MAX, "X" + "x" * (TITLE_MAX - 1)),
        (" " * 300 + "Spaces do not count", "Spaces do not count"),
    ],
)
def test_a_title_is_tidied(sent: str, kept: str) -> None:
    assert read(Title, sent) == kept


@pytest.mark.parametrize(
    "invisible",
    ["", " ", "\u200b", "\u200b\u200d\ufeff", "\u2060", "\u00ad", "\u3164", "\u2800", "\u115f",
     "\u0301", "\U000e0041\U000e007f", "\ue000", "\u2028\u00a0\u3000"],
)  # fmt: skip
@pytest.mark.parametrize("kind", [Title, Name, LabelName, CommentBody])
def test_what_cannot_be_seen_is_no_text(kind: Any, invisible: str) -> None:
    refusal(kind, invisible)


@pytest.mark.parametrize("kind", [Title, Name, LabelName, Markdown, CommentBody])
@pytest.mark.parametrize("code", [*CONTROLS, *BIDI, 0xD800, 0xDFFF])
def test_no_text_holds_controls_or_bidi_overrides_or_surrogates(kind: Any, code: int) -> None:
    if chr(code) in "\ud800\udfff":
        refusal(kind, f"one{chr(code)}two")
    else:
        assert f"U+{code:04X} at position 3" in refusal(kind, f"one{chr(code)}two")


@pytest.mark.parametrize("code", CONTROLS)
def test_controls_are_refused_at_the_ends_too(code: int) -> None:
    for text in (f"{chr(code)}title", f"title{chr(code)}", chr(code)):
        refusal(Title, text)


@pytest.mark.parametrize(
    ("kind", "most"), [(Title, TITLE_MAX), (Name, 100), (Markdown, TEXT_MAX), (CommentBody, 65_536)]
)
def test_texts_have_a_greatest_length(kind: Any, most: int) -> None:
    assert len(read(kind, "é" * most)) == most
    assert f"at most {most} characters" in refusal(kind, "é" * (most + 1))


def test_markdown_is_kept_as_written_but_for_line_ends() -> None:
    text = "  # cafe\u0301\n\n\tcode   \n* a  \n"
    assert read(Markdown, text) == text
    assert read(Markdown, "a\r\nb\rc\n") == "a\nb\nc\n"
    assert read(Markdown, "") == ""


@pytest.mark.parametrize(
    ("kind", "sent", "meant"),
    [
        (StatusName, "In Progress", "in_progress"),
        (StatusName, "in-progress", "in_progress"),
        (StatusName, " IN_PROGRESS ", "in_progress"),
        (StatusName, "in - progress", "in_progress"),
        (StatusName, "Done", "done"),
        (SeverityName, "HIGH", "high"),
        (SeverityName, " Critical", "critical"),
        (ResolutionName, "Fixed", "fixed"),
        (VisibilityName, "ALL", "all"),
    ],
)
def test_names_are_taken_as_people_write_them(kind: Any, sent: str, meant: str) -> None:
    assert read(kind, sent) == meant


@pytest.mark.parametrize("sent", ["closed", "inprogress", "", "-", "open\x00", "ΟΡΕΝ", "open,done"])
def test_other_names_are_refused_with_what_there_is(sent: str) -> None:
    assert "must be one of open, triaged, in_progress, done" in refusal(StatusName, sent)


@pytest.mark.parametrize("kind", [Title, Name, Markdown, LabelName, ProjectKey, StatusName])
@pytest.mark.parametrize("value", [None, 1, 1.5, True, ["a"], {"a": 1}])
def test_what_is_no_text_is_refused(kind: Any, value: Any) -> None:
    refusal(kind, value)


def test_labels_are_tidied_sorted_and_each_there_once() -> None:
    sent = [" Search ", "UI", "search", "Good  first\tissue", "cafe\u0301", "CAF\u00c9"]
    assert read(Labels, sent) == ["caf\u00e9", "good first issue", "search", "ui"]
    assert read(Labels, []) == []


def test_labels_have_limits() -> None:
    assert len(read(Labels, [f"l{i}" for i in range(LABELS_MAX)])) == LABELS_MAX
    refusal(Labels, [f"l{i}" for i in range(LABELS_MAX + 1)])
    assert read(LabelName, "x" * LABEL_MAX) == "x" * LABEL_MAX
    refusal(LabelName, "x" * (LABEL_MAX + 1))
    refusal(LabelName, "\u0130" * LABEL_MAX)  # twice as long in small letters
    for name in ("a,b", 'say "hi"'):
        assert "commas or quotation marks" in refusal(LabelName, name)


@pytest.mark.parametrize(("sent", "kept"), [("web", "WEB"), (" Web2 ", "WEB2"), ("AB", "AB")])
def test_project_keys_are_raised(sent: str, kept: str) -> None:
    assert read(ProjectKey, sent) == kept


@pytest.mark.parametrize(
    "sent", ["", "A", "2WEB", "A" * 11, "WE-B", "ÄB", "ßA", "WEB\x00", "ＷＥＢ"]
)
def test_other_project_keys_are_refused(sent: str) -> None:
    refusal(ProjectKey, sent)


def test_a_due_date_is_a_day_written_out() -> None:
    kind = TypeAdapter(DueDate)
    assert kind.validate_json('"2026-12-24"', strict=True).isoformat() == "2026-12-24"
    for sent in ("86400", '"86400"', '"2026-12-24T00:00:00Z"', '"2026-02-30"', '"24.12.2026"',
                 '"20261224"', '"2026-W52-4"', '" 2026-12-24"', "true", '""'):  # fmt: skip
        with pytest.raises(ValidationError, match="2026-12-24"):
            kind.validate_json(sent, strict=True)


@given(st.text(max_size=300))
def test_a_title_that_is_taken_stays_as_it_is_when_sent_again(text: str) -> None:
    try:
        title = read(Title, text)
    except ValidationError:
        return
    assert 1 <= len(title) <= TITLE_MAX
    assert title == title.strip()
    assert unicodedata.is_normalized("NFC", title)
    assert read(Title, title) == title


@given(st.lists(st.text(max_size=60), max_size=25))
def test_labels_that_are_taken_stay_as_they_are_when_sent_again(texts: list[str]) -> None:
    try:
        labels = read(Labels, texts)
    except ValidationError:
        return
    assert all(1 <= len(label) <= LABEL_MAX for label in labels)
    assert read(Labels, labels) == labels
