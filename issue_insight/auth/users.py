"""The users' table: one row for each person an identity provider has vouched for."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Identity,
    Index,
    UniqueConstraint,
    func,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from issue_insight.db import Base


class User(Base):
    """A person. Identity is issuer and subject; name and e-mail address may change."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("role IN ('reporter', 'maintainer', 'admin')", name="role"),
        Index("ix_users_email_lower", text("lower(email)")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str | None]
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[str] = mapped_column(default="reporter", server_default="reporter")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    # Of when name and address are, as the provider says: its messages may come out of order.
    profile_at: Mapped[datetime | None]


def goes_by(who: str) -> ColumnElement[bool]:
    """Return the condition for users with that e-mail address or subject, removed or not."""
    return or_(func.lower(User.email) == who.lower(), User.subject == who)
