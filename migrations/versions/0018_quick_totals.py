"""Totals without counting rows, lists of the past from indexes, plans that know rare words."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COUNTED = ["severity", "reporter_id", "assignee_id", "confidential"]
THERE = sa.text("deleted_at IS NULL")

# Rows are only ever added, so that nobody waits for anybody's count: what an issue no longer is
# counts -1, what it is now counts 1. By triggers, so that no way of writing an issue can miss them.
TALLY = """
CREATE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO {table} (project_id, status, severity, {last}, number)
        SELECT project_id, status, severity, {last}, count(*)
        FROM {added} WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO {table} (project_id, status, severity, {last}, number)
        SELECT project_id, status, severity, {last}, -count(*)
        FROM {gone} WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4;
    ELSE
        INSERT INTO {table} (project_id, status, severity, {last}, number)
        SELECT project_id, status, severity, {last}, sum(change)
        FROM (
            SELECT project_id, status, severity, {last}, 1 AS change
            FROM {added} WHERE deleted_at IS NULL
            UNION ALL
            SELECT project_id, status, severity, {last}, -1
            FROM {gone} WHERE deleted_at IS NULL
        ) changes
        GROUP BY 1, 2, 3, 4 HAVING sum(change) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_inserted AFTER INSERT ON issues
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {table}_kept();
CREATE TRIGGER {table}_updated AFTER UPDATE ON issues
    REFERENCING NEW TABLE AS added OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_kept();
CREATE TRIGGER {table}_deleted AFTER DELETE ON issues
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {table}_kept();
INSERT INTO {table} (project_id, status, severity, {last}, number)
SELECT project_id, status, severity, {last}, count(*)
FROM {all} WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4;
"""
TALLIES = {
    "issue_tallies": {"last": "assignee_id", "all": "issues", "added": "added", "gone": "gone"},
    "label_tallies": {
        "last": "label",
        **{
            name: f"{rows} CROSS JOIN LATERAL unnest(labels) AS each(label)"
            for name, rows in (("all", "issues"), ("added", "added"), ("gone", "gone"))
        },
    },
}


def upgrade() -> None:
    for table, last in (
        ("issue_tallies", sa.Column("assignee_id", sa.BigInteger())),
        ("label_tallies", sa.Column("label", sa.Text(), nullable=False)),
    ):
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
            sa.Column("project_id", sa.BigInteger(), nullable=False),
            sa.Column("status", sa.String(), nullable=False),
            sa.Column("severity", sa.String()),
            last,
            sa.Column("number", sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(
            op.f(f"ix_{table}_project_id_status"), table, ["project_id", "status"]
        )
        op.execute(TALLY.format(table=table, **TALLIES[table]))
    op.create_check_constraint(
        op.f("ck_issue_versions_begins_when_updated"), "issue_versions", "valid_from = updated_at"
    )
    op.create_index(
        "ix_issue_versions_project_id_status_updated_at_id",
        "issue_versions",
        ["project_id", "status", "updated_at", "id"],
        postgresql_include=["valid_to", *COUNTED],
        postgresql_where=THERE,
    )
    op.create_index(
        "ix_issue_versions_updated_at_id",
        "issue_versions",
        ["updated_at", "id"],
        postgresql_include=["valid_to", "project_id", "status", *COUNTED],
        postgresql_where=THERE,
    )
    # Of how many texts hold a word, PostgreSQL by default knows a hundred: for any other it would
    # read all issues in the order of the list rather than the few that hold it.
    op.execute("ALTER TABLE search_documents ALTER COLUMN search SET STATISTICS 1000")
    op.execute("ANALYZE search_documents (search)")


def downgrade() -> None:
    op.execute("ALTER TABLE search_documents ALTER COLUMN search SET STATISTICS -1")
    op.drop_index("ix_issue_versions_updated_at_id", table_name="issue_versions")
    op.drop_index(
        "ix_issue_versions_project_id_status_updated_at_id", table_name="issue_versions"
    )
    op.drop_constraint(op.f("ck_issue_versions_begins_when_updated"), "issue_versions")
    for table in TALLIES:
        for event in ("inserted", "updated", "deleted"):
            op.execute(f"DROP TRIGGER {table}_{event} ON issues")
        op.execute(f"DROP FUNCTION {table}_kept()")
        op.drop_table(table)
