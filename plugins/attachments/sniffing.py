"""What a file is, told from its bytes alone: names and declared types are claims of the sender.

The table is small on purpose. A type in it is one that a browser may be told, because what the
browser then does with such bytes is known to be safe; all else is `application/octet-stream`.
Markup (HTML, SVG, XML) is text or unknown here, never a type that a browser would run.
"""

import codecs

HEAD_BYTES = 512
"""How much of the beginning the table looks at."""

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
WEBP = "image/webp"
SAFE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""Types that may be shown in the page: images that cannot hold a script."""

# Control characters that text files do hold: tab, line feed, form feed, carriage return, and
# escape, which colours the logs that people attach.
_NOT_TEXT = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}) + b"\x7f"


def from_head(head: bytes) -> str | None:
    """Return the media type that the first bytes prove, or None.

    Signatures: PNG (ISO/IEC 15948, 5.2), JPEG (ITU-T T.81, B.1.1.3), GIF (GIF89a, 17), WebP (RFC
    9649, 2.4), AVIF (file type box of ISO/IEC 14496-12 with the brands of AVIF 1.1, 6.3), PDF
    (ISO 32000-1, 7.5.2), ZIP (APPNOTE.TXT, 4.3.7 and 4.3.16).
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP" and head[12:15] == b"VP8":
        return WEBP
    if _is_avif(head):
        return "image/avif"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "application/zip"
    return None


def belies(announced: str, proven: str) -> bool:
    """Tell whether a file's bytes are another kind of thing than its sender said.

    Only types that bytes can prove are held to. An image may be of another format than its name
    says, as pasted and downloaded ones often are.
    """
    if announced in SAFE_IMAGES:
        return proven not in SAFE_IMAGES
    return announced in ("application/pdf", "application/zip") and proven != announced


def _is_avif(head: bytes) -> bool:
    """Tell whether a file type box opens the file and names AVIF, first or among the compatible."""
    if head[4:8] != b"ftyp":
        return False
    end = int.from_bytes(head[:4], "big")
    if not 16 <= end <= HEAD_BYTES or len(head) < end:
        return False
    # Major brand, minor version (no brand), then the compatible brands, four bytes each.
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    return not brands.isdisjoint({b"avif", b"avis"})


class Sniffer:
    """Told a file's bytes in order, in pieces of any size; then knows its type.

    Text is what is UTF-8 from the first byte to the last, without control characters.
    """

    def __init__(self) -> None:
        self._head = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._may_be_text = True

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
        self._may_be_text = self._may_be_text and self._is_text(data)

    def _is_text(self, data: bytes) -> bool:
        try:
            self._decoder.decode(data)
        except UnicodeDecodeError:
            return False
        # Shorter by what it deletes: a scan at the speed of C.
        return len(data.translate(None, _NOT_TEXT)) == len(data)

    @property
    def content_type(self) -> str:
        """The media type of all bytes told so far, as of a complete file."""
        if known := from_head(self._head):
            return known
        if self._head and self._may_be_text and self._ends_whole():
            return TEXT
        return UNKNOWN

    def _ends_whole(self) -> bool:
        """Tell whether the last character is complete."""
        return not self._decoder.getstate()[0]
