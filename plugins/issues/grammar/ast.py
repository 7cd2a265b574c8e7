"""What a filter means: a tree of small frozen values."""

from dataclasses import dataclass, field
from typing import Literal

Operator = Literal["=", ">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Field:
    """`name:value,value` or `name>=value`; the positions say where it and its values stand."""

    name: str
    operator: Operator
    values: tuple[str, ...]
    position: int = field(default=0, compare=False)
    positions: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Words:
    """A word, a word's beginning (`prefix`), or a phrase, to be found in the text."""

    text: str
    kind: Literal["word", "prefix", "phrase"] = "word"
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold."""

    of: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """What holds together."""

    of: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Of which at least one holds."""

    of: tuple["Node", ...]


Node = Field | Words | Not | And | Or


@dataclass(frozen=True, slots=True)
class SortKey:
    """What to order by, `descending` or not."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A whole filter: what must hold (None: nothing), and the order."""

    where: Node | None = None
    sort: tuple[SortKey, ...] = ()
