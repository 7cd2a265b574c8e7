"""The kinds of values an issue is made of: enums, and types that tidy or refuse what comes in."""

import re
import unicodedata
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

TITLE_MAX = 255
TEXT_MAX = 65_536
LABEL_MAX = 50
LABELS_MAX = 20


class Status(StrEnum):
    """Where the work on an issue stands."""

    OPEN = "open"
    TRIAGED = "triaged"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class Severity(StrEnum):
    """How bad it is, from the least to the worst; an issue may have none."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Resolution(StrEnum):
    """How an issue that is done ended."""

    FIXED = "fixed"
    DUPLICATE = "duplicate"
    DECLINED = "declined"
    INVALID = "invalid"


class RelationKind(StrEnum):
    """How an issue relates to another one."""

    DUPLICATE_OF = "duplicate_of"
    BLOCKS = "blocks"
    RELATED = "related"


class Visibility(StrEnum):
    """What reporters see of a project: the issues they reported, or all."""

    OWN = "own"
    ALL = "all"


ISSUE_KEY = re.compile(r"([A-Za-z][A-Za-z0-9]{1,9})-([1-9][0-9]{0,8})")
"""The key of an issue: that of its project, and its number there."""
# Bidirectional controls can make a text read as something else than it is ("Trojan Source",
# CVE-2021-42574); surrogates are no characters.
_REFUSED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPACES = re.compile(r"\s+")
_INVISIBLE = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp", "Mn", "Me", "Cn", "Co"})
_LOOKS_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def readable(value: str) -> str:
    """Return `value` unless it holds a character that no text needs (control, bidi override)."""
    found = _REFUSED.search(value)
    if found:
        raise ValueError(
            f"holds the character U+{ord(found[0]):04X} at position {found.start()}, "
            "which is not allowed"
        )
    return value


def visible(value: str) -> str:
    """Return `value` unless nothing of it can be seen."""
    if all(c in _LOOKS_EMPTY or unicodedata.category(c) in _INVISIBLE for c in value):
        raise ValueError("must not be empty")
    return value


def one_line(value: object) -> object:
    """Trim, collapse white space and compose characters (NFC); leave other types to pydantic.

    Raises `ValueError` for control characters that Python takes for white space: they would
    vanish unseen.
    """
    if not isinstance(value, str):
        return value
    return _SPACES.sub(" ", unicodedata.normalize("NFC", readable(value))).strip()


def first_letter_raised(value: str) -> str:
    """Raise the first letter, unless the word has a shape of its own (`iOS`, `npm-2`)."""
    word = value.partition(" ")[0].rstrip(",:;.!?").replace("'", "").replace("\u2019", "")
    raised = value[:1].title()
    # Some letters become two (`\u00df`): the title would be another one, and longer.
    if word.isalpha() and word.islower() and len(raised) == 1:
        return raised + value[1:]
    return value


def _line_ends(value: object) -> object:
    """Markdown is kept as written, but for the line ends that a browser's form adds."""
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def _name(value: object) -> object:
    """Take names as people write them: `In Progress`, `in-progress`, `IN_PROGRESS`."""
    if not isinstance(value, str):
        return value
    return re.sub(r"[\s_-]+", "_", value.strip()).lower()


def _enum_of(kind: type[StrEnum]) -> BeforeValidator:
    def parse(value: object) -> object:
        name = _name(value)
        if isinstance(name, str):
            try:
                return kind(name)
            except ValueError:
                raise ValueError(f"must be one of {', '.join(kind)}") from None
        return value

    return BeforeValidator(parse, json_schema_input_type=kind)


def _day(value: object) -> object:
    """Refuse what pydantic alone would take for a date: seconds since 1970, instants."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("write a date like 2026-12-24")


# The bounds of a length stand next to `str`, so that messages speak of characters.
Title = Annotated[
    str,
    Field(min_length=1, max_length=TITLE_MAX, examples=["Search finds nothing"]),
    BeforeValidator(one_line),
    AfterValidator(visible),
    AfterValidator(first_letter_raised),
]
Markdown = Annotated[
    str,
    Field(max_length=TEXT_MAX, examples=["Steps:\n\n1. Open the list\n2. Search for *foo*"]),
    BeforeValidator(_line_ends),
    AfterValidator(readable),
]
CommentBody = Annotated[
    str,
    Field(min_length=1, max_length=TEXT_MAX, examples=["I see this too."]),
    BeforeValidator(_line_ends),
    AfterValidator(readable),
    AfterValidator(visible),
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=100, examples=["Website"]),
    BeforeValidator(one_line),
    AfterValidator(visible),
]


def _lower(value: object) -> object:
    # Before the length is looked at: some letters become two (`\u0130`).
    return value.lower() if isinstance(value, str) else value


def _no_list(value: str) -> str:
    if "," in value or '"' in value:
        raise ValueError("must not hold commas or quotation marks")
    return value


LabelName = Annotated[
    str,
    Field(min_length=1, max_length=LABEL_MAX, examples=["search"]),
    BeforeValidator(one_line),
    BeforeValidator(_lower),  # the last one runs first
    AfterValidator(visible),
    AfterValidator(_no_list),
]


def _each_once(labels: list[str]) -> list[str]:
    return sorted(set(labels))


Labels = Annotated[list[LabelName], Field(max_length=LABELS_MAX), AfterValidator(_each_once)]
StatusName = Annotated[Status, _enum_of(Status)]
SeverityName = Annotated[Severity, _enum_of(Severity)]
ResolutionName = Annotated[Resolution, _enum_of(Resolution)]
RelationKindName = Annotated[RelationKind, _enum_of(RelationKind)]
VisibilityName = Annotated[Visibility, _enum_of(Visibility)]


def _key(value: object) -> object:
    # Only ASCII is raised: `\u00df` would become two letters of somebody else's key.
    return value.strip().upper() if isinstance(value, str) and value.isascii() else value


_Key = Annotated[
    str,
    Field(
        pattern=r"^[\t-\r\x1c-\x1f ]*[A-Za-z][A-Za-z0-9]{1,9}[\t-\r\x1c-\x1f ]*$", examples=["WEB"]
    ),
]
"""A key as it may be sent: in small letters and with blanks around it, too."""
ProjectKey = Annotated[
    str,
    Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$", examples=["WEB"]),
    BeforeValidator(_key, json_schema_input_type=_Key),
]
DueDate = Annotated[
    date,
    BeforeValidator(_day, json_schema_input_type=date),
    Field(examples=["2026-12-24"]),
]
