"""Users, the event log, projects, issues with their versions, comments, words to search."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


class Xid8(sa.types.UserDefinedType):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_):
        return "xid8"


# The log is append-only for every role, its owner included. Erasing a person's text on request is the
# one exception, and has to say so in its transaction.
APPEND_ONLY = """
CREATE FUNCTION events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('issue_insight.redact', true) = 'on' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_are_append_only();
"""


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("visibility", sa.String(), server_default="own", nullable=False),
        sa.Column("next_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("key ~ '^[A-Z][A-Z0-9]{1,9}$'", name=op.f("ck_projects_key")),
        sa.CheckConstraint("visibility IN ('own', 'all')", name=op.f("ck_projects_visibility")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("key", name=op.f("uq_projects_key")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), server_default="reporter", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("profile_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('reporter', 'maintainer', 'admin')", name=op.f("ck_users_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_users_issuer_subject")),
    )
    op.create_index(
        "ix_users_email_lower", "users", [sa.literal_column("lower(email)")], unique=False
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("change_set", sa.Uuid(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=True),
        sa.Column("old", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("new", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_events_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_change_set", "events", ["change_set"], unique=False)
    op.create_index("ix_events_scope_id_at", "events", ["scope_id", "at"], unique=False)
    op.create_index(
        "ix_events_scope_id_subject_subject_id_id",
        "events",
        ["scope_id", "subject", "subject_id", "id"],
        unique=False,
    )
    op.create_table(
        "issues",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(status = 'done') = (closed_at IS NOT NULL)", name=op.f("ck_issues_closed")
        ),
        sa.CheckConstraint(
            "(status = 'done') = (resolution IS NOT NULL)", name=op.f("ck_issues_resolved")
        ),
        sa.CheckConstraint(
            "resolution IN ('fixed', 'duplicate', 'declined', 'invalid')",
            name=op.f("ck_issues_resolution"),
        ),
        sa.CheckConstraint(
            "severity IN ('low', 'medium', 'high', 'critical')", name=op.f("ck_issues_severity")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'triaged', 'in_progress', 'done')", name=op.f("ck_issues_status")
        ),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name=op.f("fk_issues_assignee_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_issues_project_id")),
        sa.ForeignKeyConstraint(["reporter_id"], ["users.id"], name=op.f("fk_issues_reporter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issues")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_issues_project_id_number")),
    )
    op.create_index("ix_issues_assignee_id", "issues", ["assignee_id"], unique=False)
    op.create_index("ix_issues_created_at_id", "issues", ["created_at", "id"], unique=False)
    op.create_index("ix_issues_labels", "issues", ["labels"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_issues_project_id_created_at_id",
        "issues",
        ["project_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_issues_project_id_status_updated_at",
        "issues",
        ["project_id", "status", "updated_at"],
        unique=False,
    )
    op.create_index(
        "ix_issues_project_id_updated_at_id",
        "issues",
        ["project_id", "updated_at", "id"],
        unique=False,
    )
    op.create_index("ix_issues_reporter_id", "issues", ["reporter_id"], unique=False)
    op.create_index("ix_issues_updated_at_id", "issues", ["updated_at", "id"], unique=False)
    op.create_table(
        "labels",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_labels_project_id")),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_labels")),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_comments_author_id")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_comments_issue_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_comments_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index("ix_comments_issue_id_id", "comments", ["issue_id", "id"], unique=False)
    op.create_table(
        "issue_texts",
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_issue_texts_issue_id")),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_issue_texts")),
    )
    op.create_table(
        "issue_versions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "valid_to",
            sa.DateTime(timezone=True),
            server_default=sa.text("'infinity'::timestamptz"),
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_issue_versions_range")),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["users.id"], name=op.f("fk_issue_versions_assignee_id")
        ),
        sa.ForeignKeyConstraint(["id"], ["issues.id"], name=op.f("fk_issue_versions_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_issue_versions_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["reporter_id"], ["users.id"], name=op.f("fk_issue_versions_reporter_id")
        ),
        sa.PrimaryKeyConstraint("id", "valid_from", name=op.f("pk_issue_versions")),
    )
    op.create_index(
        "ix_issue_versions_project_id_valid",
        "issue_versions",
        ["project_id", "valid_from", "valid_to"],
        unique=False,
    )
    op.create_table(
        "search_documents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "valid_to",
            sa.DateTime(timezone=True),
            server_default=sa.text("'infinity'::timestamptz"),
            nullable=False,
        ),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_search_documents_comment_id")
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_search_documents_issue_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_search_documents_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_documents")),
    )
    op.create_index(
        "ix_search_documents_issue_id",
        "search_documents",
        ["issue_id", "comment_id", "valid_from"],
        unique=False,
    )
    op.create_index(
        "ix_search_documents_search",
        "search_documents",
        ["search"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_search_documents_search_current",
        "search_documents",
        ["search"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("valid_to = 'infinity'"),
    )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_index(
        "ix_search_documents_search_current",
        table_name="search_documents",
        postgresql_using="gin",
        postgresql_where=sa.text("valid_to = 'infinity'"),
    )
    op.drop_index(
        "ix_search_documents_search", table_name="search_documents", postgresql_using="gin"
    )
    op.drop_index("ix_search_documents_issue_id", table_name="search_documents")
    op.drop_table("search_documents")
    op.drop_index("ix_issue_versions_project_id_valid", table_name="issue_versions")
    op.drop_table("issue_versions")
    op.drop_table("issue_texts")
    op.drop_index("ix_comments_issue_id_id", table_name="comments")
    op.drop_table("comments")
    op.drop_table("labels")
    op.drop_index("ix_issues_updated_at_id", table_name="issues")
    op.drop_index("ix_issues_reporter_id", table_name="issues")
    op.drop_index("ix_issues_project_id_updated_at_id", table_name="issues")
    op.drop_index("ix_issues_project_id_status_updated_at", table_name="issues")
    op.drop_index("ix_issues_project_id_created_at_id", table_name="issues")
    op.drop_index("ix_issues_labels", table_name="issues", postgresql_using="gin")
    op.drop_index("ix_issues_created_at_id", table_name="issues")
    op.drop_index("ix_issues_assignee_id", table_name="issues")
    op.drop_table("issues")
    op.drop_index("ix_events_scope_id_subject_subject_id_id", table_name="events")
    op.drop_index("ix_events_scope_id_at", table_name="events")
    op.drop_index("ix_events_change_set", table_name="events")
    op.drop_table("events")
    op.execute("DROP FUNCTION events_are_append_only")
    op.drop_index("ix_users_email_lower", table_name="users")
    op.drop_table("users")
    op.drop_table("projects")
