"""File names fit to show, in any script, and to send in a header."""

import unicodedata
from urllib.parse import quote

MAX_BYTES = 255
"""The bound of a name in UTF-8: what common file systems can hold."""

MAX_SUFFIX_BYTES = 32
"""A longer ending is no extension, and may be cut."""

FALLBACK = "file"

# Join controls that Persian, Indic scripts and composed emoji need, inside a word only.
_JOINERS = "\u200c\u200d"

# Letters and marks that show nothing (Unicode: Default_Ignorable_Code_Point, and the blank Braille
# cell): a name of these alone is no name.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def display_name(raw: str) -> str:
    """Return a sender's file name as it may be shown: one line, no path, NFC, at most `MAX_BYTES`.

    Directory parts go (of Windows too), and so do control, bidirectional and other invisible
    characters, with which a name could pose as another; the extension survives the cut. A name
    of which nothing is left becomes `file`. Applying it twice changes nothing more.
    """
    composed = unicodedata.normalize("NFC", raw)
    parts = [_one_line(part) for part in composed.replace("\\", "/").split("/")]
    named = [part for part in parts if _shows_something(part)]
    return _cut(named[-1]) if named else FALLBACK


def _one_line(part: str) -> str:
    """Return `part` without what cannot be seen, spaces collapsed, and no dot or space at the end.

    Windows drops trailing dots and spaces, which would turn `a.exe .` into `a.exe`.
    """
    seen = "".join(
        " " if char.isspace() else char
        for at, char in enumerate(part)
        if char.isspace() or _is_shown(part, at)
    )
    # What stood apart only by an invisible character may compose now.
    return unicodedata.normalize("NFC", " ".join(seen.split())).rstrip(". ")


def _is_shown(text: str, at: int) -> bool:
    """Tell whether the character there is kept: joiners only between two letters, marks, symbols.

    Cc: controls; Cf: bidi and other format characters; Cs: half a pair; Cn: not assigned.
    """
    char = text[at]
    if char in _JOINERS:
        return all(
            neighbour and unicodedata.category(neighbour)[0] in "LMS"
            for neighbour in (text[at - 1] if at else "", text[at + 1 : at + 2])
        )
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Cn")


def _shows_something(text: str) -> bool:
    """Tell whether there is anything but dots, spaces, marks and blanks."""
    return any(
        char not in _BLANK and char not in ". " and unicodedata.category(char)[0] not in "MC"
        for char in text
    )


def _cut(name: str) -> str:
    """Return `name` within `MAX_BYTES`, between two characters as people count them."""
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > MAX_SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    end = len(stem.encode()[: MAX_BYTES - len((dot + suffix).encode())].decode(errors="ignore"))
    while end and _continues(stem, end):
        end -= 1
    return (stem[:end].rstrip(". ") or FALLBACK) + dot + suffix


def _continues(text: str, at: int) -> bool:
    """Tell whether a cut before `at` would tear a letter from its marks or an emoji apart."""
    after = text[at : at + 1]
    return (after != "" and unicodedata.category(after)[0] == "M") or (
        text[at - 1] in _JOINERS or after in tuple(_JOINERS)
    )


def content_disposition(name: str, *, inline: bool) -> str:
    """Return the header's value for a name that `display_name` made: ASCII throughout.

    RFC 6266 with RFC 8187: `filename` for old readers, `filename*` whenever it says more.
    """
    plain = _plain(name)
    value = f'{"inline" if inline else "attachment"}; filename="{plain}"'
    if plain != name:
        value += f"; filename*=UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"
    return value


def _plain(name: str) -> str:
    """Return the nearest name in ASCII that every reader of a quoted string reads alike.

    Quotes and backslashes are escaped in several ways by several browsers, and some decode
    percent signs there.
    """
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    safe = "".join("_" if char in '"\\%/' else char for char in ascii_only).strip()
    if name.isascii():
        return safe
    stem, dot, suffix = safe.rpartition(".") if "." in safe else (safe, "", "")
    return (stem if any(char.isalnum() for char in stem) else FALLBACK) + dot + suffix
