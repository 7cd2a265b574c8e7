"""The event log refuses TRUNCATE, too."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Triggers of rows do not see TRUNCATE.
    op.execute("""
        CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
            FOR EACH STATEMENT EXECUTE FUNCTION events_are_append_only()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER events_are_not_truncated ON events")
