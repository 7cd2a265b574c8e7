"""Indexes of issues from which lists are ordered and counted without their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COUNTED = ["severity", "reporter_id", "assignee_id", "confidential"]
THERE = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.drop_index("ix_issues_project_id_status_updated_at", table_name="issues")
    op.create_index(
        "ix_issues_project_id_status_updated_at_id",
        "issues",
        ["project_id", "status", "updated_at", "id"],
        postgresql_include=COUNTED,
        postgresql_where=THERE,
    )
    op.drop_index("ix_issues_updated_at_id", table_name="issues")
    op.create_index(
        "ix_issues_updated_at_id",
        "issues",
        ["updated_at", "id"],
        postgresql_include=["project_id", "status", *COUNTED],
        postgresql_where=THERE,
    )


def downgrade() -> None:
    op.drop_index("ix_issues_updated_at_id", table_name="issues")
    op.create_index("ix_issues_updated_at_id", "issues", ["updated_at", "id"])
    op.drop_index("ix_issues_project_id_status_updated_at_id", table_name="issues")
    op.create_index(
        "ix_issues_project_id_status_updated_at",
        "issues",
        ["project_id", "status", "updated_at"],
    )
