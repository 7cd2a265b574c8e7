"""What a file's bytes become: encodings, unfit characters, instants, JSON with its lines."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.issues.importing.instants import day, instant
from plugins.issues.importing.json_walk import members
from plugins.issues.importing.reading import clean, read_text
from plugins.issues.importing.records import ImportProblem, Unreadable


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(data)
    return path


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert read_text(written(tmp_path, b"\xef\xbb\xbfid\n")) == "id\n"


def test_latin_1_is_refused_with_the_line_of_the_byte(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"line 3: byte 0xE9 is not UTF-8.*latin1"):
        read_text(written(tmp_path, "a\nb\ncaf\xe9\n".encode("latin-1")))


def test_utf_16_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="UTF-16"):
        read_text(written(tmp_path, "id\n".encode("utf-16")))


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unreadable, match="empty"):
        read_text(written(tmp_path, data))


@pytest.mark.parametrize(
    ("text", "cleaned", "unfit"),
    [
        ("as\tit is\n", "as\tit is\n", 0),
        ("a\r\nb\rc", "a\nb\nc", 0),
        ("nul\x00 and \x1b[31m", "nul and [31m", 2),
        ("\ufeffmark", "mark", 1),
        ("half \ud800 a pair", "half \ufffd a pair", 1),
        ("\u202eturned", "turned", 1),
        ("naïve 💚 關", "naïve 💚 關", 0),
    ],
)
def test_unfit_characters_are_taken_out_and_counted(text: str, cleaned: str, unfit: int) -> None:
    assert clean(text) == (cleaned, unfit)


@given(st.text())
def test_a_cleaned_text_has_nothing_left_to_clean(text: str) -> None:
    once, _ = clean(text)
    assert clean(once) == (once, 0)
    once.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30/Sep/21 17:20", datetime(2021, 9, 30, 17, 20, tzinfo=UTC)),
        ("30/Sep/21 5:20 PM", datetime(2021, 9, 30, 17, 20, tzinfo=UTC)),
        ("01/jan/1999 12:00 am", datetime(1999, 1, 1, tzinfo=UTC)),
        ("05/Aug/20", datetime(2020, 8, 5, tzinfo=UTC)),
        ("2021-09-30T17:20:05Z", datetime(2021, 9, 30, 17, 20, 5, tzinfo=UTC)),
        ("2021-09-30T17:20:05+02:00", datetime(2021, 9, 30, 15, 20, 5, tzinfo=UTC)),
        ("2021-09-30 17:20", datetime(2021, 9, 30, 17, 20, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_as_trackers_write_it(text: str, expected: datetime) -> None:
    assert instant("created", text, UTC, 1) == expected


def test_an_instant_without_an_offset_is_taken_in_the_zone_given() -> None:
    read = instant("created", "30/Sep/21 17:20", ZoneInfo("Europe/Berlin"), 1)
    assert read == datetime(2021, 9, 30, 15, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "31/Feb/21 10:00", "30/Foo/21 10:00", "30/Sep/21 25:00", "30/Sep/21 10:60",
     "30/Sep/21 13:00 PM", "0001-01-01", "1969-12-31", "9999-12-31T23:59:59-12:00"],
)  # fmt: skip
def test_what_is_no_instant_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ImportProblem, match="line 7: created"):
        instant("created", text, ZoneInfo("Asia/Tokyo"), 7)


def fault_line(read: Callable[[], object]) -> int | None:
    try:
        read()
    except ImportProblem as problem:
        return problem.line
    return None


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_instants(text: str) -> None:
    for read in (lambda: instant("x", text, UTC, 1), lambda: day("x", text, 1)):
        assert fault_line(read) in (None, 1)


def test_members_come_with_the_line_they_begin_on() -> None:
    text = (
        '{\n "repo": "a/b",\n "issues": [\n  {"number":\n 1},\n\n  {"number": 2}],\n "n": {}\n}\n'
    )
    assert [(name, line) for name, line, _ in members(text, frozenset({"issues"}))] == [
        ("repo", 2),
        ("issues", 4),
        ("issues", 7),
        ("n", 8),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"issues": [\n{"a": 1},\n{"a": }\n]}', 3),
        ('{"issues": [\n{"a": 1},\n', 3),
        ('{"issues": [\n{"a": 1}\n{"a": 2}]}', 3),
        ('{"issues"\n:\n [], 5: 1}', 3),
        ('{"issues": []}\n\n{}', 3),
        ('{\n"n": NaN}', 2),
        ('{\n"n": ' + "9" * 6000 + "}", 2),
        ('{\n"n": ' + "[" * 100_000 + "}", 2),
        ("[]", 1),
        ('{"a": "\n"}', 1),
    ],
)
def test_broken_json_is_refused_with_the_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        list(members(text, frozenset({"issues"})))
    assert refused.value.line == line
    assert "JSON" in refused.value.reason
