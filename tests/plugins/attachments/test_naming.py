"""File names as people see them and as headers carry them."""

import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from plugins.attachments.naming import FALLBACK, MAX_BYTES, content_disposition, display_name


@pytest.mark.parametrize(
    "name",
    [
        "report.pdf",
        "تقرير نهائي.pdf",
        "דוח.docx",
        "报告（最终）.xlsx",
        "отчёт.txt",
        "रिपोर्ट.csv",
        "می\u200cخواهم.txt",
        "क्\u200dष.txt",
        "👩\u200d👩\u200d👧 family.png",
        "❤\ufe0f.gif",
        "รายงาน.doc",
        "ꦗꦮ.txt",
        ".gitignore",
        "archive.tar.gz",
        'a "quoted" name.txt',
        "50%.txt",
        "a;b=c.txt",
        "CON",
    ],
)
def test_a_plain_name_in_any_script_stays_as_it_is(name: str) -> None:
    assert display_name(name) == name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\scan.png", "scan.png"),
        ("/", FALLBACK),
        ("", FALLBACK),
        (".", FALLBACK),
        ("..", FALLBACK),
        ("a/..", "a"),
        ("dir/", "dir"),
        ("..\\..\\x.txt", "x.txt"),
        ("\u200b\u2060\ufeff", FALLBACK),
        ("\u3164.", FALLBACK),
        ("\u0301", FALLBACK),
    ],
)
def test_no_path_is_left_and_nothing_becomes_a_name(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie: x=1.txt"),
        ("a\x00b\x07.txt", "ab.txt"),
        ("a\u2028b\u2029c\x85d.txt", "a b c d.txt"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("\u2066x\u2069.txt", "x.txt"),
        ("a\ud800b.txt", "ab.txt"),
        ("soft\u00adhyphen.txt", "softhyphen.txt"),
        ("x\u200c.txt", "x.txt"),
        ("\u200djoin.txt", "join.txt"),
        ("  spaced \t out .txt", "spaced out .txt"),
        ("evil.exe. . .", "evil.exe"),
        ("\ufdd0\U000e0041tag.txt", "tag.txt"),
    ],
)
def test_what_cannot_be_seen_goes(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


def test_two_spellings_of_one_name_become_one() -> None:
    assert display_name("re\u0301sume\u0301.pdf") == "r\u00e9sum\u00e9.pdf"


@pytest.mark.parametrize("letter", ["a", "é", "報", "👍🏽", "e\u0323\u0302", "👩\u200d👩\u200d👧"])
def test_a_long_name_is_cut_between_characters_and_keeps_its_extension(letter: str) -> None:
    shown = display_name(letter * 300 + ".jpeg")
    assert shown.endswith(".jpeg")
    assert MAX_BYTES - len(letter.encode()) <= len(shown.encode()) <= MAX_BYTES
    stem = shown.removesuffix(".jpeg")
    assert stem == unicodedata.normalize("NFC", letter) * (
        len(stem) // len(unicodedata.normalize("NFC", letter))
    )


def test_an_ending_too_long_to_be_an_extension_is_cut() -> None:
    assert display_name("a." + "b" * 400) == "a." + "b" * 253


@given(st.text(max_size=400))
def test_any_text_gives_a_short_single_line_and_the_same_again(raw: str) -> None:
    shown = display_name(raw)
    assert 0 < len(shown.encode()) <= MAX_BYTES
    assert shown == unicodedata.normalize("NFC", shown)
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in shown)
    assert "/" not in shown
    assert "\\" not in shown
    assert shown not in (".", "..")
    assert display_name(shown) == shown


@given(st.text(max_size=300))
def test_the_header_is_ascii_on_one_line_and_gives_the_name_back(raw: str) -> None:
    shown = display_name(raw)
    header = content_disposition(shown, inline=False)
    assert header.isascii()
    assert header.isprintable()
    kind, options = parse_options_header(header)
    assert kind == "attachment"
    assert options["filename"] == shown
    if "filename*" in header:
        assert unquote(header.partition("UTF-8''")[2]) == shown


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("scan.png", 'inline; filename="scan.png"'),
        ("日本.png", "inline; filename=\"file.png\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.png"),
        ("é.txt", "inline; filename=\"e.txt\"; filename*=UTF-8''%C3%A9.txt"),
        ("a\"b'.txt", "inline; filename=\"a_b'.txt\"; filename*=UTF-8''a%22b%27.txt"),
        (".bashrc", 'inline; filename=".bashrc"'),
    ],
)
def test_the_header_has_a_plain_name_for_old_readers(name: str, header: str) -> None:
    assert content_disposition(name, inline=True) == header
