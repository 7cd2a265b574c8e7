"""From a row in the source's words to a history in ours, or to the reason why there is none.

Only what the file says is told. A closing without an instant, a history that contradicts the row,
a word nobody has mapped: each is a problem of that row, which is then left out whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from issue_insight import clock
from plugins.issues.importing.history import History, Remark, State, Step
from plugins.issues.importing.mapping import Words, folded
from plugins.issues.importing.reading import clean
from plugins.issues.importing.records import (
    ImportProblem,
    SourceChange,
    SourceIssue,
    Value,
)

TITLE_LENGTH = 300
"""Other trackers' limits, which are wider than ours for what is typed in here."""
TEXT_LENGTH = 1_000_000
LOGIN_LENGTH = 200
LABEL_LENGTH = 60
LABELS = 50
COMMENTS = 10_000
NUMBERS = range(1, 1_000_000_000)


def history(source: SourceIssue, words: Words) -> History:
    """Return the history of `source`; raise `ImportProblem`."""
    return _Conversion(source, words).history()


class _Conversion:
    """One row on its way."""

    def __init__(self, source: SourceIssue, words: Words) -> None:
        self._source = source
        self._words = words
        self._notes = list(source.notes)

    def history(self) -> History:
        source = self._source
        self._check_texts()
        self._not_in_the_future("created", source.created_at)
        steps = self._steps()
        comments = tuple(
            Remark(self._login(comment.author), comment.at, comment.body)
            for comment in source.comments
            if comment.body.strip()
        )
        for comment in comments:
            self._not_in_the_future("a comment was made", comment.at)
        instants = [step.at for step in steps] + [comment.at for comment in comments]
        if source.updated_at is not None:
            self._not_in_the_future("updated", source.updated_at)
            instants.append(source.updated_at)
        return History(
            line=source.line,
            external_id=source.external_id,
            number=source.number,
            title=source.title,
            description=source.description,
            reporter=self._login(source.reporter),
            due_on=source.due_on,
            steps=steps,
            comments=comments,
            updated_at=max(instants),
            notes=tuple(self._notes),
        )

    # What the row says, in our words

    def _status(self, word: str) -> str:
        return self._mapped("status", self._words.status, word)

    def _severity(self, word: str | None) -> str | None:
        return word and (self._mapped("severity", self._words.severity, word) or None)

    def _resolution(self, word: str | None) -> str | None:
        return word and (self._mapped("resolution", self._words.resolution, word) or None)

    def _mapped(self, table: str, known: Mapping[str, str], word: str) -> str:
        try:
            return known[folded(word)]
        except KeyError:
            raise self._problem(
                f"{table} {word[:60]!r} is not known; name it under [{table}] of a mapping file"
            ) from None

    def _labels(self, theirs: Iterable[str]) -> tuple[str, ...]:
        found: set[str] = set()
        for label in theirs:
            name = " ".join(clean(label)[0].split())
            name = self._words.labels.get(name, name)
            # As labels are here: in small letters, and without what sets them apart in filters.
            name = " ".join(name.lower().replace(",", " ").replace('"', " ").split())
            if not name:
                continue
            if len(name) > LABEL_LENGTH:
                raise self._problem(f"label {name[:30]!r}… has more than {LABEL_LENGTH} characters")
            found.add(name)
        if len(found) > LABELS:
            raise self._problem(f"it has {len(found)} labels; there is room for {LABELS}")
        return tuple(sorted(found))

    def _login(self, login: str | None) -> str | None:
        if login is None:
            return None
        name = " ".join(clean(login)[0].split())
        if len(name) > LOGIN_LENGTH:
            raise self._problem(f"the name {name[:30]!r}… is longer than {LOGIN_LENGTH} characters")
        return name or None

    # How it got there

    def _steps(self) -> tuple[Step, ...]:
        source = self._source
        now = State(
            status=self._status(source.status),
            severity=self._severity(source.severity),
            resolution=None,
            assignee=self._login(source.assignee),
            labels=self._labels(source.labels),
        )
        told = {change.field for change in source.changes}
        resolution = self._resolution(source.resolution) or self._resolution_by_label(now.labels)
        if now.status != "done" and source.resolution is not None and "resolution" not in told:
            self._notes.append(f"resolution {source.resolution!r} left aside: it is not closed")
        changes = [self._change(change) for change in source.changes]
        if "status" not in told:
            changes += self._closing(now.status)
        changes.sort(key=lambda change: change.at)  # stable: what the file tells first stays first
        state = self._first(now, changes)
        state = self._resolved(state, resolution or "fixed")
        steps = [Step(source.created_at, self._login(source.reporter), state)]
        for change in changes:
            # mypy cannot see that each field gets a value of its own kind.
            state = replace(state, **{change.field: change.new})  # type: ignore[arg-type]
            state = self._resolved(state, resolution or "fixed")
            together = len(steps) > 1 and (steps[-1].at, steps[-1].by) == (change.at, change.by)
            if together:
                steps[-1] = replace(steps[-1], state=state)
            elif state != steps[-1].state:
                steps.append(Step(change.at, change.by, state))
        self._agree(replace(now, resolution=resolution), state)
        return tuple(steps)

    def _resolution_by_label(self, labels: tuple[str, ...]) -> str | None:
        for label in (*self._source.labels, *labels):
            if found := self._words.label_resolution.get(folded(label)):
                return found
        return None

    def _closing(self, status: str) -> list[SourceChange]:
        """Return the changes of status that follow from the instant of closing."""
        source = self._source
        closed, updated = source.closed_at, source.updated_at
        if status == "done":
            if closed is None and updated is not None:
                self._notes.append("no instant of closing; the last update stands for it")
                closed = updated
            if closed is None:
                raise self._problem("it is closed, but nothing says when")
            self._in_order("closed", closed)
            return [SourceChange(closed, None, "status", "open", "done")]
        if closed is None:
            return []
        self._in_order("closed", closed)
        if updated is None or updated <= closed:
            self._notes.append("closed once and open again, at an instant nobody knows: left aside")
            return []
        self._notes.append("no instant of reopening; the last update stands for it")
        return [
            SourceChange(closed, None, "status", "open", "done"),
            SourceChange(updated, None, "status", "done", status),
        ]

    def _change(self, change: SourceChange) -> SourceChange:
        self._in_order(f"its {change.field} was changed", change.at)
        return replace(
            change,
            by=self._login(change.by),
            old=self._value(change, change.old),
            new=self._value(change, change.new),
        )

    def _value(self, change: SourceChange, value: Value) -> Value:
        if isinstance(value, tuple):
            return self._labels(value)
        match change.field:
            case "status":
                if value is None:
                    raise self._problem("a change of status does not say from what to what")
                return self._status(value)
            case "severity":
                return self._severity(value)
            case "resolution":
                return self._resolution(value)
            case _:
                return self._login(value)

    def _first(self, now: State, changes: list[SourceChange]) -> State:
        """Return the state at creation: before the first change of each field, or as it is now."""
        first: dict[str, Value] = {}
        last: dict[str, Value] = {}
        for change in changes:
            if change.field in last and last[change.field] != change.old:
                raise self._problem(
                    f"its history of {change.field} has a gap: {_shown(last[change.field])} "
                    f"turns into {_shown(change.old)} unseen"
                )
            first.setdefault(change.field, change.old)
            last[change.field] = change.new
        return replace(now, **first)  # type: ignore[arg-type]

    def _resolved(self, state: State, resolution: str) -> State:
        """Let what is done have a resolution, and nothing else."""
        if state.status != "done":
            return replace(state, resolution=None)
        return state if state.resolution else replace(state, resolution=resolution)

    def _agree(self, now: State, state: State) -> None:
        """Refuse a history that does not end where the row says the issue stands."""
        fields = ["status", "severity", "assignee", "labels"]
        if state.status == "done" and now.resolution is not None:
            fields.append("resolution")
        for field in fields:
            said, told = getattr(now, field), getattr(state, field)
            if said != told:
                raise self._problem(
                    f"its {field} is {_shown(said)}, but its history ends with {_shown(told)}"
                )

    # Limits

    def _check_texts(self) -> None:
        source = self._source
        if not source.title:
            raise self._problem("the title is empty")
        if len(source.title) > TITLE_LENGTH:
            raise self._problem(
                f"the title has {len(source.title)} characters; there is room for {TITLE_LENGTH}"
            )
        if len(source.comments) > COMMENTS:
            raise self._problem(f"it has more than {COMMENTS} comments")
        texts = [("description", source.description)]
        texts += [("comment", comment.body) for comment in source.comments]
        for name, text in texts:
            if len(text) > TEXT_LENGTH:
                raise self._problem(
                    f"a {name} of {len(text)} characters; there is room for {TEXT_LENGTH}"
                )
        if source.number is not None and source.number not in NUMBERS:
            raise self._problem(f"{source.number} is no number that an issue can have")
        if not source.external_id or len(source.external_id) > LOGIN_LENGTH * 2:
            raise self._problem("its id is too long")

    def _in_order(self, what: str, at: datetime) -> None:
        if at < self._source.created_at:
            raise self._problem(f"{what} on {at:%Y-%m-%d %H:%M} UTC, before it was created")
        self._not_in_the_future(what, at)

    def _not_in_the_future(self, what: str, at: datetime) -> None:
        if at > clock.now():
            raise self._problem(
                f"{what} on {at:%Y-%m-%d %H:%M} UTC, which is yet to come (is the time zone right?)"
            )

    def _problem(self, reason: str) -> ImportProblem:
        return ImportProblem(reason, self._source.line)


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "no labels"
    return value or "none"
