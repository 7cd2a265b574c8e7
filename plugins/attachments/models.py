"""The table of attachments: what is known of a file; its bytes are an object in S3."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issue_insight.db import Base


class Attachment(Base):
    """A file of an issue, through its life: begun, stored, removed, purged.

    A row that is only begun is nothing yet: nobody is shown it. One that was removed stays, for
    what is asked of the past, while its object goes.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        CheckConstraint(
            "num_nulls(stored_at, name, size, sha256, content_type) IN (0, 5)",
            name="stored_whole",
        ),
        CheckConstraint("removed_at IS NULL OR stored_at IS NOT NULL", name="removed_once_stored"),
        CheckConstraint("purged_at IS NULL OR removed_at IS NOT NULL", name="purged_once_removed"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("num_nulls(width, height) IN (0, 2)", name="width_and_height"),
        CheckConstraint("lost_at IS NULL OR stored_at IS NOT NULL", name="lost_once_stored"),
        Index("ix_attachments_issue_id_id", "issue_id", "id"),
        # What the sweep looks for, and nothing else: a few rows at any time.
        Index(
            "ix_attachments_unfinished",
            "begun_at",
            postgresql_where=text(
                "stored_at IS NULL OR (removed_at IS NOT NULL AND purged_at IS NULL)"
            ),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id"))
    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issues.id"))
    uploader_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    object_key: Mapped[str] = mapped_column(Text(collation="C"), unique=True, info={"object": True})
    """In the order of bytes, which is the order in which S3 lists."""
    announced: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What was said of a file that is uploaded directly, before anybody has seen its bytes."""
    name: Mapped[str | None] = mapped_column(Text)
    content_type: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(Text)
    width: Mapped[int | None]
    height: Mapped[int | None]
    thumbnail: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether a thumbnail can be drawn, as far as one knows."""
    begun_at: Mapped[datetime]
    stored_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    purged_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    """When a sweep first missed the object; none again once it is back."""
