"""The labels there are, offered where labels are chosen and asked for."""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select, tuple_, union
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from plugins.issues import policy
from plugins.issues.models import IssueVersion, Label, Project
from plugins.issues.queries import get_project
from plugins.issues.relations import CURRENT


def list_labels(
    session: Session, principal: Principal, *, project: str | None, prefix: str, limit: int
) -> dict[str, Any]:
    """Return labels that begin with `prefix`, by name, and how many there are.

    Where `principal` sees all issues of a project, every label that it has ever known; elsewhere
    only those of issues that they see. Raises `NotFound` for a project that is not there.
    """
    here = select(Project.id).where(Project.deleted_at.is_(None))
    if project is not None:
        here = here.where(Project.id == get_project(session, project).id)
    whole = here.where(policy.sees_all_unkept(principal))
    known = select(Label.name).where(Label.project_id.in_(whole), ~_kept(principal))
    # What nobody but others use is nobody else's business.
    worn = select(func.unnest(CURRENT.c.labels)).where(
        CURRENT.c.project_id.in_(here),
        CURRENT.c.project_id.not_in(whole),
        policy.visible_to(principal, CURRENT),
    )
    names = union(known, worn).subquery("names")
    name = names.c[0]
    wanted = select(name.label("name")).where(name.startswith(prefix.lower(), autoescape=True))
    return {
        "items": session.execute(wanted.order_by(name).limit(limit)).all(),
        "next": None,
        "total": session.execute(select(func.count()).select_from(wanted.subquery())).scalar_one(),
        "total_is_estimate": False,
    }


def _kept(principal: Principal) -> ColumnElement[bool]:
    """Return whether a label has been that of issues kept from `principal`, and is of no other."""
    versions = IssueVersion.__table__
    of_kept = select(versions.c.project_id, func.unnest(versions.c.labels)).where(
        policy.kept_from(principal, versions)
    )
    of_others = select(CURRENT.c.id).where(
        CURRENT.c.project_id == Label.project_id,
        CURRENT.c.labels.contains(cast(array([Label.name]), ARRAY(Text))),
        policy.visible_to(principal, CURRENT),
    )
    return (
        tuple_(Label.project_id, Label.name).in_(of_kept)
        & ~of_others.correlate(Label.__table__).exists()
    )
