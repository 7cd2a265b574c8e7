"""What comes in and goes out over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import Field

from issue_insight.exporting import FileFormat
from issue_insight.http.paging import Page
from issue_insight.http.schema import Instant, Model
from plugins.audit.fields import Kind


class Actor(Model):
    """Who did it."""

    id: int
    name: str


class Entry(Model):
    """One thing that happened."""

    id: int
    at: Annotated[Instant, Field(description="When it was recorded.")]
    kind: Kind
    actor: Actor | None
    actor_kind: Literal["person", "token", "job", "import"]
    subject: Annotated[str, Field(examples=["user"])]
    subject_id: int
    subject_name: Annotated[
        str | None,
        Field(description="What a person, an issue or a project goes by.", examples=["WEB-42"]),
    ]
    event: Annotated[str, Field(description="The event of the log.", examples=["changed"])]
    field: str | None
    old: Any
    new: Any
    change_set: str


class EntryPage(Page[Entry]):
    """Entries, newest first."""


class AuditFilter(Model):
    """Which entries; several conditions all hold."""

    actor: Annotated[int, Field(ge=1, le=10**18 - 1, description="Who did it.")] | None = None
    kind: Annotated[Kind, Field(description="What it is about.")] | None = None
    since: Annotated[
        Instant | None, Field(alias="from", description="Recorded at this instant or later.")
    ] = None
    until: Annotated[
        Instant | None, Field(alias="to", description="Recorded before this instant.")
    ] = None


class AuditQuery(AuditFilter):
    """Which page of which entries."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class AuditExportQuery(AuditFilter):
    """Which entries, written how."""

    format: FileFormat = FileFormat.CSV
