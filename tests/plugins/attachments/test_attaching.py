"""Uploading: what is taken, what is told of it, what is left of what is not taken."""

import hashlib
import io
import os
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from issue_insight.settings import Settings
from issue_insight.storage import PART_BYTES, Storage
from plugins.attachments.models import Attachment
from tests.plugins.attachments import corpus
from tests.plugins.attachments.conftest import Caller, keys


def rows(session: Session) -> int:
    return session.scalar(select(func.count(Attachment.id))) or 0


def test_a_file_is_attached_and_comes_back_as_it_was(reporter: Caller, issue: str) -> None:
    answer = reporter.attach(issue, corpus.PNG, "screen shot.png")
    assert answer.status_code == 201
    made = answer.json or {}
    assert made | {"id": 0, "created_at": "", "uploader": {}} == {
        "id": 0,
        "issue": issue,
        "name": "screen shot.png",
        "size": len(corpus.PNG),
        "content_type": "image/png",
        "sha256": hashlib.sha256(corpus.PNG).hexdigest(),
        "width": 1,
        "height": 1,
        "thumbnail": True,
        "uploader": {},
        "created_at": "",
        "removed_at": None,
        "lost_at": None,
    }
    me = reporter.client.get("/api/v1/me").json or {}
    assert made["uploader"]["id"] == me["id"]
    assert answer.headers["Location"].endswith(f"/api/v1/attachments/{made['id']}")
    assert reporter.client.get(answer.headers["Location"]).json == made
    assert reporter.files(issue) == [made]
    assert reporter.content(made["id"]).data == corpus.PNG


@pytest.mark.parametrize(
    ("data", "name", "content_type"),
    [
        (corpus.PNG, "picture.html", "image/png"),
        (corpus.JPEG, "x.exe", "image/jpeg"),
        (corpus.GIF, "x", "image/gif"),
        (corpus.WEBP, "x.png", "image/webp"),
        (corpus.AVIF, "x.png", "image/avif"),
        (corpus.PDF, "x.png", "application/pdf"),
        (corpus.ZIP, "x.docx", "application/zip"),
        (corpus.SVG, "x.svg", "text/plain"),
        (corpus.SVG, "x.png", "text/plain"),
        (corpus.HTML, "x.html", "text/plain"),
        (corpus.HTML, "x.png", "text/plain"),
        (b"MZ\x90\x00", "x.png", "application/octet-stream"),
        (b"\x00", "x.txt", "application/octet-stream"),
        (corpus.GIF_AND_SCRIPT, "x.js", "image/gif"),
        (corpus.PNG_AND_ZIP, "x.zip", "image/png"),
        (corpus.PDF_AND_HTML, "x.html", "application/pdf"),
        (corpus.JPEG_AND_SVG, "x.svg", "image/jpeg"),
        (corpus.ZIP_AND_HTML, "x.html", "application/zip"),
        (b" " + corpus.PNG, "x.png", "application/octet-stream"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_type_is_that_of_the_bytes(
    reporter: Caller, issue: str, data: bytes, name: str, content_type: str
) -> None:
    made = reporter.attached(issue, data, name)
    assert (made["content_type"], made["name"]) == (content_type, name)
    answer = reporter.content(made["id"])
    assert answer.mimetype == content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    inline = answer.headers["Content-Disposition"].startswith("inline")
    assert inline == content_type.startswith("image/")
    assert answer.data == data


def test_the_declared_type_of_the_part_means_nothing(reporter: Caller, issue: str) -> None:
    file = (io.BytesIO(corpus.HTML), "x.html", "image/png")
    answer = reporter.client.post(f"/api/v1/issues/{issue}/attachments", data={"file": file})
    assert (answer.json or {})["content_type"] == "text/plain"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("отчёт за год.pdf", "отчёт за год.pdf"),
        ("صورة.png", "صورة.png"),
        ("写真（最終）.jpg", "写真（最終）.jpg"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ("👩\u200d👩\u200d👧.gif", "👩\u200d👩\u200d👧.gif"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("../../../etc/passwd", "passwd"),
        (".htaccess", ".htaccess"),
        ("..", "file"),
        ("tab\there.txt", "tab here.txt"),
        ("nul\x00byte.txt", "nulbyte.txt"),
        ("é" * 300 + ".txt", "é" * 125 + ".txt"),
    ],
)
def test_names_are_kept_in_any_script_and_made_fit_to_show(
    reporter: Caller, issue: str, sent: str, shown: str
) -> None:
    made = reporter.attached(issue, name=sent)
    assert made["name"] == shown
    header = reporter.content(made["id"]).headers["Content-Disposition"]
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith("attachment; ")


def post_raw(
    caller: Caller, issue: str, body: bytes, content_type: str, **environ: Any
) -> tuple[int, dict[str, Any]]:
    answer = caller.client.post(
        f"/api/v1/issues/{issue}/attachments",
        input_stream=io.BytesIO(body),
        content_type=content_type,
        **environ,
    )
    return answer.status_code, dict(answer.json or {})


FORM = "multipart/form-data; boundary=cut"


def form(data: bytes, disposition: bytes = b'form-data; name="file"; filename="a.txt"') -> bytes:
    return b"--cut\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + data + b"\r\n--cut--\r\n"


@pytest.mark.parametrize(
    "disposition",
    [
        b'form-data; name="file"; filename="a\r\nSet-Cookie: x=1\r\n.txt"',
        b'form-data; name="file"; filename="\xff\xfe.txt"',
        b'form-data; name="other"; filename="a.txt"',
        b'form-data; name="file"',
    ],
)
def test_a_form_that_is_none_is_refused_and_leaves_nothing(
    reporter: Caller, issue: str, disposition: bytes, session: Session, storage: Storage
) -> None:
    body = form(b"hello", disposition)
    status, problem = post_raw(reporter, issue, body, FORM, headers={"Content-Length": len(body)})
    assert (status, problem["status"]) == (422, 422)
    assert (rows(session), keys(storage)) == (0, set())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"filename*=UTF-8''%E2%82%AC%20rates.txt", "€ rates.txt"),
        (b"filename*=UTF-8''a%0D%0Ab.txt", "a b.txt"),
        (b'filename="a%0D%0Ab.txt"', "a%0D%0Ab.txt"),
        (b'filename=""', "file"),
        (rb'filename="C:\\dir\\file.txt"', "file.txt"),
        (rb'filename="say \"hi\".txt"', 'say "hi".txt'),
    ],
)
def test_names_come_in_several_spellings(
    reporter: Caller, issue: str, name: bytes, shown: str
) -> None:
    body = form(b"hello", b'form-data; name="file"; ' + name)
    status, made = post_raw(reporter, issue, body, FORM, headers={"Content-Length": len(body)})
    assert (status, made.get("name")) == (201, shown)


def test_an_empty_file_is_refused(
    reporter: Caller, issue: str, session: Session, storage: Storage
) -> None:
    answer = reporter.attach(issue, b"")
    assert answer.status_code == 422
    assert (answer.json or {})["errors"] == [{"pointer": "/file", "detail": "is empty"}]
    assert (rows(session), keys(storage)) == (0, set())


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/mixed"])
def test_anything_but_a_form_is_415(reporter: Caller, issue: str, content_type: str) -> None:
    assert post_raw(reporter, issue, b"x", content_type)[0] == 415


@pytest.fixture
def limit(settings: Settings) -> int:
    return settings.attachment_max_bytes


def test_a_file_of_just_the_limit_is_taken(reporter: Caller, issue: str, limit: int) -> None:
    data = os.urandom(limit)
    made = reporter.attached(issue, data)
    assert made["size"] == limit
    assert reporter.content(made["id"]).data == data


def post_stream(caller: Caller, issue: str, body: Any, claimed: str | None) -> TestResponse:
    """Send `body` as it gives itself, claiming a length, or in chunks of none."""
    length = {"CONTENT_LENGTH": claimed} if claimed else {"wsgi.input_terminated": True}
    return caller.client.post(
        f"/api/v1/issues/{issue}/attachments",
        headers={} if claimed else {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": body, "CONTENT_TYPE": FORM, **length},
    )


def test_one_byte_more_than_the_limit_is_refused_with_nothing_left(
    reporter: Caller, issue: str, limit: int, session: Session, storage: Storage
) -> None:
    answer = reporter.attach(issue, b"x" * (limit + 1))
    assert answer.status_code == 413
    assert (answer.json or {})["detail"] == f"A file may have {limit:,} bytes at most."
    assert (rows(session), keys(storage)) == (0, set())


class Endless:
    """A body that goes on for ever; counts what was taken of it."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        given, self._start = self._start[:size], self._start[size:]
        given += b"x" * (size - len(given))
        self.taken += len(given)
        return given


@pytest.mark.parametrize("claimed", [None, "100", "10000000"])
def test_the_limit_holds_whatever_length_is_claimed(
    reporter: Caller,
    issue: str,
    limit: int,
    claimed: str | None,
    session: Session,
    storage: Storage,
) -> None:
    start = form(b"")[: -len(b"\r\n--cut--\r\n")]
    body = Endless(start)
    answer = post_stream(reporter, issue, body, claimed)
    # A claim below what is sent ends the body there: half a form.
    assert answer.status_code == (422 if claimed else 413)
    assert body.taken <= limit + PART_BYTES
    assert (rows(session), keys(storage)) == (0, set())


def test_a_claim_above_the_limit_is_refused_unread(
    reporter: Caller, issue: str, limit: int
) -> None:
    body = Endless(b"")
    answer = post_stream(reporter, issue, body, str(limit * 10))
    assert (answer.status_code, body.taken) == (413, 0)


class Gone:
    """A client that leaves in the middle."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 65_536))


@pytest.mark.parametrize("sent", [1, 100_000, PART_BYTES + 100_000])
def test_a_client_that_leaves_leaves_nothing(
    reporter: Caller, issue: str, sent: int, session: Session, storage: Storage
) -> None:
    body = Gone(form(b"x" * 10_000_000)[:sent])
    answer = post_stream(reporter, issue, body, "10000100")
    assert answer.status_code in (400, 422)
    assert (rows(session), keys(storage)) == (0, set())


def test_no_one_attaches_to_what_they_cannot_see(person: Callable[..., Caller], issue: str) -> None:
    stranger = person()
    body = Endless(b"")
    answer = post_stream(stranger, issue, body, "1000")
    assert (answer.status_code, body.taken) == (404, 0)
    assert stranger.attach("WEB-999").status_code == 404
    assert stranger.attach("nonsense").status_code == 404


def test_reporters_attach_where_they_can_read(
    person: Callable[..., Caller], admin: Caller, issue: str
) -> None:
    stranger = person()
    assert stranger.attach(issue).status_code == 404
    opened = admin.client.patch("/api/v1/projects/WEB", json={"visibility": "all"})
    assert opened.status_code == 200
    assert stranger.attach(issue).status_code == 201


def test_nobody_unknown_attaches_or_reads(app: Flask, reporter: Caller, issue: str) -> None:
    made = reporter.attached(issue)
    nobody = Caller(app.test_client())
    assert nobody.attach(issue).status_code == 401
    assert nobody.content(made["id"]).status_code == 401
    assert nobody.client.get(f"/api/v1/attachments/{made['id']}").status_code == 401


def test_an_upload_is_in_the_issue_s_activity(reporter: Caller, issue: str) -> None:
    made = reporter.attached(issue, corpus.PDF, "plan.pdf")
    [event] = [e for e in reporter.events(issue) if e["kind"] == "attached"]
    assert event["new"] == {
        name: made[name] for name in ("id", "name", "size", "content_type", "sha256")
    }
    assert (event["old"], event["field"]) == (None, "attachment")
    assert event["actor"] == made["uploader"]
    assert event["at"] == made["created_at"]


def test_a_refused_upload_is_in_no_activity(reporter: Caller, issue: str) -> None:
    reporter.attach(issue, b"")
    assert [e["kind"] for e in reporter.events(issue)] == ["created"]
