"""Bringing an issue up to what its row says by now, where nobody here has changed it since.

Three states count: what the row said at the last import, what it says now, and how the issue
stands. Only what the file itself changed is changed; of that, a field that was changed here too
keeps what was decided here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.journal import record
from plugins.issues.importing.history import History
from plugins.issues.importing.remembered import digest, placed, said, same_text
from plugins.issues.importing.storing import UNKNOWN, know_labels, plain
from plugins.issues.models import Comment, ImportedRow, Issue, IssueText
from plugins.issues.versions import keep_comment_words, keep_version, keep_words

_COLUMNS = {"assignee": "assignee_id"}
_ENDING = frozenset({"status", "resolution"})
"""These two only make sense together."""


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update came to: whether a field changed, how many comments came, what was left."""

    changed: bool
    comments: int
    notes: tuple[str, ...]


def update(session: Session, row: ImportedRow, history: History, ids: Mapping[str, int]) -> Updated:
    """Apply what the row says differently than before; remember that it said so."""
    issue = session.get_one(Issue, row.issue_id, with_for_update=True, populate_existing=True)
    if issue.deleted_at is not None:
        return Updated(False, 0, ("it was deleted here: left as it is",))
    work = _Update(session, row, history, ids, issue)
    work.replay()
    work.settle()
    comment_ids = work.comments()
    if work.changed and history.updated_at > issue.updated_at:
        issue.updated_at = history.updated_at
        keep_version(session, issue.id, issue.updated_at)
    know_labels(session, issue.project_id, [history])
    row.digest, row.said = digest(history), said(history, comment_ids)
    session.flush()
    return Updated(work.changed, work.added, work.notes())


class _Update:
    """One row on its way into one issue."""

    def __init__(
        self,
        session: Session,
        row: ImportedRow,
        history: History,
        ids: Mapping[str, int],
        issue: Issue,
    ) -> None:
        self._session = session
        self._row = row
        self._history = history
        self._ids = ids
        self._issue = issue
        self._text = session.get_one(IssueText, issue.id)
        before = row.said
        self._said: dict[str, Any] = {
            "status": before["status"],
            "resolution": before["resolution"],
            "severity": before["severity"],
            "assignee": before["assignee"] and ids[before["assignee"]],
            "labels": before["labels"],
            "title": before["title"],
            "due_date": before["due_on"],
        }
        self._ours = {name for name, value in self._said.items() if self._now(name) != value}
        if self._ours & _ENDING:
            self._ours |= _ENDING
        if not same_text(self._text.description, before["description"]):
            self._ours.add("description")
        self._left: set[str] = set()
        self.changed = False
        self.added = 0

    def replay(self) -> None:
        """Let what happened there since the last import happen here, each at its instant."""
        until = datetime.fromisoformat(self._row.said["until"])
        for step in self._history.steps:
            if step.at > until:
                self._turn(step.at, step.by, plain(step.state, self._ids))

    def settle(self) -> None:
        """Change what differs without a word of when: as of the file's last update."""
        history = self._history
        target = plain(history.state, self._ids) | {
            "title": history.title,
            "due_date": history.due_on.isoformat() if history.due_on else None,
        }
        if not same_text(history.description, self._row.said["description"]):
            target["description"] = history.description
        self._turn(history.updated_at, None, target)

    def comments(self) -> list[int]:
        """Add the comments that came, and rewrite those that read otherwise; return all ids."""
        known: dict[str, list[Any]] = self._row.said["comments"]
        found = []
        for place, remark in placed(self._history.comments):
            if place not in known:
                found.append(self._add(remark.author, remark.at, remark.body))
                continue
            short, comment_id = known[place]
            if not same_text(remark.body, short):
                self._rewrite(comment_id, remark.body)
            found.append(comment_id)
        return found

    def notes(self) -> tuple[str, ...]:
        """What the file changed and was kept as it is here."""
        return tuple(f"{name} was changed here too: left as it is" for name in sorted(self._left))

    def _now(self, field: str) -> Any:
        if field == "description":
            return self._text.description
        value = getattr(self._issue, _COLUMNS.get(field, field))
        return value.isoformat() if field == "due_date" and value else value

    def _turn(self, at: datetime, by: str | None, target: dict[str, Any]) -> None:
        wanted = {name: new for name, new in target.items() if new != self._said.get(name)}
        self._said |= target
        self._left |= wanted.keys() & self._ours
        changes = {
            name: (self._now(name), new)
            for name, new in wanted.items()
            if name not in self._ours and new != self._now(name)
        }
        if not changes:
            return
        issue = self._issue
        # Never before what is there already: the past that was shown stays as it was shown.
        at = max(at, issue.updated_at)
        with self._session.no_autoflush:
            for name, (_, new) in changes.items():
                self._set(name, new)
            if "status" in changes:
                issue.closed_at = at if issue.status == "done" else None
            issue.updated_at, issue.version = at, issue.version + 1
        keep_version(self._session, issue.id, at)
        if changes.keys() & {"title", "description"}:
            keep_words(
                self._session, issue, at, title=issue.title, description=self._text.description
            )
        change_set = uuid4()
        for name, (old, new) in changes.items():
            record(
                self._session,
                self._actor(by),
                subject="issue",
                subject_id=issue.id,
                scope_id=issue.project_id,
                kind="changed",
                field=name,
                old=old,
                new=new,
                at=at,
                change_set=change_set,
            )
        self.changed = True

    def _set(self, name: str, new: Any) -> None:
        if name == "description":
            self._text.description = new
        elif name == "due_date":
            self._issue.due_date = self._history.due_on
        else:
            setattr(self._issue, _COLUMNS.get(name, name), new)

    def _add(self, author: str | None, at: datetime, body: str) -> int:
        issue = self._issue
        comment = Comment(
            project_id=issue.project_id,
            issue_id=issue.id,
            author_id=self._ids[author or UNKNOWN],
            body=body,
            version=1,
            created_at=at,
        )
        self._session.add(comment)
        self._session.flush()
        self._keep(comment, at, author, "commented", None, body)
        self.added += 1
        return comment.id

    def _rewrite(self, comment_id: int, body: str) -> None:
        comment = self._session.get_one(Comment, comment_id, populate_existing=True)
        if comment.deleted_at is not None or comment.edited_at is not None:
            self._left.add("a comment")
            return
        at = max(self._history.updated_at, self._issue.updated_at)
        old, comment.body = comment.body, body
        comment.edited_at, comment.version = at, comment.version + 1
        self._keep(comment, at, None, "comment edited", old, body)

    def _keep(
        self,
        comment: Comment,
        at: datetime,
        author: str | None,
        kind: str,
        old: str | None,
        new: str,
    ) -> None:
        issue = self._issue
        if at > issue.updated_at:
            issue.updated_at = at
        keep_version(self._session, issue.id, issue.updated_at)
        keep_comment_words(self._session, issue, comment.id, at, new)
        record(
            self._session,
            self._actor(author),
            subject="issue",
            subject_id=issue.id,
            scope_id=issue.project_id,
            kind=kind,
            field="comment",
            old=None if old is None else {"comment": comment.id, "body": old},
            new={"comment": comment.id, "body": new},
            at=at,
        )
        self.changed = True

    def _actor(self, login: str | None) -> Principal:
        user_id = None if login is None else self._ids[login]
        return Principal(user_id, login or "", None, "reporter", "import", frozenset())
