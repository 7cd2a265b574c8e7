"""PostgreSQL through SQLAlchemy: the one `db`, the base of all tables, the unit of work."""

from issue_insight.db.base import Base, UtcDateTime, db
from issue_insight.db.uow import reading, transactions, unit_of_work

__all__ = ["Base", "UtcDateTime", "db", "reading", "transactions", "unit_of_work"]
