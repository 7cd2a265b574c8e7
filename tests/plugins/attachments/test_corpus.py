"""Files made to do harm: each is taken as the bytes it is or refused, and none is ever run."""

import gzip
import hashlib
import io
import random
import struct
import zipfile
import zlib

import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from issue_insight.storage import Storage
from tests.plugins.attachments import corpus
from tests.plugins.attachments.conftest import Caller, keys
from tests.plugins.attachments.test_thumbnails import png

SAFE = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"}
PLAIN = {"application/octet-stream", "application/pdf", "application/zip", "text/plain"}


def zipped(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


def drawn(kind: str, size: tuple[int, int] = (8, 8), frames: int = 1) -> bytes:
    held = io.BytesIO()
    images = [Image.new("P", size, n % 250) for n in range(frames)]
    images[0] = images[0] if kind == "GIF" else images[0].convert("RGB")
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(held, kind, **more)
    return held.getvalue()


def chunked_png(kind: bytes, body: bytes) -> bytes:
    """Return a whole PNG with one more chunk before its pixels."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return corpus.PNG[:33] + chunk + corpus.PNG[33:]


_some = random.Random(1)
GOOD = {kind: drawn(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP")}
SCRIPT = b"<script>alert(document.domain)</script>"
CORPUS: dict[str, bytes] = {
    # Of two kinds at once.
    "gif and script": corpus.GIF_AND_SCRIPT,
    "png and zip": corpus.PNG_AND_ZIP,
    "pdf and html": corpus.PDF_AND_HTML,
    "jpeg and svg": corpus.JPEG_AND_SVG,
    "zip and html": corpus.ZIP_AND_HTML,
    "html then png": SCRIPT + corpus.PNG,
    "png with html in a chunk": chunked_png(b"tEXt", b"Comment\0" + SCRIPT),
    "jpeg with html in a comment": GOOD["JPEG"][:2]
    + b"\xff\xfe"
    + struct.pack(">H", len(SCRIPT) + 2)
    + SCRIPT
    + GOOD["JPEG"][2:],
    "gif with html behind it": GOOD["GIF"] + SCRIPT,
    "webp with html behind it": GOOD["WEBP"] + SCRIPT,
    "jar": zipped(
        {"META-INF/MANIFEST.MF": b"Main-Class: Evil\n", "Evil.class": b"\xca\xfe\xba\xbe"}
    ),
    "bmp and html": b"BM" + struct.pack("<I", 100) + SCRIPT,
    "mp4 and html": struct.pack(">I", 24) + b"ftypisom" + SCRIPT,
    # Markup that a browser would run.
    "svg": corpus.SVG,
    "svg with a declaration": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]>' + corpus.SVG,
    "svg behind blanks": b"\n" * 2000 + corpus.SVG,
    "svg, packed": gzip.compress(corpus.SVG),
    "html": corpus.HTML,
    "html in utf-16": corpus.HTML.decode().encode("utf-16"),
    "html in utf-7": b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "html behind a mark": b"\xef\xbb\xbf" + corpus.HTML,
    "xslt": b'<?xml-stylesheet type="text/xsl" href="#x"?><x/>',
    "a million laughs": b'<!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10) for n in range(10))
    + b"]><x>&a9;</x>",
    "javascript": b"alert(1)",
    "mhtml": b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + corpus.HTML,
    "formula": b"=cmd|' /C calc'!A0,1\n",
    # What is small and becomes large.
    "zip bomb": zipped({f"{n}": bytes(2_000_000) for n in range(5)}),
    "zip in a zip in a zip": zipped({"1.zip": zipped({"2.zip": zipped({"3": bytes(1_000_000)})})}),
    "gzip bomb": gzip.compress(bytes(10_000_000)),
    "png bomb": png(60_000, 60_000, bytes(4_000_000)),
    "png of 2^31 by 2^31": png(2**31 - 1, 2**31 - 1),
    "png of 0 by 0": png(0, 0),
    "png of just too many pixels": png(9_000, 9_000, bytes(1_000_000)),
    "png with a text that unpacks to much": chunked_png(
        b"zTXt", b"a\0\0" + zlib.compress(bytes(20_000_000))
    ),
    "png with a profile that unpacks to much": chunked_png(
        b"iCCP", b"a\0\0" + zlib.compress(bytes(20_000_000))
    ),
    "gif of 300 frames": drawn("GIF", (64, 64), 300),
    "gif of 65535 by 65535": b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + GOOD["GIF"][19:],
    "jpeg of 65535 by 65535": b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03"
    + bytes(9)
    + b"\xff\xd9",
    "webp of 16383 by 16383": corpus.WEBP[:21] + b"\xff\xff\xff\x0f" + bytes(20),
    # What ends too early, or is bent.
    **{
        f"{kind}, cut at {n}": GOOD[kind][:n]
        for kind in GOOD
        for n in (4, 12, 25, len(GOOD[kind]) - 5)
    },
    **{
        f"{kind}, bent ({n})": bytes(
            byte ^ (0xFF if _some.random() < 0.05 and at > 12 else 0)
            for at, byte in enumerate(GOOD[kind])
        )
        for kind in GOOD
        for n in range(2)
    },
    "a signature alone": b"\x89PNG\r\n\x1a\n",
    "a chunk of 4 GB": b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**32 - 1) + b"IHDR" + bytes(8),
    # Of no kind, or of one that says something else.
    "exe": b"MZ\x90\0" + bytes(100),
    "elf": b"\x7fELF" + bytes(100),
    "script": b"#!/bin/sh\nrm -rf /\n",
    "nuls": bytes(5000),
    "one byte": b"\0",
    "random": _some.randbytes(20_000),
    "our own boundary": b"\r\n--boundary--\r\n" * 50,
    "a text of one line": b"x" * 1_000_000,
}
NAMES = (
    "..",
    ".",
    "/",
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "C:\\x.txt",
    "/dev/null",
    "con",
    "nul.txt",
    ".htaccess",
    "x.php",
    "x.html",
    "x.svg",
    "x.png.exe",
    "x.exe\u202egnp.",
    "a\u0000b.txt",
    "%00.txt",
    "%2e%2e%2f",
    "a;b=c.txt",
    'quo"te.txt',
    "back\\slash",
    "<script>.txt",
    "{{7*7}}",
    "$(id)",
    "`id`",
    "a\tb.txt",
    " ",
    "\u200b",
    "\ufeff.txt",
    "ü🦄検.txt",
    "e\u0301" * 200,
    "a" * 5000 + ".txt",
    "." * 400,
    "x." + "y" * 300,
    "-rf",
    "~root",
    "nul\u0000",
    "\u0301.txt",
    "a\u2028b.txt",
    "\U000e0041.txt",
)


def test_every_file_comes_back_as_a_download_of_the_bytes_it_is(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    for name, data in CORPUS.items():
        answer = reporter.attach(issue, data, f"{name}.html")
        assert answer.status_code == 201, (name, answer.text)
        made = answer.json or {}
        assert made["content_type"] in SAFE | PLAIN, name
        assert made["sha256"] == hashlib.sha256(data).hexdigest(), name
        came = reporter.content(made["id"])
        assert (came.status_code, came.data) == (200, data), name
        if made["content_type"] not in SAFE:
            assert came.headers["Content-Disposition"].startswith("attachment"), name
        assert came.headers["X-Content-Type-Options"] == "nosniff", name
        assert "sandbox" in came.headers["Content-Security-Policy"], name
        small = reporter.client.get(f"/api/v1/attachments/{made['id']}/thumbnail?size=320")
        assert small.status_code in (200, 404), name
        if small.status_code == 200:
            with Image.open(io.BytesIO(small.data)) as image:
                assert (image.format, max(image.size) <= 320) == ("WEBP", True), name
    stored = text("SELECT object_key FROM attachments WHERE stored_at IS NOT NULL")
    assert set(session.scalars(stored)) == keys(storage)
    assert len(keys(storage)) == len(CORPUS)


def test_every_name_becomes_one_that_is_fit_to_show(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    taken = 0
    for name in NAMES:
        answer = reporter.attach(issue, b"hello", name)
        assert answer.status_code in (201, 422), (name, answer.text)
        if answer.status_code == 422:
            assert answer.mimetype == "application/problem+json"
            continue
        taken += 1
        made = answer.json or {}
        shown = made["name"]
        assert 0 < len(shown.encode()) <= 255, name
        assert not set(shown) & set("/\\\0\r\n\t\u202e\u2028"), name
        assert shown.strip(" .") or shown == "file", name
        disposition = reporter.content(made["id"]).headers["Content-Disposition"]
        assert disposition.isascii(), name
        assert "\n" not in disposition, name
    assert taken > len(NAMES) // 2
    assert session.scalar(text("SELECT count(*) FROM attachments")) == taken == len(keys(storage))


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/x-php"])
def test_what_a_form_says_of_the_type_means_nothing(
    reporter: Caller, issue: str, kind: str
) -> None:
    form = {"file": (io.BytesIO(corpus.HTML), "x.html", kind)}
    answer = reporter.client.post(f"/api/v1/issues/{issue}/attachments", data=form)
    assert (answer.json or {})["content_type"] == "text/plain"
