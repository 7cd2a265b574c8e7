"""The table of API tokens. The token itself is nowhere in it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from issue_insight.auth.users import User
from issue_insight.db import Base


class ApiToken(Base):
    """A token of one person. A revoked one stays, for the log speaks of it."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        CheckConstraint("scope IN ('read', 'write', 'admin')", name="scope"),
        Index("ix_api_tokens_owner_id", "owner_id"),
        # An archive may be opened elsewhere: what lets people in stays here.
        {"info": {"archived": "in backups"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(User.id))
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scope: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
