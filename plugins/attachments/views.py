"""The HTTP API of attachments."""

from typing import Any, cast

from flask import Response, current_app, request, url_for

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import unit_of_work
from issue_insight.http import idempotency
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.paging import cursors
from issue_insight.http.rate_limits import costly
from issue_insight.settings import Settings
from issue_insight.storage import Storage
from plugins.attachments import direct, policy, queries, sending, thumbnails, transfers
from plugins.attachments.receiving import IncomingFile
from plugins.attachments.schemas import (
    AttachmentListQuery,
    AttachmentPage,
    AttachmentRead,
    DownloadUrl,
    ThumbnailQuery,
    UploadCreate,
    UploadRead,
)
from plugins.issues.api import parse_as_of

blp = Blueprint("attachments", __name__, description="Files of issues.")


def _storage() -> Storage:
    return cast(Storage, current_app.extensions["issue_insight"].storage)


def _settings() -> Settings:
    return cast(Settings, current_app.extensions["issue_insight"].settings)


@blp.post("/issues/<key>/attachments")
@blp.uploads("file")
@costly("uploads")
@blp.idempotent
@blp.response(201, AttachmentRead, headers=("Location",))
@blp.problems(404, 409)
@requires(policy.ATTACH)
def attach_file(key: str) -> Any:
    """Attach a file to an issue.

    Send one file. Its type is told from its bytes; its name is kept, made fit to show.
    """
    attachment = transfers.upload(
        _storage(),
        current_principal(),
        key,
        lambda: IncomingFile(request.stream, request.headers.get("Content-Type", "")),
        limit=_settings().attachment_max_bytes,
        claim=idempotency.claimed(),
    )
    location = url_for("attachments.get_attachment", attachment_id=attachment.id)
    return attachment, 201, {"Location": location}


@blp.post("/issues/<key>/attachments/uploads")
@blp.arguments(UploadCreate)
@costly("uploads")
@blp.idempotent
@blp.response(201, UploadRead)
@blp.problems(404, 409, 413)
@requires(policy.ATTACH)
def create_upload(data: UploadCreate, key: str) -> Any:
    """Announce a file that is uploaded directly to the S3 server.

    The server takes the file with the form that is answered, and no other; then confirm it. What
    is not confirmed within the hour is gone.
    """
    limit = _settings().attachment_max_bytes
    form = direct.announce(_storage(), current_principal(), key, data, limit=limit)
    return form, 201, {"Cache-Control": "no-store"}


@blp.post("/attachments/<int:attachment_id>/confirm")
@blp.idempotent
@blp.response(200, AttachmentRead)
@blp.problems(404, 409, 413, 415)
@requires(policy.ATTACH)
def confirm_upload(attachment_id: int) -> Any:
    """Make an attachment of a file that was uploaded directly.

    Its type and hash are told from its bytes. Confirming again answers the same.
    """
    return direct.confirm(_storage(), current_principal(), attachment_id)


@blp.get("/issues/<key>/attachments")
@blp.arguments(AttachmentListQuery, location="query")
@blp.response(200, AttachmentPage)
@blp.problems(404)
@requires(policy.READ)
def list_attachments(query: AttachmentListQuery, key: str) -> Any:
    """List the files of an issue, now or as of an instant."""
    with unit_of_work() as session:
        return queries.of_issue(
            session,
            current_principal(),
            key,
            as_of=parse_as_of(query.as_of, _settings().zone),
            limit=query.limit,
            cursor=query.cursor,
            signer=cursors(),
        )


@blp.get("/attachments/<int:attachment_id>")
@blp.response(200, AttachmentRead)
@blp.problems(404)
@requires(policy.READ)
def get_attachment(attachment_id: int) -> Any:
    """Get what is known of an attachment."""
    with unit_of_work() as session:
        return queries.one(session, current_principal(), attachment_id)


@blp.get("/attachments/<int:attachment_id>/content")
@blp.header("Range", "One range of bytes, such as `bytes=0-499`.")
@blp.header("If-Range", "The ETag the range is of; the whole is sent if it is another.")
@blp.header("If-None-Match", "An ETag already known: 304 if it still holds.")
@blp.response(
    200,
    content_type="*/*",
    description="The file, in the attachment's own content type",
    headers=("ETag", "Content-Disposition"),
)
@blp.response(206, content_type="*/*", description="The range asked for")
@blp.response(304, description="What is known still holds")
@blp.problems(404, 416)
@requires(policy.READ)
def get_attachment_content(attachment_id: int) -> Response:
    """Download an attachment."""
    with unit_of_work() as session:
        attachment, object_key = queries.with_object(session, current_principal(), attachment_id)
    storage = _storage()
    return sending.content(
        attachment, lambda start, length: storage.get(object_key, start=start, length=length)
    )


@blp.get("/attachments/<int:attachment_id>/thumbnail")
@blp.arguments(ThumbnailQuery, location="query")
@blp.header("If-None-Match", "An ETag already known: 304 if it still holds.")
@blp.response(
    200, content_type="image/webp", description="The image, made small", headers=("ETag",)
)
@blp.response(304, description="What is known still holds")
@blp.problems(404)
@requires(policy.READ)
def get_attachment_thumbnail(query: ThumbnailQuery, attachment_id: int) -> Response:
    """Get a small picture of an image: upright, in WebP, with nothing of the file but its pixels.

    Where `thumbnail` is false there is none (404).
    """
    with unit_of_work() as session:
        attachment, object_key = queries.with_object(session, current_principal(), attachment_id)
    storage = _storage()
    return sending.thumbnail(
        attachment,
        query.size,
        lambda: thumbnails.thumbnail(storage, attachment, object_key, query.size),
    )


@blp.get("/attachments/<int:attachment_id>/url")
@blp.response(200, DownloadUrl)
@blp.problems(404)
@requires(policy.READ)
def get_attachment_url(attachment_id: int) -> Any:
    """Get a URL to download an attachment directly from the S3 server.

    Anybody who has the URL may use it until it expires; it is always a download.
    """
    with unit_of_work() as session:
        attachment, object_key = queries.with_object(session, current_principal(), attachment_id)
    answer = sending.presigned(_storage(), attachment, object_key)
    return answer, 200, {"Cache-Control": "no-store"}


@blp.delete("/attachments/<int:attachment_id>")
@blp.response(204)
@blp.problems(404)
@requires(policy.ATTACH)
def remove_attachment(attachment_id: int) -> Any:
    """Remove an attachment: one's own, or any for maintainers. Its past stays, without content."""
    transfers.remove(_storage(), current_principal(), attachment_id)
    return None, 204
