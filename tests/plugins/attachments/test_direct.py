"""Files that go straight to S3: what it takes, what is confirmed, and what is left of the rest."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from issue_insight import clock
from issue_insight.storage import Storage
from plugins.attachments.models import Attachment
from plugins.attachments.objects import STORED, UPLOADED
from plugins.attachments.services import UPLOADS_AT_ONCE
from plugins.attachments.sweeping import Swept, sweep
from tests.plugins.attachments import corpus
from tests.plugins.attachments.conftest import Caller

PNG = corpus.PNG


def announce(
    caller: Caller,
    issue: str,
    data: bytes = PNG,
    headers: dict[str, str] | None = None,
    **said: Any,
) -> TestResponse:
    body = {"name": "a.png", "size": len(data), "content_type": "image/png"} | said
    path = f"/api/v1/issues/{issue}/attachments/uploads"
    return caller.client.post(path, json=body, headers=headers)


def upload(form: dict[str, Any], data: bytes = PNG) -> int:
    """Send a file as a browser does; return what S3 answers."""
    fields = {**form["fields"], "file": ("whatever.html", data, "text/html")}
    return urllib3.request("POST", form["url"], fields=fields).status


def uploaded(caller: Caller, issue: str, data: bytes = PNG, **said: Any) -> dict[str, Any]:
    """Announce and upload a file; return the form."""
    answer = announce(caller, issue, data, **said)
    assert answer.status_code == 201, answer.text
    form = dict(answer.json or {})
    assert upload(form, data) == 204
    return form


def confirm(caller: Caller, form: dict[str, Any], **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return caller.client.post(f"/api/v1/attachments/{form['id']}/confirm", headers=named)


def left(storage: Storage, session: Session) -> tuple[int, int, int]:
    """Count uploaded objects, stored objects, rows."""
    session.rollback()
    return (
        len(list(storage.list(UPLOADED))),
        len(list(storage.list(STORED))),
        len(session.scalars(select(Attachment.id)).all()),
    )


def test_a_file_is_announced_uploaded_and_confirmed(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    answer = announce(reporter, issue, name="../ä\u202e.png")
    assert answer.headers["Cache-Control"] == "no-store"
    form = answer.json or {}
    assert set(form) == {"id", "url", "fields", "expires_at"}
    assert reporter.files(issue) == []
    assert reporter.client.get(f"/api/v1/attachments/{form['id']}").status_code == 404
    assert upload(form) == 204
    made = confirm(reporter, form)
    assert made.status_code == 200, made.text
    told = dict(made.json or {})
    assert (told["id"], told["name"], told["size"]) == (form["id"], "ä.png", len(PNG))
    assert (told["content_type"], told["width"], told["height"]) == ("image/png", 1, 1)
    assert told["sha256"] == hashlib.sha256(PNG).hexdigest()
    assert reporter.files(issue) == [told]
    assert reporter.content(form["id"]).data == PNG
    assert [event["kind"] for event in reporter.events(issue)] == ["created", "attached"]
    assert left(storage, session) == (0, 1, 1)


def test_confirmed_twice_it_is_attached_once(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    form = uploaded(reporter, issue)
    first, again = (confirm(reporter, form, Idempotency_Key="k") for _ in range(2))
    without = confirm(reporter, form)
    assert first.json == again.json == without.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert [event["kind"] for event in reporter.events(issue)] == ["created", "attached"]
    assert left(storage, session) == (0, 1, 1)


def test_confirmed_twice_at_once_it_is_attached_once(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    form = uploaded(reporter, issue)
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: confirm(reporter, form), range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert all(answer.json == answers[0].json for answer in answers)
    assert [event["kind"] for event in reporter.events(issue)] == ["created", "attached"]
    assert left(storage, session) == (0, 1, 1)
    assert reporter.content(form["id"]).data == PNG


def test_announced_again_under_the_same_key_it_is_the_same_form(
    reporter: Caller, issue: str
) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = (announce(reporter, issue, headers=key) for _ in range(2))
    assert first.json == again.json
    assert announce(reporter, issue, headers=key, size=1).status_code == 422


def test_what_the_form_writes_after_it_was_confirmed_is_not_the_attachment(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    form = uploaded(reporter, issue)
    assert confirm(reporter, form).status_code == 200
    other = b"<script>".ljust(len(PNG))
    assert upload(form, other) == 204
    assert confirm(reporter, form).status_code == 200
    assert reporter.content(form["id"]).data == PNG
    session.rollback()
    with clock.frozen(datetime.now(UTC) + timedelta(hours=2)):
        assert sweep(session, storage) == Swept(0, 0, 1, 0)
    session.commit()
    assert left(storage, session) == (0, 1, 1)


@pytest.mark.parametrize(
    ("data", "said", "proven"),
    [
        (corpus.HTML, "image/png", "text/plain"),
        (corpus.SVG, "image/png", "text/plain"),
        (corpus.ZIP_AND_HTML, "image/gif", "application/zip"),
        (corpus.PNG_AND_ZIP, "application/zip", "image/png"),
        (b"\0" * 100, "application/pdf", "application/octet-stream"),
    ],
)
def test_what_is_not_what_it_was_said_to_be_leaves_nothing(
    reporter: Caller,
    issue: str,
    storage: Storage,
    session: Session,
    data: bytes,
    said: str,
    proven: str,
) -> None:
    form = uploaded(reporter, issue, data, content_type=said)
    answer = confirm(reporter, form)
    assert answer.status_code == 415
    assert (answer.json or {})["detail"] == f"The file was announced as {said}, and is {proven}."
    assert left(storage, session) == (0, 0, 0)
    assert confirm(reporter, form).status_code == 404


@pytest.mark.parametrize(
    ("data", "said", "proven"),
    [
        (corpus.JPEG, "image/png", "image/jpeg"),
        (corpus.HTML, "text/html", "text/plain"),
        (corpus.ZIP, "application/vnd.oasis.opendocument.text", "application/zip"),
        (corpus.GIF_AND_SCRIPT, "text/javascript", "image/gif"),
        (b"\xff\xfea\0", "text/plain", "application/octet-stream"),
    ],
)
def test_what_is_told_of_a_type_comes_from_the_bytes(
    reporter: Caller, issue: str, storage: Storage, data: bytes, said: str, proven: str
) -> None:
    form = uploaded(reporter, issue, data, content_type=said)
    assert (confirm(reporter, form).json or {})["content_type"] == proven


def test_only_who_announced_it_confirms_it(
    reporter: Caller, admin: Caller, issue: str, storage: Storage
) -> None:
    form = uploaded(reporter, issue)
    assert confirm(admin, form).status_code == 404
    assert confirm(reporter, form).status_code == 200
    through_the_api = reporter.attached(issue)
    assert confirm(reporter, through_the_api).status_code == 404


def test_what_was_not_uploaded_can_be_confirmed_later(
    reporter: Caller, issue: str, storage: Storage
) -> None:
    form = dict(announce(reporter, issue).json or {})
    assert upload(form, PNG + b"x") == 400
    assert confirm(reporter, form).status_code == 409
    assert upload(form) == 204
    assert confirm(reporter, form).status_code == 200


def test_of_an_issue_that_is_gone_nothing_stays(
    reporter: Caller, admin: Caller, issue: str, storage: Storage, session: Session
) -> None:
    form = uploaded(reporter, issue)
    gone = admin.client.delete(f"/api/v1/issues/{issue}", headers={"If-Match": "*"})
    assert gone.status_code == 204
    assert confirm(reporter, form).status_code == 404
    assert left(storage, session) == (0, 0, 0)


def test_an_upload_that_nobody_confirms_is_swept(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    form = uploaded(reporter, issue)
    session.rollback()
    assert sweep(session, storage) == Swept(0, 0, 0, 0)
    with clock.frozen(datetime.now(UTC) + timedelta(hours=2)):
        assert sweep(session, storage, dry_run=True) == Swept(1, 0, 0, 0)
        assert sweep(session, storage) == Swept(1, 0, 0, 0)
    session.commit()
    assert left(storage, session) == (0, 0, 0)
    assert confirm(reporter, form).status_code == 404


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"size": 10**12}, 413),
        ({"size": 5 * 1024**4 + 1}, 422),
        ({"size": 0}, 422),
        ({"size": "5"}, 422),
        ({"name": ""}, 422),
        ({"name": "x" * 1025}, 422),
        ({"content_type": "png"}, 422),
        ({"content_type": "text/html; charset=utf-8"}, 422),
        ({"content_type": "a/b\r\nx: y"}, 422),
        ({"content_type": "image/${filename}"}, 422),
    ],
)
def test_an_announcement_that_cannot_be_is_refused(
    reporter: Caller, issue: str, said: dict[str, Any], status: int
) -> None:
    answer = announce(reporter, issue, **said)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_who_does_not_see_the_issue_announces_nothing(
    person: Any, issue: str, session: Session, storage: Storage
) -> None:
    assert announce(person("reporter"), issue).status_code == 404
    assert left(storage, session) == (0, 0, 0)


def test_so_many_uploads_at_once_and_no_more(
    reporter: Caller, issue: str, session: Session, storage: Storage
) -> None:
    form = dict(announce(reporter, issue).json or {})
    row = session.get(Attachment, form["id"])
    assert row is not None
    session.add_all(
        Attachment(
            project_id=row.project_id,
            issue_id=row.issue_id,
            uploader_id=row.uploader_id,
            object_key=f"{UPLOADED}{number}",
            announced=row.announced,
            begun_at=row.begun_at,
        )
        for number in range(UPLOADS_AT_ONCE - 1)
    )
    session.commit()
    assert announce(reporter, issue).status_code == 409
    assert reporter.attach(issue).status_code == 201


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PNG, "bild ä.png", "image/png"),
        (corpus.HTML, "page.html", "text/plain; charset=utf-8"),
        (b"\0\1", 'a"b\\c.bin', "application/octet-stream"),
    ],
)
def test_a_presigned_url_gives_the_file_as_a_download(
    reporter: Caller, issue: str, data: bytes, name: str, kind: str
) -> None:
    made = reporter.attached(issue, data, name)
    answer = reporter.client.get(f"/api/v1/attachments/{made['id']}/url")
    assert answer.headers["Cache-Control"] == "no-store"
    got = urllib3.request("GET", (answer.json or {})["url"])
    assert (got.status, got.data, got.headers["Content-Type"]) == (200, data, kind)
    here = reporter.content(made["id"]).headers["Content-Disposition"]
    assert got.headers["Content-Disposition"] == here.replace("inline;", "attachment;")


def test_a_presigned_url_is_for_those_who_see_the_issue(
    reporter: Caller, person: Any, issue: str
) -> None:
    path = f"/api/v1/attachments/{reporter.attached(issue)['id']}"
    assert person("reporter").client.get(f"{path}/url").status_code == 404
    assert reporter.client.delete(path).status_code == 204
    assert reporter.client.get(f"{path}/url").status_code == 404
