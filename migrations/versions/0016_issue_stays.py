"""Facts of the event log that metrics ask for: where issues stood from when to when, and firsts.

A trigger keeps them in the transaction of the event, whoever writes it: services, imports, archives.
The views tell the same from the events alone; what is kept is made from them, and held to them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TOLD = """
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

CREATE VIEW issue_milestones_told AS
SELECT
    issue_id,
    project_id,
    min(at) FILTER (WHERE status <> 'open') AS triaged_at,
    min(at) FILTER (WHERE status = 'in_progress') AS started_at,
    min(at) FILTER (
        WHERE kind = 'commented'
        AND actor_kind <> 'job'
        AND actor_id IS DISTINCT FROM reporter_id
        AND users.subject NOT LIKE '%[bot]'
    ) AS responded_at
FROM (
    SELECT
        subject_id AS issue_id,
        scope_id AS project_id,
        kind,
        at,
        actor_id,
        actor_kind,
        CASE kind
            WHEN 'created' THEN new ->> 'status'
            WHEN 'changed' THEN new #>> '{}'
        END AS status,
        first_value(actor_id) OVER (
            PARTITION BY scope_id, subject_id ORDER BY kind <> 'created', at, id
        ) AS reporter_id
    FROM events
    WHERE subject = 'issue'
    AND (kind IN ('created', 'commented') OR (kind = 'changed' AND field = 'status'))
) AS told
LEFT JOIN users ON users.id = told.actor_id
GROUP BY project_id, issue_id;
"""

KEPT = """
CREATE FUNCTION issue_facts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched record;
BEGIN
    -- Each issue anew from its own few events: what is told late finds its place as well. There
    -- are never fewer stays than before, for the log only grows. One by one, since a join of
    -- several with the views would make the views of all issues.
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
CREATE TRIGGER issue_facts_follow AFTER INSERT ON events REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION issue_facts_follow();
"""

FILL = """
INSERT INTO issue_stays
    (issue_id, number, project_id, status, entered_at, left_at, last_before)
SELECT issue_id, number, project_id, status, entered_at, left_at, last_before
FROM issue_stays_told;
INSERT INTO issue_milestones (issue_id, project_id, triaged_at, started_at, responded_at)
SELECT issue_id, project_id, triaged_at, started_at, responded_at FROM issue_milestones_told;
"""


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "issue_stays",
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("entered_at", instant, nullable=False),
        sa.Column("left_at", instant, nullable=False),
        sa.Column("last_before", instant),
        sa.PrimaryKeyConstraint("issue_id", "number", name="pk_issue_stays"),
    )
    op.create_table(
        "issue_milestones",
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("triaged_at", instant),
        sa.Column("started_at", instant),
        sa.Column("responded_at", instant),
        sa.PrimaryKeyConstraint("issue_id", name="pk_issue_milestones"),
    )
    op.execute(TOLD)
    op.execute(KEPT)
    op.execute(FILL)
    op.create_index(
        "ix_issue_stays_status_entered_at",
        "issue_stays",
        ["status", "entered_at"],
        postgresql_include=["issue_id", "left_at"],
    )
    op.create_index(
        "ix_issue_stays_standing",
        "issue_stays",
        ["status", "entered_at"],
        postgresql_include=["issue_id"],
        postgresql_where=sa.text("left_at = 'infinity'"),
    )
    op.create_index(
        "ix_issue_stays_reopened",
        "issue_stays",
        ["left_at"],
        postgresql_include=["issue_id", "entered_at"],
        postgresql_where=sa.text("status = 'done' AND left_at < 'infinity'"),
    )
    for name in ("triaged", "started", "responded"):
        op.create_index(
            f"ix_issue_milestones_{name}_at",
            "issue_milestones",
            [f"{name}_at"],
            postgresql_include=["issue_id"],
            postgresql_where=sa.text(f"{name}_at IS NOT NULL"),
        )


def downgrade() -> None:
    op.execute("DROP TRIGGER issue_facts_follow ON events; DROP FUNCTION issue_facts_follow();")
    op.execute("DROP VIEW issue_stays_told; DROP VIEW issue_milestones_told;")
    op.drop_table("issue_milestones")
    op.drop_table("issue_stays")
