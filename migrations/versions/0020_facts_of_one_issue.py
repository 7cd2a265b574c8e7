"""Facts follow each issue by itself: a join with what is told of all would read all of it."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FOLLOW = """
CREATE OR REPLACE FUNCTION issue_facts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched record;
BEGIN
    -- Each issue anew from its own few events: what is told late finds its place as well. There
    -- are never fewer stays than before, for the log only grows.
    FOR touched IN
        SELECT scope_id, subject_id, bool_or(kind <> 'commented') AS moved
        FROM fresh WHERE subject = 'issue'
        AND (kind IN ('created', 'commented') OR (kind = 'changed' AND field = 'status'))
        GROUP BY scope_id, subject_id
    LOOP
        IF touched.moved THEN
            INSERT INTO issue_stays AS kept
                (issue_id, number, project_id, status, entered_at, left_at, last_before)
            SELECT issue_id, number, project_id, status, entered_at, left_at, last_before
            FROM issue_stays_told
            WHERE project_id = touched.scope_id AND issue_id = touched.subject_id
            ON CONFLICT (issue_id, number) DO UPDATE
            SET status = excluded.status, entered_at = excluded.entered_at,
                left_at = excluded.left_at, last_before = excluded.last_before
            WHERE (kept.status, kept.entered_at, kept.left_at, kept.last_before)
                IS DISTINCT FROM
                (excluded.status, excluded.entered_at, excluded.left_at, excluded.last_before);
        END IF;
        INSERT INTO issue_milestones AS kept
            (issue_id, project_id, triaged_at, started_at, responded_at)
        SELECT issue_id, project_id, triaged_at, started_at, responded_at
        FROM issue_milestones_told
        WHERE project_id = touched.scope_id AND issue_id = touched.subject_id
        ON CONFLICT (issue_id) DO UPDATE
        SET triaged_at = excluded.triaged_at, started_at = excluded.started_at,
            responded_at = excluded.responded_at
        WHERE (kept.triaged_at, kept.started_at, kept.responded_at)
            IS DISTINCT FROM (excluded.triaged_at, excluded.started_at, excluded.responded_at);
    END LOOP;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(FOLLOW)


def downgrade() -> None:
    """Keep the function: it keeps the same facts."""
