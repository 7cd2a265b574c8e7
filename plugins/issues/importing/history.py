"""An issue in our words, as the sequence of states it went through."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class State:
    """What history is kept of. `assignee` is a login of the source; labels are sorted."""

    status: str
    severity: str | None
    resolution: str | None
    assignee: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` on (aware, UTC) the issue was in `state`; `by` is the login of who did it."""

    at: datetime
    by: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment."""

    author: str | None
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class History:
    """An issue ready to be stored. `steps` begins with its creation and is in order of time."""

    line: int
    external_id: str
    number: int | None
    title: str
    description: str
    reporter: str | None
    due_on: date | None
    steps: tuple[Step, ...]
    comments: tuple[Remark, ...]
    updated_at: datetime
    notes: tuple[str, ...]

    @property
    def created_at(self) -> datetime:
        """When the issue was made."""
        return self.steps[0].at

    @property
    def state(self) -> State:
        """The newest state."""
        return self.steps[-1].state

    @property
    def closed_at(self) -> datetime | None:
        """When the issue was last closed; None while it is not done."""
        closed: datetime | None = None
        before = ""
        for step in self.steps:
            if step.state.status != "done":
                closed = None
            elif before != "done":
                closed = step.at
            before = step.state.status
        return closed

    @property
    def someone_unnamed(self) -> bool:
        """Whether the file leaves open who reported it or who wrote one of the comments."""
        return None in (self.reporter, *(comment.author for comment in self.comments))

    def people(self) -> Iterator[str]:
        """Yield every login that has a part in it, some of them several times."""
        for step in self.steps:
            for login in (step.by, step.state.assignee):
                if login is not None:
                    yield login
        for login in (self.reporter, *(comment.author for comment in self.comments)):
            if login is not None:
                yield login
