"""Counts of every day and how far they go, runs of jobs, following the log by transaction."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


class PgSnapshot(sa.types.UserDefinedType):
    """Which transactions had ended at an instant."""

    cache_ok = True

    def get_col_spec(self, **_):
        return "pg_snapshot"


def upgrade() -> None:
    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tick", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('running', 'ok', 'failed', 'interrupted')",
            name=op.f("ck_job_runs_outcome"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
    )
    op.create_index("ix_job_runs_name_id", "job_runs", ["name", "id"], unique=False)
    op.create_index(
        "uq_job_runs_name_tick",
        "job_runs",
        ["name", "tick"],
        unique=True,
        postgresql_where=sa.text("outcome <> 'interrupted'"),
    )
    op.create_table(
        "daily_stats",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_daily_stats_count")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_daily_stats_project_id")
        ),
        sa.PrimaryKeyConstraint(
            "project_id", "day", "status", "severity", name=op.f("pk_daily_stats")
        ),
    )
    op.create_table(
        "daily_stats_progress",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("seen", PgSnapshot(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_daily_stats_progress_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_daily_stats_progress")),
    )
    op.create_index("ix_events_tx", "events", ["tx"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_events_tx", table_name="events")
    op.drop_table("daily_stats_progress")
    op.drop_table("daily_stats")
    op.drop_table("job_runs")
