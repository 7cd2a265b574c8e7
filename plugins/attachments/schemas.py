"""What goes out about attachments, and what may be asked of a list of them."""

from enum import IntEnum
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
    width: int | None = Field(
        description="Of an image, in pixels as it is seen; null where its beginning does not tell."
    )
    height: int | None
    thumbnail: bool = Field(description="Whether a thumbnail can be asked for.")
    uploader: Uploader
    created_at: Instant
    removed_at: Instant | None = Field(
        description="When it was removed: only seen in a list of the past, and without content."
    )
    lost_at: Instant | None = Field(
        description="Since when the stored file is missing, which an administrator should look at."
    )


class AttachmentPage(Page[AttachmentRead]):
    """Files of an issue, in the order they came."""


class UploadCreate(Model):
    """A file that will be uploaded directly."""

    name: Annotated[str, Field(min_length=1, max_length=1024)] = Field(
        description="Made fit to show.", examples=["recording.webm"]
    )
    size: int = Field(
        ge=1,
        le=5 * 1024**4,  # the largest object of S3
        description="In bytes, exactly.",
        examples=[20_000_000],
    )
    content_type: str = Field(
        default="application/octet-stream",
        max_length=127,
        pattern=r"^[a-z0-9][a-z0-9!#&^_.+-]*/[a-z0-9][a-z0-9!#&^_.+-]*$",
        description="What it is said to be, in lower case; its bytes tell what it is.",
        examples=["video/webm"],
    )


class UploadRead(Model):
    """A form that the S3 server takes until it expires, for exactly this file."""

    id: int = Field(description="What to confirm, and then the attachment's own.")
    url: str = Field(description="Where to send the form as multipart/form-data, by POST.")
    fields: dict[str, str] = Field(description="All to be sent, before the last, `file`.")
    expires_at: Instant


class DownloadUrl(Model):
    """A URL that lets anybody download a file until it expires."""

    url: str
    expires_at: Instant


class ThumbnailSize(IntEnum):
    """The side of the square that a thumbnail fits in, in pixels."""

    SMALL = 64
    LARGE = 320


class ThumbnailQuery(Model):
    """Which thumbnail."""

    size: ThumbnailSize = ThumbnailSize.LARGE


class AttachmentListQuery(Model):
    """Which files."""

    as_of: AsOf = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None
