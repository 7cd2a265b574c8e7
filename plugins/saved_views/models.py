"""The tables of saved views, and of which one each person begins with."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from issue_insight.auth.users import User
from issue_insight.db import Base


class SavedView(Base):
    """A filter under a name, with its order and how its issues are shown."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("owner_id", "name"),
        CheckConstraint("layout IN ('list', 'board')", name="layout"),
        CheckConstraint("density IN ('comfortable', 'compact')", name="density"),
        CheckConstraint("lanes IN ('none', 'severity')", name="lanes"),
        Index("ix_saved_views_shared", "position", "id", postgresql_where=text("shared")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(User.id))
    name: Mapped[str] = mapped_column(Text)
    q: Mapped[str] = mapped_column(Text)
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    layout: Mapped[str]
    density: Mapped[str | None]
    lanes: Mapped[str | None]
    shared: Mapped[bool]
    position: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DefaultView(Base):
    """The view that a person begins with. It goes with the view, and with its being shared."""

    __tablename__ = "default_views"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(User.id), primary_key=True)
    view_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(SavedView.id, ondelete="CASCADE"), index=True
    )
