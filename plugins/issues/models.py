"""The tables of projects, issues, their versions, texts and comments."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from issue_insight.auth.users import User
from issue_insight.db import Base

Instant = datetime | ColumnElement[datetime]
"""An instant, or what stands for one in a statement."""
INFINITY = text("'infinity'::timestamptz")
_COUNTED = ["severity", "reporter_id", "assignee_id", "confidential"]


class Project(Base):
    """A project: its key starts the keys of its issues."""

    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint("key ~ '^[A-Z][A-Z0-9]{1,9}$'", name="key"),
        CheckConstraint("visibility IN ('own', 'all')", name="visibility"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    visibility: Mapped[str] = mapped_column(default="own", server_default="own")
    next_number: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class _Fields:
    """What can be filtered by: the same columns in the present and in every past version."""

    number: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str]
    resolution: Mapped[str | None]
    severity: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    due_date: Mapped[date | None]
    confidential: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    @declared_attr
    @classmethod
    def project_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, ForeignKey(Project.id))

    @declared_attr
    @classmethod
    def reporter_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, ForeignKey(User.id))

    @declared_attr
    @classmethod
    def assignee_id(cls) -> Mapped[int | None]:
        return mapped_column(BigInteger, ForeignKey(User.id))


class Issue(_Fields, Base):
    """An issue as it is now. Its description is apart, so that lists read narrow rows."""

    __tablename__ = "issues"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        CheckConstraint("status IN ('open', 'triaged', 'in_progress', 'done')", name="status"),
        CheckConstraint("severity IN ('low', 'medium', 'high', 'critical')", name="severity"),
        CheckConstraint(
            "resolution IN ('fixed', 'duplicate', 'declined', 'invalid')", name="resolution"
        ),
        CheckConstraint("(status = 'done') = (resolution IS NOT NULL)", name="resolved"),
        CheckConstraint("(status = 'done') = (closed_at IS NOT NULL)", name="closed"),
        Index("ix_issues_project_id_updated_at_id", "project_id", "updated_at", "id"),
        Index("ix_issues_project_id_created_at_id", "project_id", "created_at", "id"),
        # The usual orders, with what is mostly filtered by: what is not there is not even met, and
        # totals are counted from the index alone.
        Index(
            "ix_issues_updated_at_id",
            "updated_at",
            "id",
            postgresql_include=["project_id", "status", *_COUNTED],
            postgresql_where=text("deleted_at IS NULL"),
        ),
        # So are metrics of what came and what was done.
        Index(
            "ix_issues_created_at_counted",
            "created_at",
            "id",
            postgresql_include=["closed_at", "project_id", "number", "status", *_COUNTED],
            postgresql_where=text("deleted_at IS NULL"),
        ),
        # Nulls are last in lists: by due date from the earliest, by closing from the latest.
        Index("ix_issues_due_date_id", "due_date", "id"),
        Index(
            "ix_issues_closed_at_counted",
            text("closed_at DESC NULLS LAST"),
            text("id DESC"),
            postgresql_include=["created_at", "project_id", "number", "status", *_COUNTED],
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "ix_issues_project_id_status_updated_at_id",
            "project_id",
            "status",
            "updated_at",
            "id",
            postgresql_include=_COUNTED,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_issues_reporter_id", "reporter_id"),
        Index("ix_issues_assignee_id", "assignee_id"),
        Index("ix_issues_labels", "labels", postgresql_using="gin"),
        Index("ix_issues_confidential", "id", postgresql_where=text("confidential")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)


class IssueVersion(_Fields, Base):
    """An issue as it was from `valid_from` up to, and without, `valid_to`."""

    __tablename__ = "issue_versions"
    __table_args__ = (
        PrimaryKeyConstraint("id", "valid_from"),
        CheckConstraint("valid_from <= valid_to", name="range"),
        # So that the past is listed newest change first from an index, beginning at any instant.
        CheckConstraint("valid_from = updated_at", name="begins_when_updated"),
        Index(
            "ix_issue_versions_project_id_status_updated_at_id",
            "project_id",
            "status",
            "updated_at",
            "id",
            postgresql_include=["valid_to", *_COUNTED],
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "ix_issue_versions_updated_at_id",
            "updated_at",
            "id",
            postgresql_include=["valid_to", "project_id", "status", *_COUNTED],
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_issue_versions_project_id_valid", "project_id", "valid_from", "valid_to"),
        Index("ix_issue_versions_reporter_id", "reporter_id"),
        Index("ix_issue_versions_assignee_id", "assignee_id"),
        Index(
            "ix_issue_versions_confidential",
            "id",
            "valid_from",
            "valid_to",
            postgresql_where=text("confidential"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Issue.id))
    """The issue's id, under the name it has in `issues`: queries fit both."""
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime] = mapped_column(server_default=INFINITY)


class IssueStay(Base):
    """An issue at a status, from `entered_at` up to, and without, `left_at`.

    Told by the event log, and kept by a trigger with every event. Also a stay that ended at the
    instant it began is there: the issue has been at that status.
    """

    __tablename__ = "issue_stays"
    __table_args__ = (
        PrimaryKeyConstraint("issue_id", "number"),
        Index(
            "ix_issue_stays_status_entered_at",
            "status",
            "entered_at",
            postgresql_include=["issue_id", "left_at"],
        ),
        Index(
            "ix_issue_stays_reopened",
            "left_at",
            postgresql_include=["issue_id", "entered_at"],
            postgresql_where=text("status = 'done' AND left_at < 'infinity'"),
        ),
        Index(
            "ix_issue_stays_standing",
            "status",
            "entered_at",
            postgresql_include=["issue_id"],
            postgresql_where=text("left_at = 'infinity'"),
        ),
        {"info": {"archived": False}},
    )

    issue_id: Mapped[int] = mapped_column(BigInteger)
    """No foreign key: an archive brings events before issues."""
    number: Mapped[int]
    """From 1, in the order in which they came."""
    project_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime]
    last_before: Mapped[datetime | None]
    """The last instant of the stay before at the same status."""


def _milestone(name: str) -> Index:
    return Index(
        f"ix_issue_milestones_{name}",
        name,
        postgresql_include=["issue_id"],
        postgresql_where=text(f"{name} IS NOT NULL"),
    )


class IssueMilestones(Base):
    """When an issue was first triaged or further, first in progress, first answered by others.

    An answer is a comment by somebody who is known, is not the reporter, and is no job and no bot
    (a login that ends with `[bot]`). Told and kept as `IssueStay` is.
    """

    __tablename__ = "issue_milestones"
    __table_args__ = (
        *map(_milestone, ("triaged_at", "started_at", "responded_at")),
        {"info": {"archived": False}},
    )

    issue_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(BigInteger)
    triaged_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]


class _Tally:
    """How many more issues there are of a kind, or fewer: the sum of its rows is how many.

    Triggers add the rows.
    """

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    severity: Mapped[str | None]
    number: Mapped[int] = mapped_column(BigInteger)


class IssueTally(_Tally, Base):
    """Issues of a project, status, severity and assignee."""

    __tablename__ = "issue_tallies"
    __table_args__ = (
        Index(
            "ix_issue_tallies_counted",
            "project_id",
            "status",
            postgresql_include=["severity", "assignee_id", "number"],
        ),
        {"info": {"archived": False}},
    )

    assignee_id: Mapped[int | None] = mapped_column(BigInteger)


class LabelTally(_Tally, Base):
    """Issues of a project, status and severity that carry a label."""

    __tablename__ = "label_tallies"
    __table_args__ = (
        Index("ix_label_tallies_project_id_status", "project_id", "status"),
        {"info": {"archived": False}},
    )

    label: Mapped[str] = mapped_column(Text)


class IssueRelation(Base):
    """What one issue was to another from `valid_from` up to, and without, `valid_to`.

    `related` goes both ways: it begins with the lower id. A relation that is taken away and put
    back by an undo keeps its id, and `created_at` is when it began at first.
    """

    __tablename__ = "issue_relations"
    __table_args__ = (
        PrimaryKeyConstraint("id", "valid_from"),
        CheckConstraint("kind IN ('duplicate_of', 'blocks', 'related')", name="kind"),
        CheckConstraint("from_id <> to_id", name="two"),
        CheckConstraint("valid_from <= valid_to", name="range"),
        Index(
            "ix_issue_relations_standing",
            "from_id",
            "kind",
            "to_id",
            unique=True,
            postgresql_where=text("valid_to = 'infinity'"),
        ),
        Index("ix_issue_relations_from_id_kind", "from_id", "kind"),
        Index("ix_issue_relations_to_id_kind", "to_id", "kind"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False))
    from_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Issue.id))
    kind: Mapped[str]
    to_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Issue.id))
    created_at: Mapped[datetime]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime] = mapped_column(server_default=INFINITY)


class IssueText(Base):
    """The description of an issue as it is now; earlier ones are in the event log."""

    __tablename__ = "issue_texts"

    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Issue.id), primary_key=True)
    description: Mapped[str] = mapped_column(Text, server_default="")


class Comment(Base):
    """A comment; one that was removed stays, marked, for what is asked of the past."""

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_issue_id_id", "issue_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Project.id))
    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Issue.id))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(User.id))
    body: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class SearchDocument(Base):
    """The words of one text (title and description, or one comment) while they stood there."""

    __tablename__ = "search_documents"
    __table_args__ = (
        Index("ix_search_documents_issue_id", "issue_id", "comment_id", "valid_from"),
        Index("ix_search_documents_search", "search", postgresql_using="gin"),
        Index(
            "ix_search_documents_search_current",
            "search",
            postgresql_using="gin",
            postgresql_where=text("valid_to = 'infinity'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Project.id))
    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Issue.id))
    comment_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Comment.id))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime] = mapped_column(server_default=INFINITY)
    search: Mapped[str] = mapped_column(TSVECTOR)


class Label(Base):
    """A label known to a project, offered where labels are chosen."""

    __tablename__ = "labels"
    __table_args__ = (PrimaryKeyConstraint("project_id", "name"),)

    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Project.id))
    name: Mapped[str]


class ImportedRow(Base):
    """A row of another tracker's file, which issue it became, and what it said when last read."""

    __tablename__ = "imported_rows"
    __table_args__ = (PrimaryKeyConstraint("project_id", "source", "external_id"),)

    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Project.id))
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Issue.id))
    digest: Mapped[str] = mapped_column(Text)
    said: Mapped[dict[str, Any]] = mapped_column(JSONB)
