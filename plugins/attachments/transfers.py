"""Moving files between people and S3, with the database knowing of each at every moment.

No transaction is open while bytes travel. An upload is a row first, then an object, then a whole
row with its event; whatever stops in between, `sweeping` finds.
"""

import logging
from collections.abc import Callable

from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.db import unit_of_work
from issue_insight.errors import DomainError, Unavailable
from issue_insight.http.idempotency import Claim
from issue_insight.storage import Storage
from plugins.attachments import objects, services
from plugins.attachments.receiving import IncomingFile, Measured
from plugins.attachments.schemas import AttachmentRead

log = logging.getLogger(__name__)


def upload(
    storage: Storage,
    principal: Principal,
    issue_key: str,
    open_file: Callable[[], IncomingFile],
    *,
    limit: int,
    claim: Claim | None = None,
) -> AttachmentRead:
    """Attach what `open_file` gives, `limit` bytes at most, to an issue.

    The body is not touched before it is known that the caller may see the issue (`NotFound`).
    Raises what `IncomingFile` and `Measured` raise, and `Unavailable` when S3 does not answer.
    """
    with unit_of_work() as session:
        begun = services.begin(session, principal, issue_key)
    try:
        file = open_file()
        measured = Measured(file, limit)
        storage.put_stream(begun.object_key, measured)
    except Unavailable:
        # The object may be there or not: the row stays, so that the sweep removes both.
        raise
    except Exception:
        with unit_of_work() as session:
            services.abandon(session, begun)
        raise

    def complete(session: Session) -> AttachmentRead:
        return services.complete(
            session,
            principal,
            begun,
            raw_name=file.name,
            facts=measured.facts,
        )

    try:
        with unit_of_work() as session:
            if claim is None:
                return complete(session)
            asked = (
                issue_key.encode(),
                file.name.encode(errors="surrogatepass"),
                measured.sha256.encode(),
            )
            kept, replayed = claim.once(
                session, asked, lambda: complete(session).model_dump_json().encode()
            )
    except DomainError:
        # Refused, so certainly not stored. After a failure of the database one cannot know: a
        # commit whose answer was lost is a commit, and its object has to stay.
        drop(storage, begun)
        raise
    if replayed:
        drop(storage, begun)
    return AttachmentRead.model_validate_json(kept)


def remove(storage: Storage, principal: Principal, attachment_id: int) -> None:
    """Remove an attachment; its object at once if S3 answers, with the next sweep if not."""
    with unit_of_work() as session:
        object_key = services.remove(session, principal, attachment_id)
    if deleted(storage, object_key):
        with unit_of_work() as session:
            services.purged(session, attachment_id)


def drop(storage: Storage, begun: services.Begun) -> None:
    """Forget an upload that came to nothing, and its object; the sweep does what S3 will not."""
    if deleted(storage, begun.object_key):
        with unit_of_work() as session:
            services.abandon(session, begun)


def deleted(storage: Storage, object_key: str) -> bool:
    """Delete an object with its thumbnails; tell whether S3 did, or leaves it to the sweep."""
    try:
        for key in objects.all_of(object_key):
            storage.delete(key)
    except Unavailable:
        log.warning("an object stays until the next sweep: %s", object_key)
        return False
    return True
