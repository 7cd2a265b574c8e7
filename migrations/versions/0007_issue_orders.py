"""Indexes of issues: by due and closing date; of their versions: by reporter and assignee."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_issues_due_date_id", "issues", ["due_date", "id"], unique=False)
    op.create_index(
        "ix_issues_closed_at_id",
        "issues",
        [sa.literal_column("closed_at DESC NULLS LAST"), sa.literal_column("id DESC")],
        unique=False,
    )
    for column in ("reporter_id", "assignee_id"):
        op.create_index(
            f"ix_issue_versions_{column}", "issue_versions", [column], unique=False
        )


def downgrade() -> None:
    for column in ("assignee_id", "reporter_id"):
        op.drop_index(f"ix_issue_versions_{column}", table_name="issue_versions")
    op.drop_index("ix_issues_closed_at_id", table_name="issues")
    op.drop_index("ix_issues_due_date_id", table_name="issues")
