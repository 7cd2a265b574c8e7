"""Database and S3 held to each other: what no row knows, and what rows miss."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.storage import Storage
from plugins.attachments.models import Attachment
from plugins.attachments.objects import DRAWN, STORED, UPLOADED, thumbnail_key
from plugins.attachments.sweeping import Swept, sweep
from tests.plugins.attachments.conftest import Caller, keys

LATER = timedelta(hours=2)


def swept(session: Session, storage: Storage, *, dry_run: bool = False) -> Swept:
    session.rollback()
    with clock.frozen(datetime.now(UTC) + LATER):
        done = sweep(session, storage, dry_run=dry_run)
    session.commit()
    return done


def object_key(session: Session, attachment_id: int) -> str:
    found = session.scalar(select(Attachment.object_key).where(Attachment.id == attachment_id))
    session.rollback()
    assert found is not None
    return found


def test_a_file_that_is_missing_is_said_to_be_lost_and_back_when_it_is(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    files = [reporter.attached(issue, data) for data in (b"1", b"2", b"3", b"4")]
    for made in files[:2]:
        storage.delete(object_key(session, made["id"]))
    # Too young to be judged.
    assert sweep(session, storage) == Swept(0, 0, 0, 0)
    assert swept(session, storage, dry_run=True) == Swept(0, 0, 0, 0, lost=2)
    assert all(item["lost_at"] is None for item in reporter.files(issue))
    assert swept(session, storage) == Swept(0, 0, 0, 0, lost=2)
    assert swept(session, storage) == Swept(0, 0, 0, 0)
    listed = {item["id"]: item["lost_at"] for item in reporter.files(issue)}
    assert [listed[made["id"]] is None for made in files] == [False, False, True, True]
    answer = reporter.content(files[0]["id"])
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")

    storage.put_stream(object_key(session, files[0]["id"]), io.BytesIO(b"1"))
    assert swept(session, storage) == Swept(0, 0, 0, 0, found=1)
    assert reporter.content(files[0]["id"]).data == b"1"
    events = [e for e in reporter.events(issue) if e["kind"] in ("lost", "found")]
    assert sorted(e["kind"] for e in events) == ["found", "lost", "lost"]
    assert {e["actor_kind"] for e in events} == {"job"}
    [found] = [e for e in events if e["kind"] == "found"]
    assert found["new"]["id"] == files[0]["id"]


def test_a_lost_file_can_be_removed(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    gone, _ = reporter.attached(issue, b"1"), reporter.attached(issue, b"2")
    storage.delete(object_key(session, gone["id"]))
    swept(session, storage)
    assert reporter.client.delete(f"/api/v1/attachments/{gone['id']}").status_code == 204
    assert swept(session, storage) == Swept(0, 0, 0, 0)


def test_an_empty_bucket_is_taken_for_the_wrong_one(
    reporter: Caller,
    issue: str,
    storage: Storage,
    session: Session,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = reporter.attached(issue)
    storage.delete(object_key(session, made["id"]))
    assert swept(session, storage) == Swept(0, 0, 0, 0)
    assert "is it the right one?" in caplog.text
    assert reporter.files(issue)[0]["lost_at"] is None


def test_objects_of_every_kind_that_no_row_knows_go(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    kept = object_key(session, reporter.attached(issue)["id"])
    storage.put_stream(thumbnail_key(kept, 64), io.BytesIO(b"x"))
    for key in (f"{STORED}nobody-s", f"{UPLOADED}nobody-s", f"{DRAWN}nobody-s/64", f"{DRAWN}odd"):
        storage.put_stream(key, io.BytesIO(b"x"))
    assert swept(session, storage, dry_run=True) == Swept(0, 0, 4, 0)
    assert swept(session, storage) == Swept(0, 0, 4, 0)
    assert keys(storage) == {kept}
    assert [stored.key for stored in storage.list(DRAWN)] == [thumbnail_key(kept, 64)]


def test_the_command_says_what_it_would_do_and_does_it(
    app: Flask, storage: Storage, session: Session
) -> None:
    storage.put_stream(f"{STORED}nobody-s", io.BytesIO(b"x"))
    run = app.test_cli_runner().invoke
    with clock.frozen(datetime.now(UTC) + LATER):
        tried, done = (run(args=["attachments", "sweep", *more]) for more in (["--dry-run"], []))
    said = "rows: 0, purged: 0, orphans: 1, uploads: 0, lost: 0, found: 0.\n"
    assert (tried.output, done.output) == (said, said)
    assert keys(storage) == set()
