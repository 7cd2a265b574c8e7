"""S3 is gone, breaks off, is slow or full: files are 503 and come back, all else goes on."""

import hashlib
import http.client
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.storage import Storage
from issue_insight.testing.live import live
from issue_insight.testing.tokens import SignedIn
from plugins.attachments.sweeping import sweep
from tests.system.between import Between, Mood

ILL: tuple[Mood, ...] = ("507", "503", "cuts", "gone")
CONTENT = b"line\n" * 60_000


def ask(
    server: Server, who: SignedIn, method: str, path: str, body: bytes = b"", kind: str = ""
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(*server.address, timeout=60)
    headers = {**who.headers, **({"Content-Type": kind} if kind else {})}
    connection.request(method, f"/api/v1{path}", body or None, headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, answer.headers, said


def attach(
    server: Server, who: SignedIn, content: bytes
) -> tuple[int, http.client.HTTPMessage, Any]:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        + content
        + b"\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    status, headers, said = ask(server, who, "POST", "/issues/WEB-1/attachments", form, kind)
    return status, headers, json.loads(said)


def test_files_are_refused_politely_and_taken_again_without_a_restart(
    settings: Settings,
    client: FlaskClient,
    session: Session,
    person: Callable[[str], SignedIn],
    tmp_path: Path,
) -> None:
    admin = person("admin")
    for path, sent in (
        ("projects", {"key": "WEB", "name": "Site", "visibility": "all"}),
        ("issues", {"project": "WEB", "title": "First"}),
    ):
        assert client.post(f"/api/v1/{path}", json=sent, headers=admin.headers).status_code == 201
    storage = Storage.from_settings(settings)
    for left in storage.list("attachments/"):
        storage.delete(left.key)
    kept: dict[int, bytes] = {}
    figures = []

    def taken(server: Server, content: bytes) -> None:
        """Attach a file, as often as the answer says to try again."""
        began = time.perf_counter()
        while True:
            status, headers, said = attach(server, admin, content)
            if status == 201:
                break
            assert (status, said["status"]) == (503, 503)
            time.sleep(min(1, int(headers["Retry-After"])))
        kept[said["id"]] = content
        figures.append(f"{between.mood}: taken after {time.perf_counter() - began:.1f} s")

    with Between(settings.s3_endpoint) as between:
        through = settings.model_copy(update={"s3_endpoint": between.url})
        with live(through, tmp_path) as server:
            taken(server, CONTENT)
            [first] = kept
            for number, mood in enumerate(ILL):
                between.mood = mood
                status, headers, said = attach(server, admin, CONTENT + b"lost")
                assert (status, said["status"]) == (503, 503), mood
                assert headers["Content-Type"] == "application/problem+json"
                assert int(headers["Retry-After"]) > 0
                # Whoever needs no file notices nothing.
                issue = json.dumps({"project": "WEB", "title": mood}).encode()
                assert ask(server, admin, "POST", "/issues", issue, "application/json")[0] == 201
                assert ask(server, admin, "GET", "/issues/WEB-1/attachments")[0] == 200
                if mood in ("cuts", "gone"):
                    assert ask(server, admin, "GET", f"/attachments/{first}/content")[0] == 503
                between.mood = "well"
                taken(server, CONTENT + bytes([number]))
            between.mood = "slow"
            taken(server, CONTENT + b"slow")
            assert between.requests > 0
            between.mood = "well"
            _, _, said = ask(server, admin, "GET", "/issues/WEB-1/attachments")
            assert {item["id"] for item in json.loads(said)["items"]} == set(kept)
            for number, content in kept.items():
                _, _, came = ask(server, admin, "GET", f"/attachments/{number}/content")
                assert hashlib.sha256(came).digest() == hashlib.sha256(content).digest()
    print("; ".join(figures))

    # What broke off is swept, and then rows and objects are the same.
    with clock.frozen(clock.now() + timedelta(hours=2)):
        sweep(session, storage)
        session.commit()
    keys = set(session.scalars(text("SELECT object_key FROM attachments")))
    assert len(keys) == len(kept)
    assert keys == {stored.key for stored in storage.list("attachments/")}
