"""Attachments of issues."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("uploader_id", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "num_nulls(stored_at, name, size, sha256, content_type) IN (0, 5)",
            name=op.f("ck_attachments_stored_whole"),
        ),
        sa.CheckConstraint(
            "removed_at IS NULL OR stored_at IS NOT NULL",
            name=op.f("ck_attachments_removed_once_stored"),
        ),
        sa.CheckConstraint(
            "purged_at IS NULL OR removed_at IS NOT NULL",
            name=op.f("ck_attachments_purged_once_removed"),
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachments_size")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_attachments_project_id")
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_attachments_issue_id")),
        sa.ForeignKeyConstraint(
            ["uploader_id"], ["users.id"], name=op.f("fk_attachments_uploader_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("object_key", name=op.f("uq_attachments_object_key")),
    )
    op.create_index("ix_attachments_issue_id_id", "attachments", ["issue_id", "id"], unique=False)
    op.create_index(
        "ix_attachments_unfinished",
        "attachments",
        ["begun_at"],
        unique=False,
        postgresql_where=sa.text(
            "stored_at IS NULL OR (removed_at IS NOT NULL AND purged_at IS NULL)"
        ),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_attachments_unfinished",
        table_name="attachments",
        postgresql_where=sa.text(
            "stored_at IS NULL OR (removed_at IS NOT NULL AND purged_at IS NULL)"
        ),
    )
    op.drop_index("ix_attachments_issue_id_id", table_name="attachments")
    op.drop_table("attachments")
