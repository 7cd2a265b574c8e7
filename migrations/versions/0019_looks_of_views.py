"""A saved view also keeps how close its rows stand, and whether its board has lanes."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

VALUES = {"density": "'comfortable', 'compact'", "lanes": "'none', 'severity'"}


def upgrade() -> None:
    for column, values in VALUES.items():
        op.add_column("saved_views", sa.Column(column, sa.String(), nullable=True))
        # Rows there are hold null, and a table of views is small: validating reads it once.
        op.execute(
            f"ALTER TABLE saved_views ADD CONSTRAINT ck_saved_views_{column} "
            f"CHECK ({column} IN ({values})) NOT VALID"
        )
        op.execute(f"ALTER TABLE saved_views VALIDATE CONSTRAINT ck_saved_views_{column}")


def downgrade() -> None:
    for column in VALUES:
        op.drop_column("saved_views", column)
