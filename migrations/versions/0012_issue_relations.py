"""How issues relate to each other."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "issue_relations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('duplicate_of', 'blocks', 'related')", name=op.f("ck_issue_relations_kind")
        ),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_issue_relations_two")),
        sa.ForeignKeyConstraint(
            ["from_id"], ["issues.id"], name=op.f("fk_issue_relations_from_id")
        ),
        sa.ForeignKeyConstraint(["to_id"], ["issues.id"], name=op.f("fk_issue_relations_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_relations")),
        sa.UniqueConstraint(
            "from_id", "kind", "to_id", name=op.f("uq_issue_relations_from_id_kind_to_id")
        ),
    )
    op.create_index("ix_issue_relations_to_id_kind", "issue_relations", ["to_id", "kind"])


def downgrade() -> None:
    op.drop_index("ix_issue_relations_to_id_kind", table_name="issue_relations")
    op.drop_table("issue_relations")
