"""Totals are summed up from an index alone."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

NEW, OLD = "ix_issue_tallies_counted", "ix_issue_tallies_project_id_status"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Anew where an attempt before was broken off.
        op.drop_index(NEW, "issue_tallies", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            NEW,
            "issue_tallies",
            ["project_id", "status"],
            postgresql_include=["severity", "assignee_id", "number"],
            postgresql_concurrently=True,
        )
        op.drop_index(OLD, "issue_tallies", postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    op.drop_index(NEW, "issue_tallies")
    op.create_index(OLD, "issue_tallies", ["project_id", "status"])
