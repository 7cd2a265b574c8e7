"""The file of a multipart form, read as it arrives and measured on the way.

Flask's own `request.files` would put the whole form on disk before the view sees a byte.
"""

import hashlib
from collections.abc import Iterator
from typing import Protocol

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, File, MultipartDecoder, NeedData

from issue_insight.errors import FieldError, Invalid, TooLarge, UnsupportedType
from plugins.attachments.sniffing import Sniffer

FIELD = "file"
CHUNK_BYTES = 64 * 1024

OVERHEAD_BYTES = 64 * 1024
"""What boundaries, headers and other fields may add to the file itself."""

_BUFFER_BYTES = 2 * CHUNK_BYTES
_PARTS = 16


class Bytes(Protocol):
    """Anything that gives bytes; none is the end."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""
        ...


class IncomingFile:
    """The file of a form (multipart/form-data, RFC 7578), read once from the request's stream.

    `name` is the sender's, not fit to show. Opening reads up to the file's first bytes; the end
    of `read` comes only after the end of the form, so that half a form is never a whole file.
    Raises `UnsupportedType` for another content type, `Invalid` for a form without the file, with
    two of them, or broken off.
    """

    def __init__(self, stream: Bytes, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get("boundary", "")
        if kind != "multipart/form-data" or not boundary.isascii() or not 0 < len(boundary) <= 70:
            raise UnsupportedType(f"Send a form as multipart/form-data with a field {FIELD!r}.")
        self._events = _events(stream, boundary.encode())
        self._rest = b""
        self._inside = True
        self.name = self._find()

    def _find(self) -> str:
        for event in self._events:
            if isinstance(event, File) and event.name == FIELD:
                return event.filename
        raise Invalid("The form holds no file.", [FieldError(f"/{FIELD}", "is required")])

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes of the file; none at its end, every time."""
        while not self._rest:
            event = next(self._events, None)
            if event is None:
                return b""
            self._rest = self._taken(event)
        given, self._rest = self._rest[:size], self._rest[size:]
        return given

    def _taken(self, event: Event) -> bytes:
        """Return what an event adds to the file; nothing after its end."""
        if isinstance(event, File) and event.name == FIELD:
            raise Invalid("Send one file at a time.", [FieldError(f"/{FIELD}", "comes twice")])
        if not isinstance(event, Data) or not self._inside:
            return b""
        self._inside = event.more_data
        return event.data


def _events(stream: Bytes, boundary: bytes) -> Iterator[Event]:
    """Yield what the form is made of, to its very end."""
    decoder = MultipartDecoder(boundary, _BUFFER_BYTES, max_parts=_PARTS)
    event: Event = NeedData()
    try:
        while not isinstance(event, Epilogue):
            event = decoder.next_event()
            if isinstance(event, NeedData):
                decoder.receive_data(stream.read(CHUNK_BYTES) or None)
            else:
                yield event
    except RequestEntityTooLarge as error:
        raise TooLarge("The form holds too much besides the file.") from error
    except ValueError as error:
        raise Invalid("The form is broken off or malformed.") from error


class Measured:
    """Bytes on their way through: counted against `limit`, hashed and sniffed.

    `read` raises `TooLarge` with the first byte above the limit, `Invalid` at the end of nothing.
    The rest is known once `read` has come to the end.
    """

    def __init__(self, source: Bytes, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._hash = hashlib.sha256()
        self._sniffer = Sniffer()
        self.size = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        data = self._source.read(size)
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(f"A file may have {self._limit:,} bytes at most.")
        if not data and not self.size:
            raise Invalid("The file is empty.", [FieldError(f"/{FIELD}", "is empty")])
        self._hash.update(data)
        self._sniffer.feed(data)
        return data

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes so far, in hexadecimal."""
        return self._hash.hexdigest()

    @property
    def content_type(self) -> str:
        """The media type that the bytes so far prove."""
        return self._sniffer.content_type
