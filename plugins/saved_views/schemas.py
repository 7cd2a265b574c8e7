"""What comes in and goes out over HTTP."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from issue_insight.http.paging import Page
from issue_insight.http.schema import Instant, Model
from plugins.issues.api import Name
from plugins.saved_views.fields import Column, Columns, Layout, Position, ViewDensity, ViewLanes

ViewId = Annotated[int, Field(ge=1, le=2**63 - 1)]
ViewName = Annotated[Name, Field(examples=["Mine, the worst first"])]
Filter = Annotated[
    str,
    Field(
        description="A filter, with the order in it. `@me` is whoever looks.",
        examples=["assignee:@me is:open sort:-severity"],
    ),
]


class Person(Model):
    """A person, as far as everybody may know them."""

    id: int
    name: str


class ViewCreate(Model):
    """A new view. Only maintainers share."""

    name: ViewName
    q: Filter = ""
    columns: Columns = Field(default_factory=list)
    layout: Layout = "list"
    density: ViewDensity = None
    lanes: ViewLanes = None
    shared: bool = False
    position: Position | None = Field(default=None, description="Null is after the last.")


class ViewChange(Model):
    """What to change of a view; what is left out stays."""

    # A factory keeps these out of the document: there is no default, what is left out stays.
    name: ViewName = Field(default_factory=str)
    q: Filter = Field(default_factory=str)
    columns: Columns = Field(default_factory=list)
    layout: Layout = Field(default_factory=lambda: "list")
    density: ViewDensity = Field(default_factory=lambda: None)
    lanes: ViewLanes = Field(default_factory=lambda: None)
    shared: bool = Field(default_factory=bool)
    position: Position = Field(default_factory=int)

    @model_validator(mode="after")
    def _something(self) -> "ViewChange":
        if not self.model_fields_set:
            raise ValueError("names nothing to change")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields that were given."""
        return self.model_dump(exclude_unset=True)


class ViewRead(Model):
    """A view: one's own, or one that is shared."""

    id: int
    name: str
    q: str = Field(examples=["assignee:@me is:open sort:-severity"])
    columns: list[Column]
    layout: Layout
    density: ViewDensity
    lanes: ViewLanes
    shared: bool
    owner: Person
    position: int
    is_default: bool = Field(description="Whether the caller begins with this view.")
    version: int
    created_at: Instant
    updated_at: Instant


class ViewPage(Page[ViewRead]):
    """Views: one's own by position, then those that others share."""


class ViewListQuery(Model):
    """A read by pages."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class DefaultViewWrite(Model):
    """The view to begin with; null for none."""

    view: ViewId | None


class DefaultViewRead(Model):
    """The view that the caller begins with; null for none."""

    view: int | None
