"""Issues that only their reporter and maintainers see."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("issues", "issue_versions"):
        op.add_column(
            table,
            sa.Column("confidential", sa.Boolean(), server_default=sa.false(), nullable=False),
        )
    where = sa.text("confidential")
    op.create_index("ix_issues_confidential", "issues", ["id"], postgresql_where=where)
    op.create_index(
        "ix_issue_versions_confidential",
        "issue_versions",
        ["id", "valid_from", "valid_to"],
        postgresql_where=where,
    )


def downgrade() -> None:
    op.drop_index("ix_issue_versions_confidential", table_name="issue_versions")
    op.drop_index("ix_issues_confidential", table_name="issues")
    for table in ("issue_versions", "issues"):
        op.drop_column(table, "confidential")
