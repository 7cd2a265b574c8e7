"""What comes in and goes out over HTTP."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from issue_insight.exporting import FileFormat
from issue_insight.http.paging import Page
from issue_insight.http.schema import Instant, Model
from plugins.issues.fields import (
    TITLE_MAX,
    CommentBody,
    DueDate,
    Labels,
    Markdown,
    Name,
    ProjectKey,
    RelationKindName,
    Resolution,
    ResolutionName,
    Severity,
    SeverityName,
    Status,
    StatusName,
    Title,
    Visibility,
    VisibilityName,
    one_line,
)
from plugins.issues.relations import AsOf

UserId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Confidential = Annotated[
    bool, Field(description="Only its reporter and maintainers see a confidential issue.")
]


class Person(Model):
    """A person, as far as everybody may know them."""

    id: int
    name: str


class ProjectCreate(Model):
    """A new project."""

    key: ProjectKey
    name: Name
    visibility: VisibilityName = Visibility.OWN


class ProjectChange(Model):
    """What to change of a project; what is left out stays."""

    # A factory keeps these out of the document: there is no default, what is left out stays.
    name: Name = Field(default_factory=str)
    visibility: VisibilityName = Field(default_factory=lambda: Visibility.OWN)

    @model_validator(mode="after")
    def _something(self) -> "ProjectChange":
        if not self.model_fields_set:
            raise ValueError("names nothing to change")
        return self


class ProjectRead(Model):
    """A project."""

    key: str
    name: str
    visibility: Visibility
    created_at: Instant


class ProjectPage(Page[ProjectRead]):
    """Projects, by key."""


class IssueCreate(Model):
    """A report. Assignee, labels and due date are for maintainers."""

    project: ProjectKey
    title: Title
    description: Markdown = ""
    severity: SeverityName | None = None
    assignee: UserId | None = None
    labels: Labels = Field(default_factory=list)
    due_date: DueDate | None = None
    confidential: Confidential = False


class IssueChange(Model):
    """What to change of an issue; what is left out stays."""

    # A factory keeps these out of the document: there is no default, what is left out stays.
    title: Title = Field(default_factory=str)
    description: Markdown = Field(default_factory=str)
    status: StatusName = Field(default_factory=lambda: Status.OPEN)
    severity: SeverityName | None = None
    resolution: ResolutionName | None = None
    assignee: UserId | None = None
    labels: Labels = Field(default_factory=list)
    due_date: DueDate | None = None
    confidential: Confidential = Field(default_factory=bool)

    @model_validator(mode="after")
    def _something(self) -> "IssueChange":
        if not self.model_fields_set:
            raise ValueError("names nothing to change")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields that were given."""
        return self.model_dump(exclude_unset=True)


IssueKey = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{1,9}-[1-9][0-9]{0,8}$")]


class BulkSet(Model):
    """What to change of each issue; what is left out stays."""

    # A factory keeps these out of the document: there is no default, what is left out stays.
    status: StatusName = Field(default_factory=lambda: Status.OPEN)
    severity: SeverityName | None = None
    resolution: ResolutionName | None = None
    assignee: UserId | None = None
    labels: Labels = Field(default_factory=list)
    add_labels: Labels = Field(default_factory=list)
    remove_labels: Labels = Field(default_factory=list)
    due_date: DueDate | None = None
    confidential: Confidential = Field(default_factory=bool)

    @model_validator(mode="after")
    def _something(self) -> "BulkSet":
        if not self.model_fields_set:
            raise ValueError("names nothing to change")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields that were given."""
        return self.model_dump(exclude_unset=True)


class BulkChange(Model):
    """A change of many issues: those named by `keys`, or those that the filter `q` selects."""

    keys: Annotated[list[IssueKey], Field(min_length=1, max_length=500)] | None = None
    q: Annotated[str, Field(examples=["status:open label:search"])] | None = None
    set: BulkSet
    dry_run: bool = Field(default=False, description="Only tell what would change.")

    @model_validator(mode="after")
    def _either(self) -> "BulkChange":
        if (self.keys is None) == (self.q is None):
            raise ValueError("takes either keys or q")
        return self


class Refused(Model):
    """An issue that stays as it is, and why."""

    key: str
    reason: str


class FieldChange(Model):
    """A field of an issue that goes from `old` to `new`."""

    key: str
    field: str
    old: Any
    new: Any


class BulkResult(Model):
    """What was changed, or would be."""

    change_set: UUID | None = Field(
        description="Undoes it, at `/change-sets/{id}/undo`; null where nothing was changed."
    )
    changed: int = Field(ge=0)
    unchanged: int = Field(ge=0, description="How many were like that already.")
    refused: list[Refused]
    changes: list[FieldChange]


class ChangeSetEvent(Model):
    """What happened to one issue: `field` went from `old` to `new`."""

    key: str
    kind: str
    field: str | None
    old: Any
    new: Any


class ChangeSetRead(Model):
    """What one act changed, of the issues that one may see."""

    change_set: UUID
    at: Instant
    actor: Person | None
    changes: list[ChangeSetEvent]


class UndoResult(Model):
    """The change-set of the undoing, which can be undone in turn."""

    change_set: UUID
    changed: int = Field(ge=0)


class IssueItem(Model):
    """An issue in a list."""

    key: str = Field(examples=["WEB-42"])
    project: str
    title: str
    status: Status
    severity: Severity | None
    resolution: Resolution | None
    reporter: Person
    assignee: Person | None
    labels: list[str]
    due_date: date | None
    confidential: bool
    created_at: Instant
    updated_at: Instant
    closed_at: Instant | None
    version: int
    highlight: str | None = Field(
        default=None, description="Where the searched words stand, between « and »."
    )


class StatusRead(Model):
    """A status, and where an issue can go from there."""

    name: Status
    moves: list[Status] = Field(description="The statuses that can follow it.")


class StatusList(Model):
    """The statuses, in the order in which work passes them."""

    items: list[StatusRead]


class SimilarQuery(Model):
    """What is being written."""

    title: Annotated[
        str,
        Field(
            max_length=TITLE_MAX,
            description="The title, as far as it is typed.",
            examples=["Search finds nothing"],
        ),
        BeforeValidator(one_line),
    ]
    description: Annotated[
        str,
        Field(
            max_length=1_000,
            description="The beginning of the description, which finds more; 200 characters count.",
        ),
        BeforeValidator(one_line),
    ] = ""
    project: Annotated[
        ProjectKey | None, Field(description="Look only among the issues of this project.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=20)] = 5


class SimilarIssue(IssueItem):
    """An issue like the one that is being written."""

    score: float = Field(
        ge=0,
        le=1,
        description="The share of the words, by their rarity, that it has: 1 if all are in its "
        "title.",
        examples=[0.82],
    )


class SimilarIssues(Model):
    """The most similar issues, the most similar first."""

    items: list[SimilarIssue]
    complete: bool = Field(
        description="False where looking took too long, and was given up: there may be some."
    )


class IssueRead(IssueItem):
    """An issue."""

    description: str
    duplicates: int = Field(ge=0, description="How many issues are duplicates of it.")


class RelationCreate(Model):
    """What the issue is to another one."""

    kind: RelationKindName
    issue: IssueKey


RelationSeen = Literal["duplicate_of", "blocked_by", "blocks", "related", "duplicates"]


class RelationRead(Model):
    """What the issue is to another one, and that one."""

    id: int
    kind: RelationSeen
    key: str
    title: str
    status: Status
    created_at: Instant


class RelationsOfKind(Model):
    """The others to which the issue is the same."""

    kind: RelationSeen
    total: int = Field(ge=0)
    q: str = Field(description="The filter that lists them all.", examples=["duplicate_of:WEB-42"])


class RelationPage(Page[RelationRead]):
    """The relations of an issue to others that one may see, kind by kind."""

    kinds: list[RelationsOfKind] = Field(description="Those of which there are some.")


class IssuePage(Page[IssueItem]):
    """Issues."""


class AsOfQuery(Model):
    """A read at an instant."""

    as_of: AsOf = None


class PageQuery(Model):
    """A read by pages."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class IssueListQuery(PageQuery, AsOfQuery):
    """Which issues."""

    q: Annotated[str, Field(description="A filter.", examples=["status:open severity>=high"])] = ""


class IssueExportQuery(AsOfQuery):
    """Which issues, and as what."""

    q: Annotated[str, Field(description="A filter.", examples=["status:open severity>=high"])] = ""
    format: Annotated[FileFormat, Field(description="What to write.")] = FileFormat.CSV


class LabelListQuery(Model):
    """Which labels."""

    project: Annotated[str, Field(max_length=20, description="The key of a project.")] | None = None
    prefix: Annotated[str, Field(max_length=200, description="How they begin.")] = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class LabelRead(Model):
    """A label."""

    name: str


class LabelPage(Page[LabelRead]):
    """Labels, by name."""


class CommentWrite(Model):
    """A comment in Markdown."""

    body: CommentBody


class CommentRead(Model):
    """A comment."""

    id: int
    author: Person
    body: str
    version: int
    created_at: Instant
    edited_at: Instant | None


class CommentPage(Page[CommentRead]):
    """Comments, the oldest first."""


class RelationListQuery(PageQuery, AsOfQuery):
    """Which relations."""


class CommentListQuery(PageQuery, AsOfQuery):
    """Which comments."""


class EventRead(Model):
    """Something that happened to an issue: `field` went from `old` to `new`."""

    id: int
    at: Instant
    recorded_at: Instant
    actor: Person | None
    actor_kind: Literal["person", "token", "job", "import"]
    change_set: str
    kind: str
    field: str | None
    old: Any
    new: Any


class EventPage(Page[EventRead]):
    """Events of an issue, the oldest first."""
