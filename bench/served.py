"""The application as it is served, and beside it three yardsticks, in the same process.

`/bench/hello`: a bare Flask view, the ceiling of the server itself. `/bench/plain`: the page of the
list as Flask applications usually make it, ORM entities with joins dumped by a marshmallow schema,
behind the same guard. `/bench/plain-lead-time`: a metric from the event log alone.
"""

from typing import Any

from flask import Flask, jsonify, request
from marshmallow import Schema, fields
from sqlalchemy import func, literal, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, relationship

from issue_insight.app import create_app
from issue_insight.asgi import Application
from issue_insight.auth.permission import requires
from issue_insight.auth.users import User
from issue_insight.db import db
from plugins.issues import policy
from plugins.issues.models import Issue, Project
from plugins.issues.totals import MOST_COUNTED

TARGET = "bench.served:create"


class _Plain(DeclarativeBase):
    """Entities of the same tables, with the relationships that the product does without."""


class PlainUser(_Plain):
    """A user."""

    __table__ = User.__table__


class PlainProject(_Plain):
    """A project."""

    __table__ = Project.__table__


class PlainIssue(_Plain):
    """An issue with what belongs to it."""

    __table__ = Issue.__table__
    project: Mapped[PlainProject] = relationship()
    reporter: Mapped[PlainUser] = relationship(foreign_keys=[__table__.c.reporter_id])
    assignee: Mapped[PlainUser | None] = relationship(foreign_keys=[__table__.c.assignee_id])


class _Person(Schema):
    id = fields.Integer()
    name = fields.String()


class _Item(Schema):
    key = fields.Function(lambda issue: f"{issue.project.key}-{issue.number}")
    project = fields.String(attribute="project.key")
    title = fields.String()
    status = fields.String()
    severity = fields.String()
    resolution = fields.String()
    reporter = fields.Nested(_Person)
    assignee = fields.Nested(_Person)
    labels = fields.List(fields.String())
    due_date = fields.Date()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    closed_at = fields.DateTime()
    version = fields.Integer()


class _Page(Schema):
    items = fields.List(fields.Nested(_Item))
    total = fields.Integer()


@requires(policy.READ)
def plain_page() -> Any:
    """Return the newest 50 issues of a project, a status and, if named, some severities."""
    wanted = (
        select(PlainIssue)
        .join(PlainIssue.project)
        .where(
            PlainProject.key == request.args["project"],
            PlainIssue.status == request.args["status"],
            PlainIssue.deleted_at.is_(None),
        )
    )
    if "severity" in request.args:
        wanted = wanted.where(PlainIssue.severity.in_(request.args["severity"].split(",")))
    session = db.session()
    page = session.scalars(
        wanted.options(
            joinedload(PlainIssue.project),
            joinedload(PlainIssue.reporter),
            joinedload(PlainIssue.assignee),
        )
        .order_by(PlainIssue.updated_at.desc(), PlainIssue.id.desc())
        .limit(50)
    ).all()
    counted = wanted.with_only_columns(literal(1)).limit(MOST_COUNTED + 1).subquery()
    total = session.scalar(select(func.count()).select_from(counted))
    return jsonify(_Page().dump({"items": page, "total": total}))


_LEAD_TIMES = text("""
    SELECT date_trunc('week', closed.at) AS week, percentile_cont(ARRAY[0.5, 0.85, 0.95])
        WITHIN GROUP (ORDER BY extract(epoch FROM closed.at - created.at)) AS seconds
    FROM events AS created
    JOIN (
        SELECT DISTINCT ON (subject_id) subject_id, at, new FROM events
        WHERE subject = 'issue' AND kind = 'changed' AND field = 'status'
        ORDER BY subject_id, at DESC, id DESC
    ) AS closed ON closed.subject_id = created.subject_id
    WHERE created.subject = 'issue' AND created.kind = 'created'
    AND closed.new = '"done"' AND closed.at >= CAST(:first AS date)
    GROUP BY 1 ORDER BY 1
""")


@requires(policy.READ)
def plain_lead_time() -> Any:
    """Return the percentiles of lead time of each week, from nothing but the event log."""
    rows = db.session().execute(_LEAD_TIMES, {"first": request.args["from"]})
    return jsonify([{"at": row.week.isoformat(), "seconds": row.seconds} for row in rows])


def create() -> Application:
    """Build the application, with all yardsticks."""
    app = create_app()
    app.add_url_rule("/bench/plain", view_func=plain_page)
    app.add_url_rule("/bench/plain-lead-time", view_func=plain_lead_time)
    bare, whole = Flask("bare"), app.wsgi_app

    @bare.get("/bench/hello")
    def hello() -> Any:
        return jsonify(hello="world")

    def choose(environ: Any, start_response: Any) -> Any:
        to_bare = environ["PATH_INFO"] == "/bench/hello"
        return (bare.wsgi_app if to_bare else whole)(environ, start_response)

    app.wsgi_app = choose  # type: ignore[method-assign]
    return Application(app)
