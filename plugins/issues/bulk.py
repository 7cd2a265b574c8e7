"""Changing many issues in one change-set, or only showing what would change and what would not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.errors import DomainError, FieldError, Invalid
from plugins.issues import policy
from plugins.issues.changes import Change, change, check_person
from plugins.issues.fields import LABELS_MAX
from plugins.issues.models import Issue, Project
from plugins.issues.queries import split_key
from plugins.issues.relations import CURRENT
from plugins.issues.selection import Selection

MOST = 500
"""So many issues can be changed at once."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An issue that stays as it is, and why."""

    key: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """What came of a change of many; `change_set` is None where nothing was changed."""

    change_set: UUID | None = None
    changed: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    changes: list[tuple[str, Change]] = field(default_factory=list)


def change_many(
    session: Session,
    principal: Principal,
    wanted: Sequence[str] | Selection,
    changes: dict[str, Any],
    *,
    dry_run: bool = False,
) -> Outcome:
    """Change the issues of these keys, or those that a filter selects; each by its own rules.

    `changes` may also hold `add_labels` and `remove_labels`. What is refused for one issue does not
    hinder the others. With `dry_run` nothing is written, and the outcome tells what would be.
    Raises `Invalid` for more than `MOST` issues and for an assignee who is nobody.
    """
    principal.must(policy.TRIAGE.name, "Only maintainers change many issues at once.")
    try:
        check_person(session, changes.get("assignee"))
    except Invalid as error:
        raise Invalid(error.message, [FieldError("/set/assignee", "names no user")]) from error
    outcome, change_set = Outcome(), uuid4()
    found = _locked(session, principal, wanted, outcome)
    trial = session.begin_nested() if dry_run else None
    for key, issue in found:
        _change_one(session, principal, key, issue, changes, change_set, outcome)
    if trial is not None:
        trial.rollback()
    elif outcome.changed:
        outcome.change_set = change_set
    return outcome


def _change_one(
    session: Session,
    principal: Principal,
    key: str,
    issue: Issue,
    changes: dict[str, Any],
    change_set: UUID,
    outcome: Outcome,
) -> None:
    try:
        # Refused before anything of this issue is written: the others go on.
        written = change(session, principal, issue, _of_issue(issue, changes), change_set)
    except DomainError as refusal:
        outcome.refused.append(Refusal(key, refusal.message))
        return
    outcome.changes += [(key, one) for one in written]
    if written:
        outcome.changed += 1
    else:
        outcome.unchanged += 1


def _of_issue(issue: Issue, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with the labels that this very issue would have."""
    changes = dict(changes)
    added, removed = changes.pop("add_labels", []), changes.pop("remove_labels", [])
    if added or removed:
        labels = sorted({*changes.get("labels", issue.labels), *added} - set(removed))
        if len(labels) > LABELS_MAX:
            raise Invalid(f"An issue has at most {LABELS_MAX} labels.")
        changes["labels"] = labels
    return changes


def _locked(
    session: Session,
    principal: Principal,
    wanted: Sequence[str] | Selection,
    outcome: Outcome,
) -> list[tuple[str, Issue]]:
    """Lock the issues, always in the same order, so that two such changes never wait in a ring."""
    if isinstance(wanted, Selection):
        where = wanted.where
    else:
        where = and_(policy.visible_to(principal, CURRENT), _one_of(wanted))
    rows = session.execute(
        select(Issue, Project.key)
        .join(Project, Project.id == Issue.project_id)
        .where(where)
        .order_by(Issue.id)
        .limit(MOST + 1)
        .with_for_update(of=Issue)
        .execution_options(populate_existing=True)
    ).all()
    if len(rows) > MOST:
        raise Invalid(
            f"The filter selects more than {MOST} issues; at most {MOST} are changed at once.",
            [FieldError("/q", f"selects more than {MOST} issues")],
        )
    found = [(f"{project}-{issue.number}", issue) for issue, project in rows]
    if not isinstance(wanted, Selection):
        there = {key for key, _ in found}
        outcome.refused += [
            Refusal(key, f"There is no issue {key}.")
            for key in dict.fromkeys(key.upper() for key in wanted)
            if key not in there
        ]
    return found


def _one_of(keys: Sequence[str]) -> ColumnElement[bool]:
    numbers: dict[str, list[int]] = {}
    for key in keys:
        project, number = split_key(key)
        numbers.setdefault(project, []).append(number)
    return or_(
        *[and_(Project.key == project, Issue.number.in_(some)) for project, some in numbers.items()]
    )
