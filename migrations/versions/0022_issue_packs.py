"""Columns of issues in packs, for metrics, and which issues have changed since they were packed.

A job packs; until it has, metrics are computed from the rows as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INSTANTS = ("first_at", "last_at", "closed_first", "closed_last")
COLUMNS = (
    "id", "number", "project", "reporter", "assignee", "status", "severity", "resolution",
    "confidential", "created", "closed", "triaged", "started", "responded", "stays",
    "stay_status", "stay_entered", "finishes", "finish_entered", "finish_left",
)  # fmt: skip

# Rows are only ever added, so that nobody waits for anybody: a job takes away what it has packed.
# What is not packed, such as the title, is not noted.
FOLLOW = """
CREATE FUNCTION issue_pack_changes_of_issues() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO issue_pack_changes (issue_id) SELECT id FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO issue_pack_changes (issue_id) SELECT id FROM gone;
    ELSE
        INSERT INTO issue_pack_changes (issue_id)
        SELECT added.id FROM added JOIN gone ON gone.id = added.id
        WHERE (added.project_id, added.number, added.status, added.severity, added.resolution,
                added.reporter_id, added.assignee_id, added.confidential, added.created_at,
                added.closed_at, added.deleted_at)
            IS DISTINCT FROM
            (gone.project_id, gone.number, gone.status, gone.severity, gone.resolution,
                gone.reporter_id, gone.assignee_id, gone.confidential, gone.created_at,
                gone.closed_at, gone.deleted_at);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER issue_pack_changes_inserted AFTER INSERT ON issues
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION issue_pack_changes_of_issues();
CREATE TRIGGER issue_pack_changes_updated AFTER UPDATE ON issues
    REFERENCING NEW TABLE AS added OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION issue_pack_changes_of_issues();
CREATE TRIGGER issue_pack_changes_deleted AFTER DELETE ON issues
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION issue_pack_changes_of_issues();

CREATE FUNCTION issue_pack_changes_of_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO issue_pack_changes (issue_id)
    SELECT DISTINCT subject_id FROM fresh
    WHERE subject = 'issue'
    AND (kind IN ('created', 'commented') OR (kind = 'changed' AND field = 'status'));
    RETURN NULL;
END $$;
CREATE TRIGGER issue_pack_changes_told AFTER INSERT ON events REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION issue_pack_changes_of_events();
"""


def upgrade() -> None:
    op.create_table(
        "issue_packs",
        sa.Column("pack", sa.BigInteger(), nullable=False),
        sa.Column(
            "made", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("issues", sa.Integer(), nullable=False),
        *[sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in INSTANTS],
        *[sa.Column(name, sa.LargeBinary(), nullable=False) for name in COLUMNS],
        sa.PrimaryKeyConstraint("pack", name=op.f("pk_issue_packs")),
    )
    for name in COLUMNS:
        # Instants do not compress, and what is not compressed is read several times as fast.
        op.execute(f"ALTER TABLE issue_packs ALTER COLUMN {name} SET STORAGE EXTERNAL")
    op.create_table(
        "issue_pack_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_pack_changes")),
    )
    op.create_table(
        "issue_packing",
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("filled_at", name=op.f("pk_issue_packing")),
    )
    op.execute(FOLLOW)


def downgrade() -> None:
    for event in ("inserted", "updated", "deleted"):
        op.execute(f"DROP TRIGGER issue_pack_changes_{event} ON issues")
    op.execute("DROP TRIGGER issue_pack_changes_told ON events")
    op.execute("DROP FUNCTION issue_pack_changes_of_issues()")
    op.execute("DROP FUNCTION issue_pack_changes_of_events()")
    for table in ("issue_packing", "issue_pack_changes", "issue_packs"):
        op.drop_table(table)
