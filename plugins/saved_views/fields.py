"""The kinds of values a saved view is made of."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

Column = Literal[
    "project",
    "key",
    "title",
    "status",
    "severity",
    "resolution",
    "labels",
    "reporter",
    "assignee",
    "due",
    "created",
    "updated",
    "closed",
]
"""What a list can show of an issue, under the names that filters and orders have for it."""

Layout = Literal["list", "board"]
"""How issues are laid out: one under the other, or in columns by status."""

Density = Literal["comfortable", "compact"]
"""How much room each row of a list has."""

Lanes = Literal["none", "severity"]
"""What a board is cut by across its columns."""

POSITION_MAX = 9_999


def _each_once(columns: list[Column]) -> list[Column]:
    if len(set(columns)) < len(columns):
        raise ValueError("names a column twice")
    return columns


Columns = Annotated[
    list[Column],
    Field(
        description="What a list shows, from the left; empty: as whoever looks has it.",
        examples=[["key", "title", "assignee", "due"]],
    ),
    AfterValidator(_each_once),
]
ViewDensity = Annotated[
    Density | None,
    Field(description="How much room a row of the list has; null: as whoever looks has it."),
]
ViewLanes = Annotated[
    Lanes | None,
    Field(description="What cuts the board across; null: as whoever looks has it."),
]
Position = Annotated[
    int,
    Field(ge=0, le=POSITION_MAX, description="The place among one's views, from the smallest."),
]
