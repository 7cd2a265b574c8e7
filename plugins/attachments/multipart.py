"""A multipart form read part by part as it arrives (multipart/form-data, RFC 7578).

Werkzeug's decoder is not used: where a delimiter happens to be cut by the end of a chunk, it adds
a carriage return to the file (3.1.9), about once in thirty thousand uploads.
"""

from collections.abc import Iterator
from typing import Protocol

from werkzeug.http import parse_options_header

from issue_insight.errors import Invalid, TooLarge

CHUNK_BYTES = 64 * 1024
HEAD_BYTES = 16 * 1024
"""What the headers of one part may have together."""
PARTS = 16


class Bytes(Protocol):
    """Anything that gives bytes; none is the end."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""
        ...


class Part:
    """One part of a form: `field` and, for a file, `filename` as the sender wrote them."""

    def __init__(self, head: bytes, data: Iterator[bytes]) -> None:
        try:
            lines = head.decode().split("\r\n")
        except UnicodeDecodeError as error:
            raise Invalid("The form has headers that are not UTF-8.") from error
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (s.partition(":") for s in lines)
        }
        _, options = parse_options_header(headers.get("content-disposition"))
        self.field = options.get("name")
        self.filename = options.get("filename")
        self.data = data
        """The part's bytes in pieces, none of them empty; what is left unread is passed over."""


def parts(stream: Bytes, boundary: bytes) -> Iterator[Part]:
    """Yield the parts in order. Raises `Invalid` for a form that is malformed or broken off.

    What lies between delimiters is given as it is, also where it looks much like one.
    """
    reader = _Reader(stream, b"\r\n--" + boundary)
    for _ in reader.data():  # the preamble
        pass
    for _ in range(PARTS):
        if reader.at_end:
            return
        part = Part(reader.head(), reader.data())
        yield part
        for _ in part.data:
            pass
    if not reader.at_end:
        raise TooLarge(f"A form may have {PARTS} fields at most.")


class _Reader:
    """The stream with what was read ahead of it."""

    def __init__(self, stream: Bytes, delimiter: bytes) -> None:
        self._stream = stream
        self._delimiter = delimiter
        # The first delimiter may open the stream: as if after the end of a line.
        self._buffer = b"\r\n"
        self.at_end = False

    def _more(self) -> None:
        data = self._stream.read(CHUNK_BYTES)
        if not data:
            raise Invalid("The form is broken off or malformed.")
        self._buffer += data

    def head(self) -> bytes:
        """Return the headers of the part that begins here."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > HEAD_BYTES:
                raise TooLarge("The form has too long headers.")
            self._more()
        while len(self._buffer) < end + 2 + len(self._delimiter):
            self._more()
        head, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        # A part without a body may have its delimiter in the place of the empty line.
        if not self._buffer.startswith(self._delimiter):
            self._buffer = self._buffer[2:]
        return head

    def data(self) -> Iterator[bytes]:
        """Yield what comes before the next delimiter, and pass that."""
        size = len(self._delimiter)
        while True:
            at = self._buffer.find(self._delimiter)
            if at < 0:
                # The last bytes may be the beginning of a delimiter.
                given, self._buffer = self._buffer[: 1 - size], self._buffer[1 - size :]
                if given:
                    yield given
                self._more()
                continue
            end = at + size
            while len(self._buffer) < end + 2:
                self._more()
            following = self._buffer[end : end + 2]
            if following in (b"\r\n", b"--"):
                given, self._buffer = self._buffer[:at], self._buffer[end + 2 :]
                self.at_end = following == b"--"
                if given:
                    yield given
                return
            # A longer line that begins like one.
            given, self._buffer = self._buffer[:end], self._buffer[end:]
            yield given
