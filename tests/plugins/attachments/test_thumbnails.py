"""Thumbnails of what people attach: of good images, and of those made to do harm."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from issue_insight.storage import Storage
from plugins.attachments.models import Attachment
from plugins.attachments.objects import DRAWN
from tests.plugins.attachments import corpus
from tests.plugins.attachments.conftest import Caller, keys
from tests.plugins.attachments.test_dimensions import encoded, turned

MIB = 1024 * 1024


def thumbnail(
    caller: Caller, made: dict[str, Any], size: Any = 320, **headers: str
) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/api/v1/attachments/{made['id']}/thumbnail"
    return caller.client.get(path, query_string={"size": size}, headers=named)


def drawn(storage: Storage) -> list[str]:
    return [stored.key for stored in storage.list(DRAWN)]


def halves(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """Return an image whose left half is red."""
    image = Image.new(mode, size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    return image


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """Return a PNG that says it is so large, whatever its pixels are."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


def test_a_photograph_is_made_small_upright_and_says_nothing_of_its_camera(
    reporter: Caller, issue: str, storage: Storage
) -> None:
    held = io.BytesIO()
    halves((600, 300)).save(held, "JPEG", exif=turned(6), icc_profile=b"nobody" * 30)
    made = reporter.attached(issue, held.getvalue(), "photo.jpg")
    assert (made["width"], made["height"], made["thumbnail"]) == (300, 600, True)
    answer = thumbnail(reporter, made)
    assert answer.status_code == 200
    assert answer.mimetype == "image/webp"
    image = Image.open(io.BytesIO(answer.data))
    assert image.size == (160, 320)
    # Turned by a quarter to the right: what was left is above.
    above, below = (image.convert("RGB").getpixel((80, y)) for y in (40, 280))
    assert (above[0] > 200 > 50 > above[2], below[2] > 200 > 50 > below[0]) == (True, True)
    assert "nobody" not in answer.data.decode("latin-1")
    assert not image.getexif()
    assert "icc_profile" not in image.info
    small = thumbnail(reporter, made, 64)
    assert Image.open(io.BytesIO(small.data)).size == (32, 64)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "I;16"), ("GIF", "P"), ("WEBP", "RGBA")]
)
def test_every_kind_of_image_gets_one(
    reporter: Caller, issue: str, storage: Storage, kind: str, mode: str
) -> None:
    made = reporter.attached(issue, encoded(kind, (640, 32), mode))
    answer = thumbnail(reporter, made)
    assert answer.status_code == 200, answer.text
    assert Image.open(io.BytesIO(answer.data)).size == (320, 16)


def test_it_is_drawn_once_kept_and_not_sent_again(
    reporter: Caller, issue: str, storage: Storage
) -> None:
    made = reporter.attached(issue, encoded("PNG", (100, 50)))
    assert drawn(storage) == []
    first = thumbnail(reporter, made)
    [key] = drawn(storage)
    # What is kept is what is sent: it is not drawn again.
    storage.put_stream(key, io.BytesIO(b"kept"))
    assert thumbnail(reporter, made).data == b"kept"
    tag = first.headers["ETag"]
    known = thumbnail(reporter, made, If_None_Match=tag)
    assert (known.status_code, known.data) == (304, b"")
    assert thumbnail(reporter, made, 64, If_None_Match=tag).status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in first.headers["Content-Security-Policy"]


def test_it_goes_with_its_image(reporter: Caller, issue: str, storage: Storage) -> None:
    made = reporter.attached(issue, encoded("PNG", (100, 50)))
    assert thumbnail(reporter, made).status_code == 200
    assert thumbnail(reporter, made, 64).status_code == 200
    assert reporter.client.delete(f"/api/v1/attachments/{made['id']}").status_code == 204
    assert thumbnail(reporter, made).status_code == 404
    assert (drawn(storage), keys(storage)) == ([], set())


def test_it_is_for_those_who_see_the_issue(reporter: Caller, person: Any, issue: str) -> None:
    made = reporter.attached(issue, corpus.PNG)
    answer = thumbnail(person("reporter"), made)
    assert answer.status_code == 404
    tag = f'"{made["sha256"]}-320"'
    assert thumbnail(person("reporter"), made, If_None_Match=tag).status_code == 404


@pytest.mark.parametrize("size", ["0", "65", "-1", "320.5", "x", "", "9" * 400])
def test_no_other_size_is_drawn(reporter: Caller, issue: str, size: str) -> None:
    made = reporter.attached(issue, corpus.PNG)
    assert thumbnail(reporter, made, size).status_code == 422


@pytest.mark.parametrize(
    "data",
    [
        b"text",
        corpus.SVG,
        corpus.HTML,
        corpus.PDF,
        corpus.ZIP,
        corpus.AVIF,
        corpus.GIF_AND_SCRIPT,
        png(50_000, 50_000),
        png(2**31 - 1, 2**31 - 1),
        png(0, 0),
    ],
)
def test_of_what_is_no_image_or_too_large_a_one_nothing_is_tried(
    reporter: Caller, issue: str, storage: Storage, data: bytes
) -> None:
    made = reporter.attached(issue, data)
    assert made["thumbnail"] is False
    answer = thumbnail(reporter, made)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded("PNG", (300, 300), "L")[:100], id="cut short"),
        pytest.param(png(5_000, 5_000, bytes(1000)), id="fewer pixels than said"),
        pytest.param(corpus.WEBP, id="broken WebP"),
        pytest.param(b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\x01\0\x01\x01\x11\0", id="tall JPEG"),
    ],
)
def test_what_cannot_be_drawn_is_found_out_once(
    reporter: Caller, issue: str, storage: Storage, session: Session, data: bytes
) -> None:
    made = reporter.attached(issue, data)
    assert made["thumbnail"] is True
    assert thumbnail(reporter, made).status_code == 404
    known = reporter.client.get(f"/api/v1/attachments/{made['id']}").json or {}
    assert known["thumbnail"] is False
    assert reporter.content(made["id"]).data == data
    assert drawn(storage) == []


def test_a_line_of_a_million_pixels_is_a_line(
    reporter: Caller, issue: str, storage: Storage
) -> None:
    made = reporter.attached(issue, encoded("PNG", (1, 1_000_000), "1"))
    assert (made["width"], made["height"]) == (1, 1_000_000)
    answer = thumbnail(reporter, made)
    assert Image.open(io.BytesIO(answer.data)).size == (1, 320)


def test_an_image_of_another_one_s_pixels_cannot_use_another_decoder(
    reporter: Caller, issue: str, storage: Storage
) -> None:
    """What the signature proves is the one decoder that is asked."""
    made = reporter.attached(issue, corpus.PNG_AND_ZIP)
    assert thumbnail(reporter, made).status_code == 200
    behind = corpus.PNG[:8] + b"\0\0\0\x0dIHDR" + struct.pack(">II", 10, 10) + corpus.GIF
    assert thumbnail(reporter, reporter.attached(issue, behind)).status_code == 404


def test_where_the_file_is_lost_the_thumbnail_is_not_there_yet(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    made = reporter.attached(issue, corpus.PNG)
    row = session.get(Attachment, made["id"])
    assert row is not None
    storage.delete(row.object_key)
    session.rollback()
    assert thumbnail(reporter, made).status_code == 404
    storage.put_stream(row.object_key, io.BytesIO(corpus.PNG))
    assert thumbnail(reporter, made).status_code == 200
