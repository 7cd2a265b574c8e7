"""The text of an API token: made at random, known by its prefix and checksum, kept as a digest.

`ii_pat_`, 43 characters of 256 random bits, and 6 of a checksum, all of them letters and digits: a
double click selects it whole, and scanners of secrets find it and tell it from a look-alike without
asking anybody. https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
"""

import re
import secrets
from hashlib import sha256
from zlib import crc32

PREFIX = "ii_pat_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BITS = 256
_RANDOM_DIGITS = 43  # 62**43 > 2**256
_CHECK_DIGITS = 6  # 62**6 > 2**32
_SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_DIGITS + _CHECK_DIGITS}}}")


def make() -> str:
    """Return a new token."""
    body = PREFIX + _base62(secrets.randbits(_RANDOM_BITS), _RANDOM_DIGITS)
    return body + _checksum(body)


def is_token(text: str) -> bool:
    """Tell whether `text` is the text of a token, of this instance or another, in force or not."""
    if not _SHAPE.fullmatch(text):
        return False
    return _checksum(text[:-_CHECK_DIGITS]) == text[-_CHECK_DIGITS:]


def digest(token: str) -> bytes:
    """Return what is kept of a token.

    A plain SHA-256 will do: nobody guesses 256 random bits, however fast the hash.
    """
    return sha256(token.encode()).digest()


def _checksum(body: str) -> str:
    return _base62(crc32(body.encode()), _CHECK_DIGITS)


def _base62(number: int, length: int) -> str:
    found = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found
