"""Types from bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.attachments.sniffing import SAFE_IMAGES, TEXT, UNKNOWN, Sniffer
from tests.plugins.attachments.corpus import AVIF, GIF, JPEG, PDF, PNG, WEBP, ZIP


def sniff(data: bytes, piece: int = 1 << 16) -> str:
    sniffer = Sniffer()
    for at in range(0, len(data), piece):
        sniffer.feed(data[at : at + piece])
    return sniffer.content_type


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (GIF, "image/gif"),
        (WEBP, "image/webp"),
        (AVIF, "image/avif"),
        (struct.pack(">I", 28) + b"ftypmif1\0\0\0\0mif1avifmiaf" + bytes(40), "image/avif"),
        (PDF, "application/pdf"),
        (ZIP, "application/zip"),
        ("Grüße, 世界\r\n\tund\x1b[31mrot\n".encode(), TEXT),
        (b"\xef\xbb\xbfwith a mark", TEXT),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_known_bytes_are_known_however_they_arrive(data: bytes, found: str, piece: int) -> None:
    assert sniff(data, piece) == found


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"text with \x00 in it",
        b"\xff\xfeu\x00t\x00f\x001\x006\x00",
        b"cut off \xe4\xb8",
        b"MZ\x90\x00\x03",
        b"\x7fELF",
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"RIFF\x00\x00\x00\x00WEBPxxxx\x00",
        struct.pack(">I", 28) + b"ftypisom\0\0\0\0isommp42mp41",
        struct.pack(">I", 0xFFFFFFFF) + b"ftypavif\0\0\0\0",
        struct.pack(">I", 28) + b"ftypmif1avifmif1",
        b" %PDF-1.7 \x00",
        b"BM\x00\x00",
        b"\x00\x00\x01\x00",
    ],
)
def test_anything_else_is_unknown(data: bytes) -> None:
    assert sniff(data) == UNKNOWN


@pytest.mark.parametrize(
    "markup",
    [
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><html/>",
        b"\xef\xbb\xbf<html>",
        b"+ADw-script+AD4-",
    ],
)
def test_markup_is_never_a_type_that_a_browser_would_run(markup: bytes) -> None:
    assert sniff(markup) == TEXT
    assert TEXT not in SAFE_IMAGES


def test_text_that_turns_out_not_to_be_is_unknown() -> None:
    assert sniff(b"a" * 200_000 + b"\xff") == UNKNOWN


@given(st.binary(max_size=700), st.integers(1, 97))
def test_the_pieces_do_not_matter(data: bytes, piece: int) -> None:
    assert sniff(data, piece) == sniff(data)


@given(st.binary(max_size=64))
def test_a_safe_image_begins_as_its_format_says(data: bytes) -> None:
    for start in (b"<svg>", b"<html>", b"%PDF-", b"PK\x03\x04", b"GIF88a", b"\n"):
        assert sniff(start + data) not in SAFE_IMAGES
