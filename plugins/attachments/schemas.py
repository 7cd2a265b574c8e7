"""What goes out about attachments, and what may be asked of a list of them."""

from typing import Annotated

from pydantic import Field

from issue_insight.http.paging import Page
from issue_insight.http.schema import Instant, Model
from plugins.issues.api import AsOf


class Uploader(Model):
    """Who attached a file."""

    id: int
    name: str


class AttachmentRead(Model):
    """A file of an issue."""

    id: int
    issue: str = Field(description="The issue's key.", examples=["WEB-42"])
    name: str = Field(description="Fit to show in one line.", examples=["screenshot.png"])
    size: int = Field(ge=1, description="In bytes.")
    content_type: str = Field(
        description="Told from the bytes; `application/octet-stream` for all but a few types.",
        examples=["image/png"],
    )
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of the bytes, in hexadecimal.")
    uploader: Uploader
    created_at: Instant
    removed_at: Instant | None = Field(
        description="When it was removed: only seen in a list of the past, and without content."
    )


class AttachmentPage(Page[AttachmentRead]):
    """Files of an issue, in the order they came."""


class AttachmentListQuery(Model):
    """Which files."""

    as_of: AsOf = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None
