"""Files that people upload straight to S3: announced, uploaded by a presigned form, confirmed.

Only what was confirmed is an attachment. The form stays usable until it expires, so that what it
has written is never what people are sent: confirming copies it, measured on the way, to a key that
no form was made for.
"""

import logging
from dataclasses import replace
from datetime import timedelta

from issue_insight.auth.principal import Principal
from issue_insight.db import unit_of_work
from issue_insight.errors import (
    Conflict,
    DomainError,
    FieldError,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedType,
)
from issue_insight.storage import Storage
from plugins.attachments import objects, services
from plugins.attachments.naming import display_name
from plugins.attachments.receiving import Facts, Measured, Pieces
from plugins.attachments.schemas import AttachmentRead, UploadCreate, UploadRead
from plugins.attachments.sniffing import belies
from plugins.attachments.transfers import deleted, drop

log = logging.getLogger(__name__)

EXPIRES = timedelta(minutes=15)
"""How long the form may be used: well within what the sweep leaves alone."""


def announce(
    storage: Storage, principal: Principal, issue_key: str, upload: UploadCreate, *, limit: int
) -> UploadRead:
    """Return the form by which the caller uploads a file of an issue, `limit` bytes at most.

    Raises `NotFound` unless the caller may see the issue, `TooLarge`, `Conflict` for too many
    uploads at once.
    """
    if upload.size > limit:
        raise TooLarge(f"A file may have {limit:,} bytes at most.")
    storage.have_bucket()
    announced = services.Announced(display_name(upload.name), upload.size, upload.content_type)
    with unit_of_work() as session:
        begun = services.begin(session, principal, issue_key, announced)
    form = storage.presigned_post(
        begun.object_key, size=upload.size, content_type=upload.content_type, expires=EXPIRES
    )
    return UploadRead(id=begun.id, url=form.url, fields=form.fields, expires_at=form.expires_at)


def confirm(storage: Storage, principal: Principal, attachment_id: int) -> AttachmentRead:
    """Make an attachment of what the caller has uploaded; confirmed twice, it is so once.

    Raises `NotFound` for what the caller has not announced or where the issue has gone from their
    sight, `Conflict` while nothing is uploaded, `UnsupportedType` for another kind of file than
    was announced. Of what is refused nothing stays.
    """
    with unit_of_work() as session:
        begun = services.announced_by(session, principal, attachment_id)
        if begun.announced is None:
            return services.confirmed(session, principal, attachment_id)
    kept = replace(begun, object_key=objects.new_key(objects.STORED))
    try:
        with unit_of_work() as session:
            services.must_see(session, principal, begun)
        facts = _copied(storage, begun, begun.announced, kept.object_key)
        with unit_of_work() as session:
            made = services.complete(
                session, principal, kept, raw_name=begun.announced.name, facts=facts
            )
            won = services.is_object_of(session, attachment_id, kept.object_key)
    except _NotThere:
        # Unless it was confirmed this very moment, and so is no longer there.
        with unit_of_work() as session:
            if services.announced_by(session, principal, attachment_id).announced is None:
                return services.confirmed(session, principal, attachment_id)
        raise
    except Unavailable:
        # Worth another try: nothing is lost but the copy, if there is one.
        deleted(storage, kept.object_key)
        raise
    except DomainError:
        deleted(storage, kept.object_key)
        drop(storage, begun)
        raise
    deleted(storage, begun.object_key if won else kept.object_key)
    return made


class _NotThere(Conflict):
    """Nothing was uploaded so far."""


def _copied(
    storage: Storage, begun: services.Begun, announced: services.Announced, key: str
) -> Facts:
    """Copy the upload to `key` and return what its bytes tell."""
    try:
        upload = storage.get(begun.object_key)
    except NotFound as error:
        raise _NotThere("The file has not been uploaded yet.") from error
    measured = Measured(Pieces(iter(upload)), announced.size)
    storage.put_stream(key, measured)
    facts = measured.facts
    # The S3 server was told so already; it need not have listened.
    if facts.size != announced.size:
        raise Invalid(
            "The file is not the one that was announced.",
            [FieldError("/size", f"is {announced.size}, and {facts.size} bytes were uploaded")],
        )
    if belies(announced.content_type, facts.content_type):
        raise UnsupportedType(
            f"The file was announced as {announced.content_type}, and is {facts.content_type}."
        )
    return facts
