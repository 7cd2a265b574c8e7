"""The content of an attachment as an answer: whole, in part, or not at all because it is known.

A browser is never to take what somebody uploaded for a page of ours: everything is a download but
a few kinds of images, types are not guessed, and what is opened all the same runs in a sandbox.
https://www.rfc-editor.org/rfc/rfc9110 (conditional requests: 13, ranges: 14)
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from issue_insight.storage import Download, Storage
from plugins.attachments.naming import content_disposition
from plugins.attachments.schemas import AttachmentRead, DownloadUrl
from plugins.attachments.sniffing import SAFE_IMAGES, TEXT, WEBP

Opener = Callable[[int, int], Download]
"""Opens the object from a position, for a number of bytes."""


URL_EXPIRES = timedelta(minutes=5)


def presigned(storage: Storage, attachment: AttachmentRead, object_key: str) -> DownloadUrl:
    """Return where the S3 server itself gives the content, always as a download.

    The headers that keep a browser from taking it for a page cannot all be asked of S3.
    """
    expires_at = datetime.now(UTC) + URL_EXPIRES
    headers = {
        "content-type": _media_type(attachment),
        "content-disposition": content_disposition(attachment.name, inline=False),
    }
    url = storage.presigned_get(object_key, expires=URL_EXPIRES, headers=headers)
    return DownloadUrl(url=url, expires_at=expires_at)


def content(attachment: AttachmentRead, opened: Opener) -> Response:
    """Answer GET and HEAD for the content of `attachment`; only a GET with a body opens it.

    Honours `If-None-Match` (304), one `Range` with `If-Range` (206); several ranges get the whole.
    Raises `RequestedRangeNotSatisfiable` (416) for a range beyond the end.
    """
    response = Response()
    _describe(response, attachment)
    if request.if_none_match.contains_weak(attachment.sha256):
        response.status_code = 304
        return response
    response.content_type = _media_type(attachment)
    part = _part(attachment)
    start, stop = part or (0, attachment.size)
    if part:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{attachment.size}"
    if request.method != "HEAD":
        response.response = opened(start, stop - start)
    response.content_length = stop - start
    return response


def thumbnail(attachment: AttachmentRead, side: int, drawn: Callable[[], bytes]) -> Response:
    """Answer for a thumbnail; it is drawn only where it is not known."""
    response = Response(mimetype=WEBP)
    response.set_etag(f"{attachment.sha256}-{side}")
    _keep_safe(response)
    response.headers["Content-Disposition"] = "inline"
    if attachment.thumbnail and request.if_none_match.contains_weak(response.get_etag()[0] or ""):
        response.status_code = 304
        return response
    response.set_data(drawn())
    return response


def _media_type(attachment: AttachmentRead) -> str:
    return f"{TEXT}; charset=utf-8" if attachment.content_type == TEXT else attachment.content_type


def _part(attachment: AttachmentRead) -> tuple[int, int] | None:
    """Return the range asked for, from a byte up to and without another; None for the whole."""
    asked = request.range
    # A range of HEAD means nothing (14.2). A weak tag in If-Range never matches, nor does a date.
    if request.method == "HEAD" or asked is None or asked.units != "bytes":
        return None
    if len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range", f'"{attachment.sha256}"') != f'"{attachment.sha256}"':
        return None
    start, stop = asked.ranges[0]
    if start < 0:
        start = max(start + attachment.size, 0)
    if start >= attachment.size:
        raise RequestedRangeNotSatisfiable(
            attachment.size, description=f"The file has {attachment.size} bytes."
        )
    return start, attachment.size if stop is None else min(stop, attachment.size)


def _describe(response: Response, attachment: AttachmentRead) -> None:
    inline = attachment.content_type in SAFE_IMAGES
    response.set_etag(attachment.sha256)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = content_disposition(attachment.name, inline=inline)
    _keep_safe(response)


def _keep_safe(response: Response) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # The bytes never change, but who may see them does: ask again each time.
    response.headers["Cache-Control"] = "private, no-cache"
