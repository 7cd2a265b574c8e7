"""Idempotency-Key: a creation that is sent again, after a lost answer, happens once.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/

The key, what was asked and the answer are written in the transaction of the creation itself: a
crash leaves all of it or nothing, and of two requests at once the second waits for the first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import orjson
from flask import Response, request
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    and_,
    delete,
    not_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from issue_insight import clock
from issue_insight.auth.principal import current_principal
from issue_insight.auth.users import User
from issue_insight.db import Base, unit_of_work
from issue_insight.errors import FieldError, Invalid

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(hours=24)
KEY_MAX = 255
_TIDIED = 20
"""How many outlived keys go with each new one: more than come, so that they never pile up."""


class IdempotencyKey(Base):
    """A key of one person's request, with what was asked and answered."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index("ix_idempotency_keys_created_at", "created_at"),
        {"info": {"archived": "in backups"}},
    )

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(User.id), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    asked: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the address and the content."""
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Null only inside the transaction that is finding it out."""
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Claim:
    """The key of the present request, of the person who sent it; without one nothing is kept."""

    user_id: int
    key: str

    def once(
        self, session: Session, content: Iterable[bytes], make: Callable[[], bytes]
    ) -> tuple[bytes, bool]:
        """Return what `make` gave the first time, and whether that was an earlier request.

        `content` is what was asked. Raises `Invalid` where the key was used for something else.
        `make` works in the transaction of `session`; what it raises frees the key again.
        """
        asked = _digest(content)
        if not self._take(session, asked):
            first = session.execute(
                select(IdempotencyKey.asked, IdempotencyKey.answer).where(self._mine())
            ).one()
            if first.asked != asked or first.answer is None:
                raise Invalid(
                    "This Idempotency-Key was used for another request.",
                    [FieldError(HEADER, "use a new key for a new request")],
                )
            return first.answer, True
        answer = make()
        session.execute(update(IdempotencyKey).where(self._mine()).values(answer=answer))
        return answer, False

    def _take(self, session: Session, asked: bytes) -> bool:
        now = clock.now()
        outlived = IdempotencyKey.created_at < now - KEPT_FOR
        old = (
            select(IdempotencyKey.user_id, IdempotencyKey.key)
            .where(outlived, not_(self._mine()))
            .limit(_TIDIED)
            .with_for_update(skip_locked=True)
            .subquery()
        )
        session.execute(
            delete(IdempotencyKey).where(
                tuple_(IdempotencyKey.user_id, IdempotencyKey.key).in_(select(old))
            )
        )
        row = {"asked": asked, "answer": None, "created_at": now}
        taken = session.execute(
            insert(IdempotencyKey)
            .values(user_id=self.user_id, key=self.key, **row)
            .on_conflict_do_update(index_elements=["user_id", "key"], set_=row, where=outlived)
            .returning(IdempotencyKey.key)
        )
        return taken.one_or_none() is not None

    def _mine(self) -> ColumnElement[bool]:
        return and_(IdempotencyKey.user_id == self.user_id, IdempotencyKey.key == self.key)


def _digest(content: Iterable[bytes]) -> bytes:
    digest = sha256()
    for part in content:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def claimed() -> Claim | None:
    """Return the claim of the present request. Raises `Invalid` for a key that is none."""
    given = request.headers.get(HEADER)
    if given is None:
        return None
    key = given.strip().removeprefix('"').removesuffix('"')
    if not (0 < len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        raise Invalid(
            "The request is not valid.",
            [FieldError(HEADER, f"must be 1 to {KEY_MAX} printable ASCII characters")],
        )
    user_id = current_principal().user_id
    return None if user_id is None else Claim(user_id, key)


def address() -> bytes:
    """Return what the present request is addressed to: its method and path."""
    return f"{request.method} {request.path}".encode()


def answered_once(content: Iterable[bytes], make: Callable[[], Response]) -> Response:
    """Answer the present request by `make`, or as it was answered the first time."""
    claim = claimed()
    if claim is None:
        return make()

    def packed() -> bytes:
        response = make()
        return orjson.dumps(
            [response.status_code, list(response.headers), response.get_data(as_text=True)]
        )

    with unit_of_work() as session:
        kept, replayed = claim.once(session, (address(), *content), packed)
    status, headers, body = orjson.loads(kept)
    response = Response(body, status, headers)
    if replayed:
        response.headers[REPLAYED] = "true"
    return response
