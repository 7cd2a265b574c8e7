-- What changing the severity of an issue reads and writes, as plugins/issues/changes.py does.
\set issue random(1, :issues)
BEGIN;
SELECT id, name, email, role, last_seen_at, removed_at FROM users WHERE issuer = 'https://clerk.bench.example' AND subject = 'user-2';
SELECT * FROM issues WHERE id = :issue FOR UPDATE;
SELECT issue_id, description FROM issue_texts WHERE issue_id = :issue;
INSERT INTO events (at, actor_id, actor_kind, change_set, scope_id, subject, subject_id, kind, field, old, new) SELECT clock_timestamp(), 2, 'person', gen_random_uuid(), project_id, 'issue', id, 'changed', 'severity', '"low"', '"high"' FROM issues WHERE id = :issue;
UPDATE issues SET severity = CASE WHEN severity = 'low' THEN 'high' ELSE 'low' END, updated_at = clock_timestamp(), version = version + 1 WHERE id = :issue;
UPDATE issue_versions SET valid_to = (SELECT updated_at FROM issues WHERE id = :issue) WHERE id = :issue AND valid_to = 'infinity';
INSERT INTO issue_versions (id, number, title, status, resolution, severity, labels, due_date, version, created_at, updated_at, closed_at, deleted_at, project_id, reporter_id, assignee_id, valid_from, valid_to) SELECT id, number, title, status, resolution, severity, labels, due_date, version, created_at, updated_at, closed_at, deleted_at, project_id, reporter_id, assignee_id, updated_at, 'infinity' FROM issues WHERE id = :issue ON CONFLICT (id, valid_from) DO NOTHING;
SELECT * FROM issues WHERE id = :issue;
SELECT id, name FROM users WHERE id IN (2, 3);
SELECT id, key FROM projects WHERE id = 1;
SELECT issue_id, description FROM issue_texts WHERE issue_id = :issue;
COMMIT;
