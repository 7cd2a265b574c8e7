"""Stays know when the issue was last at the same status, and where issues stand is indexed."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TOLD = """
DROP VIEW issue_stays_told;
CREATE VIEW issue_stays_told AS
SELECT
    issue_id, number, project_id, status, entered_at, left_at,
    lag(greatest(entered_at, left_at - interval '1 microsecond')) OVER (
        PARTITION BY project_id, issue_id, status ORDER BY number
    ) AS last_before
FROM (
    SELECT
        subject_id AS issue_id,
        CAST(row_number() OVER told AS integer) AS number,
        scope_id AS project_id,
        CASE kind WHEN 'created' THEN new ->> 'status' ELSE new #>> '{}' END AS status,
        at AS entered_at,
        lead(at, 1, 'infinity') OVER told AS left_at
    FROM events
    WHERE subject = 'issue' AND (kind = 'created' OR (kind = 'changed' AND field = 'status'))
    WINDOW told AS (PARTITION BY scope_id, subject_id ORDER BY at, id)
) AS stays;
"""

KEPT = """
CREATE OR REPLACE FUNCTION issue_facts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM fresh WHERE subject = 'issue'
        AND (kind IN ('created', 'commented') OR (kind = 'changed' AND field = 'status'))
    ) THEN
        RETURN NULL;
    END IF;
    -- Each issue anew from its own few events: what is told late finds its place as well. There
    -- are never fewer stays than before, for the log only grows.
    INSERT INTO issue_stays AS kept
        (issue_id, number, project_id, status, entered_at, left_at, last_before)
    SELECT
        told.issue_id, told.number, told.project_id, told.status, told.entered_at, told.left_at,
        told.last_before
    FROM (
        SELECT DISTINCT scope_id, subject_id FROM fresh WHERE subject = 'issue'
        AND (kind = 'created' OR (kind = 'changed' AND field = 'status'))
    ) AS touched
    CROSS JOIN LATERAL (
        SELECT * FROM issue_stays_told
        WHERE project_id = touched.scope_id AND issue_id = touched.subject_id
    ) AS told
    ON CONFLICT (issue_id, number) DO UPDATE
    SET status = excluded.status, entered_at = excluded.entered_at, left_at = excluded.left_at,
        last_before = excluded.last_before
    WHERE (kept.status, kept.entered_at, kept.left_at, kept.last_before)
        IS DISTINCT FROM
        (excluded.status, excluded.entered_at, excluded.left_at, excluded.last_before);
    INSERT INTO issue_milestones AS kept
        (issue_id, project_id, triaged_at, started_at, responded_at)
    SELECT told.issue_id, told.project_id, told.triaged_at, told.started_at, told.responded_at
    FROM (
        SELECT DISTINCT scope_id, subject_id FROM fresh WHERE subject = 'issue'
        AND (kind IN ('created', 'commented') OR (kind = 'changed' AND field = 'status'))
    ) AS touched
    CROSS JOIN LATERAL (
        SELECT * FROM issue_milestones_told
        WHERE project_id = touched.scope_id AND issue_id = touched.subject_id
    ) AS told
    ON CONFLICT (issue_id) DO UPDATE
    SET triaged_at = excluded.triaged_at, started_at = excluded.started_at,
        responded_at = excluded.responded_at
    WHERE (kept.triaged_at, kept.started_at, kept.responded_at)
        IS DISTINCT FROM (excluded.triaged_at, excluded.started_at, excluded.responded_at);
    RETURN NULL;
END $$;
"""

FILL = """
UPDATE issue_stays AS kept SET last_before = told.last_before
FROM issue_stays_told AS told
WHERE told.issue_id = kept.issue_id AND told.number = kept.number
    AND told.last_before IS NOT NULL;
"""


def upgrade() -> None:
    op.add_column("issue_stays", sa.Column("last_before", sa.DateTime(timezone=True)))
    op.execute(TOLD)
    op.execute(KEPT)
    op.execute(FILL)
    op.create_index(
        "ix_issue_stays_standing",
        "issue_stays",
        ["status", "entered_at"],
        postgresql_include=["issue_id"],
        postgresql_where=sa.text("left_at = 'infinity'"),
    )


TOLD_BEFORE = """
DROP VIEW issue_stays_told;
CREATE VIEW issue_stays_told AS
SELECT
    subject_id AS issue_id,
    CAST(row_number() OVER told AS integer) AS number,
    scope_id AS project_id,
    CASE kind WHEN 'created' THEN new ->> 'status' ELSE new #>> '{}' END AS status,
    at AS entered_at,
    lead(at, 1, 'infinity') OVER told AS left_at
FROM events
WHERE subject = 'issue' AND (kind = 'created' OR (kind = 'changed' AND field = 'status'))
WINDOW told AS (PARTITION BY scope_id, subject_id ORDER BY at, id);
"""

KEPT_BEFORE = """
CREATE OR REPLACE FUNCTION issue_facts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM fresh WHERE subject = 'issue'
        AND (kind IN ('created', 'commented') OR (kind = 'changed' AND field = 'status'))
    ) THEN
        RETURN NULL;
    END IF;
    -- Each issue anew from its own few events: what is told late finds its place as well. There
    -- are never fewer stays than before, for the log only grows.
    INSERT INTO issue_stays AS kept (issue_id, number, project_id, status, entered_at, left_at)
    SELECT told.issue_id, told.number, told.project_id, told.status, told.entered_at, told.left_at
    FROM (
        SELECT DISTINCT scope_id, subject_id FROM fresh WHERE subject = 'issue'
        AND (kind = 'created' OR (kind = 'changed' AND field = 'status'))
    ) AS touched
    CROSS JOIN LATERAL (
        SELECT * FROM issue_stays_told
        WHERE project_id = touched.scope_id AND issue_id = touched.subject_id
    ) AS told
    ON CONFLICT (issue_id, number) DO UPDATE
    SET status = excluded.status, entered_at = excluded.entered_at, left_at = excluded.left_at
    WHERE (kept.status, kept.entered_at, kept.left_at)
        IS DISTINCT FROM (excluded.status, excluded.entered_at, excluded.left_at);
    INSERT INTO issue_milestones AS kept
        (issue_id, project_id, triaged_at, started_at, responded_at)
    SELECT told.issue_id, told.project_id, told.triaged_at, told.started_at, told.responded_at
    FROM (
        SELECT DISTINCT scope_id, subject_id FROM fresh WHERE subject = 'issue'
        AND (kind IN ('created', 'commented') OR (kind = 'changed' AND field = 'status'))
    ) AS touched
    CROSS JOIN LATERAL (
        SELECT * FROM issue_milestones_told
        WHERE project_id = touched.scope_id AND issue_id = touched.subject_id
    ) AS told
    ON CONFLICT (issue_id) DO UPDATE
    SET triaged_at = excluded.triaged_at, started_at = excluded.started_at,
        responded_at = excluded.responded_at
    WHERE (kept.triaged_at, kept.started_at, kept.responded_at)
        IS DISTINCT FROM (excluded.triaged_at, excluded.started_at, excluded.responded_at);
    RETURN NULL;
END $$;
"""


def downgrade() -> None:
    op.drop_index("ix_issue_stays_standing", table_name="issue_stays")
    op.execute(TOLD_BEFORE)
    op.execute(KEPT_BEFORE)
    op.drop_column("issue_stays", "last_before")
