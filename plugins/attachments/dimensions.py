"""How wide and high an image says it is, read from its beginning without decoding it.

An image library would do more than wanted here: some reserve the memory of all pixels, or unpack
compressed text, in order to tell the size.
"""

from collections.abc import Iterator
from typing import Literal

HEAD_BYTES = 256 * 1024
"""How much of the beginning is looked at: a JPEG has its size behind profiles and previews."""

MAX_SIDE = 1_000_000
"""What claims to be longer is not believed."""

Size = tuple[int, int]

# Frame headers (ITU-T T.81, table B.1): C0 to CF but DHT, JPG and DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ORIENTATION = 0x0112
_TURNED = range(5, 9)
"""Orientations of EXIF in which rows of the file stand upright."""


def of_image(content_type: str, head: bytes) -> Size | None:
    """Return width and height in pixels as they are seen; None where that cannot be told."""
    match content_type:
        case "image/png":  # ISO/IEC 15948, 11.2.2
            size = _two(head[16:24], 4, "big")
        case "image/gif":  # GIF89a, 18
            size = _two(head[6:10], 2, "little")
        case "image/webp":
            size = _of_webp(head)
        case "image/jpeg":
            size = _of_jpeg(head)
        case _:
            return None
    return size if size and all(0 < side <= MAX_SIDE for side in size) else None


def _two(data: bytes, each: int, order: Literal["big", "little"]) -> Size | None:
    if len(data) < 2 * each:
        return None
    return int.from_bytes(data[:each], order), int.from_bytes(data[each : 2 * each], order)


def _of_webp(head: bytes) -> Size | None:
    """RFC 9649, 2.5 to 2.7; the frame header of VP8 is in RFC 6386, 9.1."""
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if kind == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and (size := _two(head[26:30], 2, "little")):
        return size[0] & 0x3FFF, size[1] & 0x3FFF
    return None


def _of_jpeg(head: bytes) -> Size | None:
    """ITU-T T.81, B.2.2; how the image is to be turned is in its EXIF segment."""
    turned = False
    for marker, data in _segments(head):
        if marker == 0xE1 and data.startswith(b"Exif\0\0"):
            turned = _orientation(data[6:]) in _TURNED
        elif marker in _FRAMES:
            size = _two(data[1:5], 2, "big")
            return (size[0], size[1]) if size and turned else (size and (size[1], size[0]))
    return None


def _segments(head: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield markers and contents of the segments before the scan (T.81, B.1.1)."""
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:  # a byte of filling
            at += 1
            continue
        length = int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == 0xDA or length < 2:
            return
        yield marker, head[at + 4 : at + 2 + length]
        at += 2 + length


def _orientation(tiff: bytes) -> int:
    """Return the orientation that the first directory tells (TIFF 6.0, 2); 1 where it does not."""
    order: Literal["big", "little"] = "big" if tiff[:2] == b"MM" else "little"
    start = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[start : start + 2], order)
    for at in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        if int.from_bytes(tiff[at : at + 2], order) == _ORIENTATION:
            return int.from_bytes(tiff[at + 8 : at + 10], order)
    return 1
