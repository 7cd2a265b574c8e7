"""Whoever listens is told of new events, by one transaction at a time."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# A transaction that notifies takes a lock over the whole cluster while it commits, so that many
# would queue. Only who gets the advisory lock notifies; the others are seen by the follower, which
# looks again as long as transactions are under way: one that was refused here had its number
# before the holder's notice went out.
TOLD = """
CREATE FUNCTION events_are_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_try_advisory_xact_lock(4931, 1) THEN
        PERFORM pg_notify('issue_insight_events', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER events_are_told AFTER INSERT ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_are_told();
"""


def upgrade() -> None:
    op.execute(TOLD)


def downgrade() -> None:
    op.execute("DROP TRIGGER events_are_told ON events; DROP FUNCTION events_are_told();")
