"""How text becomes words that can be found: the same for what is written and what is asked.

PostgreSQL's parser knows addresses, paths and numbers, and keeps `org.apache.fs.FileSystem` as one
word that nobody who looks for `FileSystem` finds. Here every run of letters and digits is a word,
and so is every sign of Chinese and Japanese, which are written without spaces.
"""

import re
import string
import unicodedata
from functools import lru_cache
from typing import Any

from sqlalchemy import Text, cast, func, literal, text

from plugins.issues.grammar.ast import Words
from plugins.issues.grammar.stop_words import STOP_WORDS

SEARCH_CONFIG = "english"
"""The text search configuration of the writer and of the filters: stems make plurals match."""

SEARCHED = 200_000
"""Of a longer text only so many characters can be found: PostgreSQL bounds a document's words."""

SEPARATORS = string.punctuation
_SPACES = " " * len(SEPARATORS)
# Kana, ideographs with their extensions and compatibility forms, half-width kana.
_SIGNS = (
    "[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]"
)
_SIGN = re.compile(f"({_SIGNS})")
_TO_SPACES = str.maketrans(SEPARATORS, _SPACES)
_CONFIG = text(f"'{SEARCH_CONFIG}'::regconfig")
# Whatever its beginning is, a word must not be taken for a common one, or for a stem.
_AS_WRITTEN = text("'simple'::regconfig")


def plain(written: Any) -> Any:
    """Return the SQL of the words in a text, with spaces between them.

    Of composed text (NFC) the length stays the same but for the spaces around signs.
    """
    composed = func.normalize(written, text("NFC"))
    spaced = func.translate(composed, SEPARATORS, _SPACES)
    return func.regexp_replace(spaced, f"({_SIGNS})", r" \1 ", "g")


def plainly(written: str) -> str:
    """Return what `plain` makes of a text, without a database: a tenth of the time."""
    spaced = unicodedata.normalize("NFC", written).translate(_TO_SPACES)
    return _SIGN.sub(r" \1 ", spaced)


def vector(written: Any, weight: str) -> Any:
    """Return the SQL of what can be found of a text, ranked by `weight` (A is the highest)."""
    return func.setweight(func.to_tsvector(_CONFIG, plain(func.left(written, SEARCHED))), weight)


def lexemes(written: str) -> Any:
    """Return the SQL of the words of a text as they are kept, each once, as rows."""
    asked = plain(cast(literal(written), Text))
    return func.unnest(func.tsvector_to_array(func.to_tsvector(_CONFIG, asked))).column_valued()


@lru_cache(maxsize=1_000)
def wanted(words: Words) -> Any:
    """Return the SQL of the `tsquery` that finds these words; parts of a word stand in a row."""
    asked = plain(cast(literal(words.text), Text))
    if words.kind != "prefix":
        return func.phraseto_tsquery(_CONFIG, asked)
    beginning = func.concat("'", asked, "':*")
    return func.to_tsquery(_CONFIG, beginning).op("||")(func.to_tsquery(_AS_WRITTEN, beginning))


def left_out(words: Words) -> bool:
    """Return whether there is nothing to find: common words, signs, emoji are not kept."""
    parts = re.findall(r"[^\W_]+", words.text.lower())
    kept = [part for part in parts if any(c.isalpha() or c.isdecimal() for c in part)]
    if words.kind == "prefix":
        return not kept
    return all(part in STOP_WORDS for part in kept)
