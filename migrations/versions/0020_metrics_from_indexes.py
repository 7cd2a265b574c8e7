"""What came and what was done is counted from indexes alone, with what is mostly filtered by."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COUNTED = ["project_id", "number", "status", "severity", "reporter_id", "assignee_id"]
ORDERS = {
    "created_at": (["created_at", "id"], "closed_at"),
    "closed_at": ([sa.text("closed_at DESC NULLS LAST"), sa.text("id DESC")], "created_at"),
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for column, (order, other) in ORDERS.items():
            # Anew where an attempt before was broken off.
            op.drop_index(
                f"ix_issues_{column}_counted",
                "issues",
                postgresql_concurrently=True,
                if_exists=True,
            )
            op.create_index(
                f"ix_issues_{column}_counted",
                "issues",
                order,
                postgresql_include=[other, *COUNTED, "confidential"],
                postgresql_where=sa.text("deleted_at IS NULL"),
                postgresql_concurrently=True,
            )
            op.drop_index(
                f"ix_issues_{column}_id", "issues", postgresql_concurrently=True, if_exists=True
            )


def downgrade() -> None:
    for column, (order, _) in ORDERS.items():
        op.drop_index(f"ix_issues_{column}_counted", "issues")
        op.create_index(f"ix_issues_{column}_id", "issues", order)
