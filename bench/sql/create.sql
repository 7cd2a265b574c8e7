-- What reporting an issue writes, in the statements of plugins/issues/services.py.
\set project random(1, 6)
\set assignee random(1, 200)
BEGIN;
SELECT id, name, email, role, last_seen_at, removed_at FROM users WHERE issuer = 'https://clerk.bench.example' AND subject = 'user-2';
UPDATE projects SET next_number = next_number + 1 WHERE id = :project AND deleted_at IS NULL RETURNING next_number - 1 AS number \gset
SELECT id, issuer, subject, email, name, role, created_at, last_seen_at, removed_at, profile_at FROM users WHERE id = :assignee;
INSERT INTO issues (project_id, number, title, status, severity, labels, reporter_id, assignee_id, version, created_at, updated_at) VALUES (:project, :number, 'bababadax bababafax bababagax bababakax', 'open', 'low', '{label-01,label-02}', 2, :assignee, 1, now(), now()) RETURNING id AS issue_id \gset
INSERT INTO issue_texts (issue_id, description) VALUES (:issue_id, 'bababadax bababafax bababagax bababakax bababalax bababamax bababanax bababapax bababarax bababasax');
INSERT INTO labels (project_id, name) VALUES (:project, 'label-01'), (:project, 'label-02') ON CONFLICT DO NOTHING;
UPDATE issue_versions SET valid_to = now() WHERE id = :issue_id AND valid_to = 'infinity';
INSERT INTO issue_versions (id, number, title, status, resolution, severity, labels, due_date, version, created_at, updated_at, closed_at, deleted_at, project_id, reporter_id, assignee_id, valid_from, valid_to) SELECT id, number, title, status, resolution, severity, labels, due_date, version, created_at, updated_at, closed_at, deleted_at, project_id, reporter_id, assignee_id, now(), 'infinity' FROM issues WHERE id = :issue_id;
UPDATE search_documents SET valid_to = now() WHERE issue_id = :issue_id AND comment_id IS NULL AND valid_to = 'infinity';
INSERT INTO search_documents (project_id, issue_id, valid_from, search) VALUES (:project, :issue_id, now(), setweight(to_tsvector('english', 'bababadax bababafax bababagax bababakax'), 'A') || setweight(to_tsvector('english', 'bababadax bababafax bababagax bababakax bababalax bababamax bababanax bababapax bababarax bababasax'), 'B'));
INSERT INTO events (at, actor_id, actor_kind, change_set, scope_id, subject, subject_id, kind, new) VALUES (now(), 2, 'person', gen_random_uuid(), :project, 'issue', :issue_id, 'created', '{"title": "bababadax bababafax bababagax bababakax", "status": "open", "deleted": false}');
COMMIT;
