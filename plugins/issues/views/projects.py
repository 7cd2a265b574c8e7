"""The HTTP API of projects."""

from typing import Any

from flask import url_for

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import reading, unit_of_work
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.paging import cursors
from plugins.issues import policy, queries, services
from plugins.issues.schemas import PageQuery, ProjectChange, ProjectCreate, ProjectPage, ProjectRead

projects = Blueprint("projects", __name__, description="Projects: what issues belong to.")


@projects.get("/projects")
@projects.arguments(PageQuery, location="query")
@projects.response(200, ProjectPage)
@requires(policy.READ)
def list_projects(query: PageQuery) -> Any:
    """List the projects."""
    with reading() as session:
        return ProjectPage.model_validate(
            queries.list_projects(session, limit=query.limit, cursor=query.cursor, signer=cursors())
        )


@projects.post("/projects")
@projects.idempotent
@projects.arguments(ProjectCreate)
@projects.response(201, ProjectRead, headers=("Location",))
@projects.problems(409)
@requires(policy.MANAGE_PROJECTS)
def create_project(data: ProjectCreate) -> Any:
    """Make a project."""
    with unit_of_work() as session:
        project = services.create_project(
            session,
            current_principal(),
            key=data.key,
            name=data.name,
            visibility=data.visibility.value,
        )
        answer = ProjectRead.model_validate(project)
    return answer, 201, {"Location": url_for("projects.get_project", key=answer.key)}


@projects.get("/projects/<key>")
@projects.response(200, ProjectRead)
@projects.problems(404)
@requires(policy.READ)
def get_project(key: str) -> Any:
    """Get a project."""
    with reading() as session:
        return ProjectRead.model_validate(queries.get_project(session, key))


@projects.patch("/projects/<key>")
@projects.arguments(ProjectChange)
@projects.response(200, ProjectRead)
@projects.problems(404)
@requires(policy.MANAGE_PROJECTS)
def change_project(data: ProjectChange, key: str) -> Any:
    """Change the name or the visibility of a project."""
    with unit_of_work() as session:
        changes = data.model_dump(mode="json", exclude_unset=True)
        return ProjectRead.model_validate(
            services.change_project(session, current_principal(), key.upper(), changes)
        )
