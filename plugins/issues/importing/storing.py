"""Storing new issues, many at a time: rows, versions, events, words, and what to remember.

What single changes write one by one (`services`, `versions`) is written here a table at a time,
with the instants of the history: no trigger and no service has a say in the past.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import Table, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from issue_insight.journal import Event
from plugins.issues.importing.history import History, State
from plugins.issues.importing.remembered import digest, said
from plugins.issues.models import Comment, ImportedRow, Issue, IssueText, IssueVersion, Label
from plugins.issues.versions import keep_words_of_new

UNKNOWN = "(unknown)"
"""The login of the one placeholder that stands for whoever a file leaves unnamed."""

FIELDS = ("status", "resolution", "severity", "assignee", "labels")

_ISSUES = cast(Table, Issue.__table__)
_VERSIONS = cast(Table, IssueVersion.__table__)
_COMMENTS = cast(Table, Comment.__table__)
_EVENTS = cast(Table, Event.__table__)


def store(
    session: Session,
    project_id: int,
    source: str,
    numbered: Sequence[tuple[int, History]],
    ids: Mapping[str, int],
) -> None:
    """Store the histories, none of which is there yet, under their numbers.

    `ids` are the users that logins stand for; `UNKNOWN` and every login is among them.
    """
    versions = [list(_versions(project_id, number, h, ids)) for number, h in numbered]
    issue_ids = session.scalars(
        insert(_ISSUES).returning(_ISSUES.c.id, sort_by_parameter_order=True),
        [
            {name: now[name] for name in now if not name.startswith("valid_")}
            for *_, now in versions
        ],
    ).all()
    comments = [
        {
            "project_id": project_id,
            "issue_id": issue_id,
            "author_id": ids[comment.author or UNKNOWN],
            "body": comment.body,
            "version": 1,
            "created_at": comment.at,
        }
        for issue_id, (_, history) in zip(issue_ids, numbered, strict=True)
        for comment in history.comments
    ]
    comment_ids = iter(
        session.scalars(
            insert(_COMMENTS).returning(_COMMENTS.c.id, sort_by_parameter_order=True), comments
        ).all()
        if comments
        else ()
    )
    texts, past, present, events, remembered = [], [], [], [], []
    for issue_id, states, (_, history) in zip(issue_ids, versions, numbered, strict=True):
        mine = [next(comment_ids) for _ in history.comments]
        texts.append({"issue_id": issue_id, "description": history.description})
        past += [{"id": issue_id, **state} for state in states[:-1]]
        present.append({"id": issue_id, **states[-1]})
        events += _events(project_id, issue_id, history, ids, mine)
        remembered.append(
            {
                "project_id": project_id,
                "source": source,
                "external_id": history.external_id,
                "issue_id": issue_id,
                "digest": digest(history),
                "said": said(history, mine),
            }
        )
    session.execute(insert(IssueText), texts)
    if past:
        session.execute(insert(_VERSIONS), past)
    session.execute(insert(_VERSIONS), [_without_end(state) for state in present])
    session.execute(insert(_EVENTS), events)
    know_labels(session, project_id, [history for _, history in numbered])
    keep_words_of_new(session, issue_ids)
    session.execute(insert(ImportedRow), remembered)


def _without_end(state: dict[str, Any]) -> dict[str, Any]:
    """Leave the end out: the database says that it is never."""
    return {name: value for name, value in state.items() if name != "valid_to"}


def know_labels(session: Session, project_id: int, histories: Sequence[History]) -> None:
    """Let every label that the histories end with be known to the project."""
    names = {label for history in histories for label in history.state.labels}
    if names:
        session.execute(
            upsert(Label).on_conflict_do_nothing(),
            # In order, so that two imports never wait for each other's labels.
            [{"project_id": project_id, "name": name} for name in sorted(names)],
        )


def plain(state: State, ids: Mapping[str, int]) -> dict[str, Any]:
    """Return the state as the event log has it: people by their ids here."""
    return {
        "status": state.status,
        "resolution": state.resolution,
        "severity": state.severity,
        "assignee": None if state.assignee is None else ids[state.assignee],
        "labels": list(state.labels),
    }


def _versions(
    project_id: int, number: int, history: History, ids: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    """Yield the columns of each version, the last one being the issue as it is now.

    A comment, and an update that nothing else tells of, changes no more than when the issue was
    last updated, as it does here.
    """
    instants = {step.at for step in history.steps} | {history.updated_at}
    instants |= {comment.at for comment in history.comments if comment.at > history.created_at}
    order = sorted(instants)
    steps, place = history.steps, -1
    closed_at: datetime | None = None
    for at, until in zip(order, [*order[1:], None], strict=True):
        while place + 1 < len(steps) and steps[place + 1].at <= at:
            place += 1
            if steps[place].state.status != "done":
                closed_at = None
            elif closed_at is None:
                closed_at = at
        state = plain(steps[place].state, ids)
        yield {
            "project_id": project_id,
            "number": number,
            "title": history.title,
            "status": state["status"],
            "resolution": state["resolution"],
            "severity": state["severity"],
            "labels": state["labels"],
            "due_date": history.due_on,
            "reporter_id": ids[history.reporter or UNKNOWN],
            "assignee_id": state["assignee"],
            "version": place + 1,
            "created_at": history.created_at,
            "updated_at": at,
            "closed_at": closed_at,
            "deleted_at": None,
            "valid_from": at,
            "valid_to": until,
        }


def _events(
    project_id: int,
    issue_id: int,
    history: History,
    ids: Mapping[str, int],
    comment_ids: Sequence[int],
) -> list[dict[str, Any]]:
    def event(at: datetime, by: str | None, **what: Any) -> dict[str, Any]:
        return {
            "at": at,
            "actor_id": None if by is None else ids[by],
            "actor_kind": "import",
            "change_set": uuid4(),
            "scope_id": project_id,
            "subject": "issue",
            "subject_id": issue_id,
            "field": None,
            "old": None,
            **what,
        }

    first = history.steps[0]
    created = {
        "title": history.title,
        "description": history.description,
        **plain(first.state, ids),
        "due_date": history.due_on.isoformat() if history.due_on else None,
        "confidential": False,
        "deleted": False,
    }
    events = [event(first.at, first.by, kind="created", new=created)]
    for before, step in zip(history.steps, history.steps[1:], strict=False):
        old, new, change_set = plain(before.state, ids), plain(step.state, ids), uuid4()
        events += [
            event(
                step.at,
                step.by,
                kind="changed",
                field=field,
                old=old[field],
                new=new[field],
                change_set=change_set,
            )
            for field in FIELDS
            if old[field] != new[field]
        ]
    events += [
        event(
            comment.at,
            comment.author,
            kind="commented",
            field="comment",
            new={"comment": comment_id, "body": comment.body},
        )
        for comment, comment_id in zip(history.comments, comment_ids, strict=True)
    ]
    # In order of time; what happened at one instant stays in the order above.
    return sorted(events, key=lambda event: cast(datetime, event["at"]))
