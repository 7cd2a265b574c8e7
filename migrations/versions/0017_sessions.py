"""Sessions seen, so that each sign-in is told once; the instant of recording has an index."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_first_seen_at", "sessions", ["first_seen_at"])
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    # A few kilobytes, and nearly nothing at each event: they are stored by this instant anyway.
    op.create_index(
        "ix_events_recorded_at", "events", ["recorded_at"], postgresql_using="brin"
    )


def downgrade() -> None:
    op.drop_index("ix_events_recorded_at", table_name="events")
    op.drop_table("sessions")
