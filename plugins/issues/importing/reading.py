"""From bytes to text: the encoding, lines, and characters that no text should hold."""

import re
from pathlib import Path

from plugins.issues.importing.records import Unreadable

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

FILE_BYTES = 256 * 1024 * 1024
"""A file is read as a whole, which takes a few times its size in memory."""

# Controls but tab and line feed; byte order marks; halves of surrogate pairs; and the characters
# that reorder what a reader sees ("Trojan source"), which nobody types on purpose into an issue.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u202a-\u202e\u2066-\u2069]")


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, without its byte order mark, line ends as they are.

    Raises `Unreadable` with the line of the first byte that is not UTF-8.
    """
    size = path.stat().st_size
    if size > FILE_BYTES:
        raise Unreadable(
            f"the file has {size / 1024**2:,.0f} MB; up to {FILE_BYTES // 1024**2} MB are read at "
            "once: split it, a part after the other makes the same issues"
        )
    data = path.read_bytes()
    if data.startswith(_UTF_16):
        raise Unreadable(
            "the file is in UTF-16; save it as UTF-8 (iconv -f utf-16 -t utf-8 does it)", 1
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            f"byte 0x{data[error.start]:02X} is not UTF-8; "
            "if the file is Latin-1, convert it (iconv -f latin1 -t utf-8)",
            line,
        ) from error
    if not text.strip():
        raise Unreadable("the file is empty")
    return text


def clean(text: str) -> tuple[str, int]:
    """Return `text` with line feeds for line ends and without unfit characters, and their count.

    Unfit are NUL and the other controls, byte order marks and the characters that reorder text:
    they are taken out. Half a surrogate pair becomes U+FFFD, for something was there.
    """
    return _UNFIT.subn(_instead, text.replace("\r\n", "\n").replace("\r", "\n"))


def _instead(match: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= match.group() <= "\udfff" else ""


class Cleaner:
    """Cleans the texts of one row and remembers what had to be taken out, for the report."""

    def __init__(self) -> None:
        self._unfit: dict[str, int] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was taken out, one sentence for each kind of text."""
        return tuple(
            f"{count} control {'character' if count == 1 else 'characters'} taken out of the {name}"
            for name, count in self._unfit.items()
        )

    def line(self, name: str, text: str) -> str:
        """Return `text` as one line: unfit characters out, white space collapsed."""
        return " ".join(self._noted(name, text).split())

    def text(self, name: str, text: str) -> str:
        """Return `text` as it is written but for unfit characters and white space at the end."""
        return self._noted(name, text).rstrip()

    def _noted(self, name: str, text: str) -> str:
        cleaned, unfit = clean(text)
        if unfit:
            self._unfit[name] = self._unfit.get(name, 0) + unfit
        return cleaned
