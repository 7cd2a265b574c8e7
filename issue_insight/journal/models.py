"""The table of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from issue_insight.auth.users import User
from issue_insight.db import Base


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name in SQL."""
        return "xid8"


class Event(Base):
    """One thing that happened. Rows are never updated or deleted (a trigger refuses it)."""

    __tablename__ = "events"
    __table_args__ = (
        Index(
            "ix_events_scope_id_subject_subject_id_id", "scope_id", "subject", "subject_id", "id"
        ),
        Index("ix_events_scope_id_at", "scope_id", "at"),
        Index("ix_events_change_set", "change_set"),
        Index("ix_events_tx", "tx"),
        Index("ix_events_recorded_at", "recorded_at", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    # Ids are taken before the commit, so their order is not the order of commits; a reader who
    # follows the log compares `tx` with the snapshot's horizon instead.
    tx: Mapped[int] = mapped_column(
        Xid8(), server_default=text("pg_current_xact_id()"), info={"archived": False}
    )
    at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    actor_kind: Mapped[str]
    change_set: Mapped[UUID]
    scope_id: Mapped[int | None] = mapped_column(BigInteger)
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    field: Mapped[str | None]
    old: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    new: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
