"""What must be true of the tables after any change: row, version, words and events agree.

Each query finds what is not as it must be.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

_FIELDS = (
    "project_id, number, title, status, resolution, severity, labels, assignee_id, reporter_id,"
    " due_date, version, created_at, updated_at, closed_at, deleted_at"
)


def _of(alias: str) -> str:
    return ", ".join(f"{alias}.{name.strip()}" for name in _FIELDS.split(","))


CHECKS = {
    "the newest version of an issue is its row": f"""
        SELECT i.id FROM issues i
        LEFT JOIN issue_versions v ON v.id = i.id AND v.valid_to = 'infinity'
        WHERE v.id IS NULL OR ({_of("i")}) IS DISTINCT FROM ({_of("v")})
    """,
    "versions follow each other without a gap": """
        SELECT id FROM (
            SELECT id, valid_to, lead(valid_from, 1, 'infinity') OVER w AS next
            FROM issue_versions WINDOW w AS (PARTITION BY id ORDER BY valid_from)
        ) v WHERE valid_to <> next
    """,
    "an issue has the version that its events make": """
        SELECT i.id FROM issues i LEFT JOIN events e ON e.subject = 'issue' AND e.subject_id = i.id
        GROUP BY i.id HAVING count(*) FILTER (WHERE e.kind = 'created') <> 1
            OR i.version <> 1 + count(DISTINCT e.change_set) FILTER (WHERE e.kind = 'changed')
    """,
    "what the events say last is what stands there": """
        WITH said AS (
            SELECT DISTINCT ON (e.subject_id, f.field) e.subject_id, f.field, f.value
            FROM events e CROSS JOIN LATERAL (
                SELECT e.field, e.new #>> '{}' WHERE e.kind = 'changed'
                UNION ALL
                SELECT key, value #>> '{}' FROM jsonb_each(e.new) WHERE e.kind = 'created'
            ) f (field, value)
            WHERE e.subject = 'issue' ORDER BY e.subject_id, f.field, e.at DESC, e.id DESC
        )
        SELECT i.id FROM issues i JOIN issue_texts t ON t.issue_id = i.id
        JOIN said ON said.subject_id = i.id
        WHERE said.value IS DISTINCT FROM CASE said.field
            WHEN 'title' THEN i.title WHEN 'status' THEN i.status
            WHEN 'severity' THEN i.severity WHEN 'resolution' THEN i.resolution
            WHEN 'description' THEN t.description ELSE said.value END
    """,
    "the words to search are those of title and description": """
        SELECT i.id FROM issues i LEFT JOIN issue_texts t ON t.issue_id = i.id
        LEFT JOIN search_documents d
            ON d.issue_id = i.id AND d.comment_id IS NULL AND d.valid_to = 'infinity'
        GROUP BY i.id, t.description
        HAVING count(d.id) <> 1 OR t.description IS NULL OR max(d.search::text) IS DISTINCT FROM (
            setweight(to_tsvector('english', i.title), 'A')
            || setweight(to_tsvector('english', t.description), 'B'))::text
    """,
    "the words of a comment are found while it is there": """
        SELECT c.id FROM comments c
        LEFT JOIN search_documents d ON d.comment_id = c.id AND d.valid_to = 'infinity'
        GROUP BY c.id HAVING count(d.id) <> CASE WHEN c.deleted_at IS NULL THEN 1 ELSE 0 END
    """,
    "the tallies are what a recount says": """
        SELECT project_id FROM (
            SELECT project_id, status, severity, assignee_id, sum(number) AS number
            FROM issue_tallies GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT project_id, status, severity, assignee_id, -count(*)
            FROM issues WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4
        ) t GROUP BY project_id, status, severity, assignee_id HAVING sum(number) <> 0
    """,
    "the tallies of labels are what a recount says": """
        SELECT project_id FROM (
            SELECT project_id, status, severity, label, sum(number) AS number
            FROM label_tallies GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT project_id, status, severity, label, -count(*)
            FROM issues CROSS JOIN LATERAL unnest(labels) AS each(label)
            WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4
        ) t GROUP BY project_id, status, severity, label HAVING sum(number) <> 0
    """,
    "the numbers of a project have no gap": """
        SELECT p.id FROM projects p LEFT JOIN issues i ON i.project_id = p.id
        GROUP BY p.id HAVING count(i.id) <> p.next_number - 1
    """,
}


def broken(session: Session) -> dict[str, list[int]]:
    """Return the ids of what breaks each rule, for the rules that are broken."""
    found = {rule: list(session.scalars(text(query))) for rule, query in CHECKS.items()}
    return {rule: ids for rule, ids in found.items() if ids}
