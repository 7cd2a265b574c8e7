"""A small object through all that the application and its browsers ask of the S3 server."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import urllib3

from issue_insight.errors import Unavailable
from issue_insight.storage import Storage

CONTENT = b"Is the file store well?"
_SOON = timedelta(minutes=1)
_Fields = dict[str, str | tuple[str, bytes, str]]


def probe(storage: Storage) -> None:
    """Upload, fetch and delete an object. Raises `Unavailable`, naming the step where it can."""
    key = f"probe/{uuid4()}"
    with _deleted(storage, key):
        storage.put_stream(key, io.BytesIO(CONTENT))
        if b"".join(storage.get(key)) != CONTENT:
            raise Unavailable("What was stored does not come back.")


def probe_presigned(storage: Storage) -> None:
    """Upload and fetch an object as a browser does, by presigned URLs, and delete it.

    Raises `Unavailable`, naming the step that failed. Not within the circuit of `storage`: the
    public endpoint may be ill while the application's own is well.
    """
    key = f"probe/{uuid4()}"
    with _deleted(storage, key):
        if _posted(storage, key, CONTENT + b"!") < 400:
            raise Unavailable("a presigned upload larger than its policy allows was taken")
        if (status := _posted(storage, key, CONTENT)) not in (200, 201, 204):
            raise Unavailable(f"a presigned upload was answered with {status}")
        answer = _asked("GET", storage.presigned_get(key, expires=_SOON))
        if answer.status != 200 or answer.data != CONTENT:
            raise Unavailable(f"a presigned download was answered with {answer.status}")


def _posted(storage: Storage, key: str, content: bytes) -> int:
    """Upload `content` by a form made for the probe's size; return the status."""
    form = storage.presigned_post(key, size=len(CONTENT), content_type="text/plain", expires=_SOON)
    fields: _Fields = {**form.fields, "file": ("probe", content, "text/plain")}
    return _asked("POST", form.url, fields).status


def _asked(method: str, url: str, fields: _Fields | None = None) -> urllib3.BaseHTTPResponse:
    try:
        with urllib3.PoolManager(timeout=5, retries=False) as http:
            return http.request(method, url, fields=fields)
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"it does not answer ({type(error).__name__})") from error


@contextmanager
def _deleted(storage: Storage, key: str) -> Iterator[None]:
    try:
        yield
    finally:
        storage.delete(key)
