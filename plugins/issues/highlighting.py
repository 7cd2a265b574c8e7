"""Where in a text the searched words stand: a passage of it, the words between « and »."""

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.orm import Session

from issue_insight.db.prepared import Prepared
from plugins.issues.words import SEARCH_CONFIG, SEPARATORS, plainly

BEFORE, LENGTH = 60, 200
"""How much is shown: so many characters before the first word found, and so many in all."""

# Control characters, which no text holds, until the passage is cut.
_START, _END = "\x02", "\x03"
_MARK = re.compile(f"([{_START}{_END}])")
_OPTIONS = f"HighlightAll=true, StartSel={_START}, StopSel={_END}"
_CONFIG = text(f"'{SEARCH_CONFIG}'::regconfig")


def highlights(session: Session, asked: str, texts: Sequence[str]) -> list[str]:
    """Return for each text a passage in which words of the `tsquery` are marked."""
    composed = [unicodedata.normalize("NFC", written) for written in texts]
    plain = [plainly(written) for written in composed]
    found = _MARKED.rows(session.connection(), texts=plain, asked=asked)
    return [_passage(_as_written(w, row.marked)) for w, row in zip(composed, found, strict=True)]


def _marked() -> Prepared:
    asked = cast(bindparam("asked", type_=Text), TSQUERY)
    each = (
        func.unnest(cast(bindparam("texts"), ARRAY(Text)))
        .table_valued("plain", with_ordinality="place")
        .render_derived("each_text")
    )
    marked = func.ts_headline(_CONFIG, each.c.plain, asked, _OPTIONS).label("marked")
    return Prepared(select(marked).order_by(each.c.place), "texts", "asked")


_MARKED = _marked()


def _as_written(written: str, marked: str) -> str:
    """Carry the marks, which were set in the plain words, over to the text itself."""
    parts = _MARK.split(marked)
    if sum(map(len, parts[::2])) == len(written):
        # Nothing was set apart: the plain words are as long as the text, sign for sign.
        at = 0
        for n in range(0, len(parts), 2):
            length = len(parts[n])
            parts[n] = written[at : at + length]
            at += length
        return "".join(parts)
    out, at = [], 0
    for character in marked:
        if character in (_START, _END):
            out.append(character)
        elif at < len(written) and (
            character == written[at] or (character == " " and written[at] in SEPARATORS)
        ):
            out.append(written[at])
            at += 1
        # Anything else is a space that sets signs apart.
    return "".join(out)


def _passage(marked: str) -> str:
    first = max(marked.find(_START), 0)
    start = max(first - BEFORE, 0)
    end = start + LENGTH
    if start > 0:
        # Begin with a whole word, where one begins before the first mark.
        start = marked.find(" ", start, first) + 1 or start
    shown = marked[start:end]
    shown = "…" * (start > 0) + shown + "…" * (end < len(marked))
    if shown.count(_START) > shown.count(_END):
        shown += _END
    # Signs that stand side by side are one find.
    shown = shown.replace(_END + _START, "")
    return " ".join(shown.replace(_START, "«").replace(_END, "»").split())
