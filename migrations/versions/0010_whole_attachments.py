"""Attachments: announced uploads, sizes of images, objects that are missing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachments", sa.Column("announced", JSONB(), nullable=True))
    op.add_column("attachments", sa.Column("width", sa.Integer(), nullable=True))
    op.add_column("attachments", sa.Column("height", sa.Integer(), nullable=True))
    op.add_column(
        "attachments",
        sa.Column("thumbnail", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("attachments", sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_attachments_width_and_height"),
        "attachments",
        "num_nulls(width, height) IN (0, 2)",
    )
    op.create_check_constraint(
        op.f("ck_attachments_lost_once_stored"),
        "attachments",
        "lost_at IS NULL OR stored_at IS NOT NULL",
    )
    # In the order in which S3 lists.
    op.alter_column("attachments", "object_key", type_=sa.Text(collation="C"))


def downgrade() -> None:
    op.alter_column("attachments", "object_key", type_=sa.Text())
    op.drop_constraint(op.f("ck_attachments_lost_once_stored"), "attachments")
    op.drop_constraint(op.f("ck_attachments_width_and_height"), "attachments")
    for name in ("lost_at", "thumbnail", "height", "width", "announced"):
        op.drop_column("attachments", name)
