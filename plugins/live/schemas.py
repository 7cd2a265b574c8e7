"""What a stream is asked for, and what one change says."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from issue_insight.http.schema import Model


class LiveQuery(Model):
    """Which changes to send."""

    q: str = Field(
        default="",
        max_length=2_000,
        description="A filter, as for lists. Sent are changes of what it selects, and the change "
        "by which an issue leaves it.",
        examples=["project:WEB severity>=high"],
    )


class Person(Model):
    """Who did it."""

    id: int
    name: str


class Change(Model):
    """The data of one event `change`."""

    match: Literal["entered", "changed", "left", "gone"] = Field(
        description="Whether the issue came into what is watched, changed in it, or left it. `gone`"
        ": it is not there for you any more, and no more is said."
    )
    key: str
    project: str
    version: int | None = None
    kind: str | None = None
    field: str | None = None
    old: Any = None
    new: Any = None
    shortened: bool = Field(
        default=False, description="Long texts are left out of `old` and `new`: read the issue."
    )
    actor: Person | None = None
    actor_kind: str | None = None
    at: datetime | None = None
    change_set: str | None = None
