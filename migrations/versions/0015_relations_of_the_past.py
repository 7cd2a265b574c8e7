"""Relations keep their past: from when to when two issues were related."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Until now a relation that was taken away left only its events: from when to when it was there, what
# it was, and the keys of its ends. `related` has begun with the lower id at all times.
TAKEN_AWAY = """
INSERT INTO issue_relations (id, from_id, kind, to_id, created_at, valid_from, valid_to)
OVERRIDING SYSTEM VALUE
SELECT DISTINCT ON (id) id, from_id, kind, to_id, since, since, greatest(since, until)
FROM (
    SELECT (gone.old ->> 'relation')::bigint AS id, gone.subject_id AS from_id,
        gone.old ->> 'kind' AS kind, other.id AS to_id, made.at AS since, gone.at AS until
    FROM events gone
    JOIN events made ON made.scope_id = gone.scope_id AND made.subject = 'issue'
        AND made.subject_id = gone.subject_id AND made.field = 'relation'
        AND made.kind = 'related' AND made.new = gone.old
    JOIN projects ON projects.key = split_part(gone.old ->> 'issue', '-', 1)
    JOIN issues other ON other.project_id = projects.id
        AND other.number::text = split_part(gone.old ->> 'issue', '-', 2)
    WHERE gone.subject = 'issue' AND gone.field = 'relation' AND gone.kind = 'unrelated'
) AS told
WHERE kind IN ('duplicate_of', 'blocks') OR (kind = 'related' AND from_id < to_id)
ORDER BY id
"""


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.add_column("issue_relations", sa.Column("valid_from", instant))
    op.add_column(
        "issue_relations",
        sa.Column(
            "valid_to", instant, server_default=sa.text("'infinity'::timestamptz"), nullable=False
        ),
    )
    op.execute("UPDATE issue_relations SET valid_from = created_at")
    op.alter_column("issue_relations", "valid_from", nullable=False)
    op.drop_constraint("uq_issue_relations_from_id_kind_to_id", "issue_relations")
    op.drop_constraint("pk_issue_relations", "issue_relations")
    op.create_primary_key("pk_issue_relations", "issue_relations", ["id", "valid_from"])
    op.create_check_constraint(
        op.f("ck_issue_relations_range"), "issue_relations", "valid_from <= valid_to"
    )
    op.create_index(
        "ix_issue_relations_standing",
        "issue_relations",
        ["from_id", "kind", "to_id"],
        unique=True,
        postgresql_where=sa.text("valid_to = 'infinity'"),
    )
    op.create_index("ix_issue_relations_from_id_kind", "issue_relations", ["from_id", "kind"])
    op.execute(TAKEN_AWAY)


def downgrade() -> None:
    op.execute("DELETE FROM issue_relations WHERE valid_to <> 'infinity'")
    op.drop_index("ix_issue_relations_from_id_kind", "issue_relations")
    op.drop_index("ix_issue_relations_standing", "issue_relations")
    op.drop_constraint("ck_issue_relations_range", "issue_relations")
    op.drop_constraint("pk_issue_relations", "issue_relations")
    op.create_primary_key("pk_issue_relations", "issue_relations", ["id"])
    op.create_unique_constraint(
        "uq_issue_relations_from_id_kind_to_id", "issue_relations", ["from_id", "kind", "to_id"]
    )
    op.drop_column("issue_relations", "valid_to")
    op.drop_column("issue_relations", "valid_from")
