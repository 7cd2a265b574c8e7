"""The file of a multipart form, read as it arrives and measured on the way.

Flask's own `request.files` would put the whole form on disk before the view sees a byte.
"""

import hashlib
from collections.abc import Iterator

from werkzeug.http import parse_options_header

from issue_insight.errors import FieldError, Invalid, TooLarge, UnsupportedType
from plugins.attachments.multipart import Bytes, Part, parts
from plugins.attachments.sniffing import Sniffer

FIELD = "file"


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
        form = parts(stream, boundary.encode())
        found = next(filter(_is_file, form), None)
        if found is None or found.filename is None:
            raise Invalid("The form holds no file.", [FieldError(f"/{FIELD}", "is required")])
        self.name = found.filename
        self._pieces = _to_the_end(found, form)
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes of the file; none at its end, every time."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


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
