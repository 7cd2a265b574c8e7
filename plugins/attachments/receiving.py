"""The file of a multipart form, read as it arrives and measured on the way.

Flask's own `request.files` would put the whole form on disk before the view sees a byte.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from issue_insight.errors import FieldError, Invalid, TooLarge, UnsupportedType
from plugins.attachments import dimensions
from plugins.attachments.multipart import Bytes, Part, parts
from plugins.attachments.sniffing import Sniffer

FIELD = "file"
BOUNDARY_MAX = 200
"""RFC 2046 allows 70; there are senders, werkzeug's client among them, that go beyond."""

DRAWN_PIXELS = {
    "image/jpeg": 100_000_000,
    "image/png": 25_000_000,
    "image/gif": 25_000_000,
    "image/webp": 25_000_000,
}
DRAWN_BYTES = 32 * 1024 * 1024
"""Of larger images no thumbnail is drawn: neither the memory nor the time is there. A JPEG need not
be decoded at its full size."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bytes of a whole file tell."""

    size: int
    sha256: str
    content_type: str
    dimensions: dimensions.Size | None
    """Width and height, for images whose beginning tells."""

    @property
    def can_be_drawn(self) -> bool:
        """Whether a thumbnail is worth trying."""
        if self.dimensions is None or self.size > DRAWN_BYTES:
            return False
        pixels = self.dimensions[0] * self.dimensions[1]
        return pixels <= DRAWN_PIXELS.get(self.content_type, 0)


class Pieces:
    """Pieces of bytes as a file to read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; none at the end, every time."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


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
        fits = boundary.isascii() and 0 < len(boundary) <= BOUNDARY_MAX
        if kind != "multipart/form-data" or not fits:
            raise UnsupportedType(f"Send a form as multipart/form-data with a field {FIELD!r}.")
        form = parts(stream, boundary.encode())
        found = next(filter(_is_file, form), None)
        if found is None or found.filename is None:
            raise Invalid("The form holds no file.", [FieldError(f"/{FIELD}", "is required")])
        self.name = found.filename
        self._file = Pieces(_to_the_end(found, form))

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes of the file; none at its end, every time."""
        return self._file.read(size)


def _is_file(part: Part) -> bool:
    return part.field == FIELD and part.filename is not None


def _to_the_end(file: Part, form: Iterator[Part]) -> Iterator[bytes]:
    """Yield the file's bytes, then see the form to its end."""
    yield from file.data
    if any(map(_is_file, form)):
        raise Invalid("Send one file at a time.", [FieldError(f"/{FIELD}", "comes twice")])


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
        self._head = bytearray()
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
        self._head += data[: dimensions.HEAD_BYTES - len(self._head)]
        return data

    @property
    def facts(self) -> Facts:
        """All that the bytes so far tell."""
        kind = self.content_type
        return Facts(self.size, self.sha256, kind, dimensions.of_image(kind, bytes(self._head)))

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes so far, in hexadecimal."""
        return self._hash.hexdigest()

    @property
    def content_type(self) -> str:
        """The media type that the bytes so far prove."""
        return self._sniffer.content_type
