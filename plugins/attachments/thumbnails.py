"""Thumbnails: drawn when first asked for, kept in S3 beside the file, gone with it."""

import io
import logging
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from typing import IO

from issue_insight.db import unit_of_work
from issue_insight.errors import NotFound, Unavailable
from issue_insight.storage import Storage
from plugins.attachments import drawing, objects, services
from plugins.attachments.receiving import DRAWN_PIXELS
from plugins.attachments.schemas import AttachmentRead
from plugins.attachments.sniffing import WEBP

log = logging.getLogger(__name__)

NONE = "There is no thumbnail of this file."

_FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
}
"""The decoders that may look at a file, by what its first bytes prove: no other has a say."""

_PATIENCE = 20.0
"""Seconds a drawing may take, and wait for its turn, on however busy a machine."""

_TURNS = BoundedSemaphore(2)
"""So many are drawn at once in this process, whoever asks: each may take much memory."""


def thumbnail(storage: Storage, attachment: AttachmentRead, object_key: str, side: int) -> bytes:
    """Return a thumbnail in WebP. Raises `NotFound` for a file of which none can be drawn.

    That it cannot is noted, so that nobody tries again.
    """
    if not attachment.thumbnail:
        raise NotFound(NONE)
    key = objects.thumbnail_key(object_key, side)
    try:
        return b"".join(storage.get(key))
    except NotFound:
        drawn = _drawn(storage, attachment, object_key, side)
    if drawn is None:
        with unit_of_work() as session:
            services.cannot_be_drawn(session, attachment.id)
        raise NotFound(NONE)
    storage.put_stream(key, io.BytesIO(drawn), content_type=WEBP)
    return drawn


def _drawn(
    storage: Storage, attachment: AttachmentRead, object_key: str, side: int
) -> bytes | None:
    if not _TURNS.acquire(timeout=_PATIENCE):
        raise Unavailable("Too many thumbnails are being drawn. Please try again shortly.")
    try:
        with TemporaryFile() as file:
            for chunk in storage.get(object_key):
                file.write(chunk)
            file.seek(0)
            return _draw(file, attachment.content_type, side)
    finally:
        _TURNS.release()


def _draw(file: IO[bytes], content_type: str, side: int) -> bytes | None:
    """Let a process of its own draw; None if the image is at fault."""
    command = [sys.executable, "-I", str(Path(drawing.__file__))]
    bounds = [_FORMATS[content_type], str(side), str(DRAWN_PIXELS[content_type])]
    try:
        done = subprocess.run(  # noqa: S603 (a program of our own; arguments are ours too)
            [*command, *bounds],
            stdin=file,
            capture_output=True,
            timeout=_PATIENCE,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable("A thumbnail could not be drawn in time. Please try again.") from error
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip()[-200:]
    # Below zero: ended by a signal, for the time it took or because a decoder fell over.
    if done.returncode == drawing.UNDRAWABLE or done.returncode < 0:
        log.info("an image cannot be drawn (%s): %s", done.returncode, said)
        return None
    raise RuntimeError(f"thumbnails cannot be drawn here: {said}")
