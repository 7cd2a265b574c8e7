"""The tables of packed issues. All of them are a cache: the log can remake them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from issue_insight.db import Base


class IssuePack(Base):
    """Some thousands of issues in columns: in each of them the values of all, one after another.

    Whoever reads a million of them reads a hundred rows, and only the columns asked for. `packing`
    says what is in a column, `packed` reads them.
    """

    __tablename__ = "issue_packs"
    __table_args__ = {"info": {"archived": False}}  # noqa: RUF012 (SQLAlchemy's own form)

    pack: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    made: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    """Another one each time it is made: of one that has been read before, nothing is other."""
    base: Mapped[int] = mapped_column(BigInteger)
    """The least of the ids; `id` holds how much more each is."""
    issues: Mapped[int]
    first_at: Mapped[datetime]
    """The first and the last instant of whatever is packed here."""
    last_at: Mapped[datetime]
    closed_first: Mapped[datetime]
    """Infinite where the issues are open."""
    closed_last: Mapped[datetime]
    id: Mapped[bytes]
    number: Mapped[bytes]
    project: Mapped[bytes]
    reporter: Mapped[bytes]
    assignee: Mapped[bytes]
    status: Mapped[bytes]
    severity: Mapped[bytes]
    resolution: Mapped[bytes]
    confidential: Mapped[bytes]
    created: Mapped[bytes]
    closed: Mapped[bytes]
    triaged: Mapped[bytes]
    started: Mapped[bytes]
    responded: Mapped[bytes]
    stays: Mapped[bytes]
    """How many stays each has; those of the first come first in the two that follow."""
    stay_status: Mapped[bytes]
    stay_entered: Mapped[bytes]
    finishes: Mapped[bytes]
    """How many times each became done, and those times in the same way."""
    finish_entered: Mapped[bytes]
    finish_left: Mapped[bytes]


class IssuePackChange(Base):
    """An issue that may not be what it was when it was packed; noted by triggers."""

    __tablename__ = "issue_pack_changes"
    __table_args__ = {"info": {"archived": False}}  # noqa: RUF012 (SQLAlchemy's own form)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    issue_id: Mapped[int] = mapped_column(BigInteger)


class IssuePacking(Base):
    """Since when every issue is packed, or noted as changed; no row where not all are."""

    __tablename__ = "issue_packing"
    __table_args__ = {"info": {"archived": False}}  # noqa: RUF012 (SQLAlchemy's own form)

    filled_at: Mapped[datetime] = mapped_column(primary_key=True)
