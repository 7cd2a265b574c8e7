"""What a view takes and gives, as its decorators have said it: data for `handler` and `openapi`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

Location = Literal["json", "query", "form"]
LOCATIONS: tuple[Location, ...] = ("json", "query", "form")


@dataclass(frozen=True, slots=True)
class Argument:
    """One model the view is called with; `model` is a pydantic model or any annotated type."""

    model: Any
    location: Location
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer on success; without a `model` its body is empty, or bytes of `content_type`."""

    status: int
    model: Any
    description: str
    content_type: str | None
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """One header of the request that the view reads."""

    name: str
    description: str
    required: bool
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """Everything known of one view."""

    arguments: tuple[Argument, ...] = ()
    answers: tuple[Answer, ...] = ()
    problems: frozenset[int] = frozenset()
    headers: tuple[Header, ...] = ()
    uploads: str | None = None
    """The field of a multipart form whose file the view reads by itself, as it arrives."""
    body: str | None = None
    """The content type of any other body that the view reads by itself."""
    rate: str | None = None
    """The rate limit that the view has beside those of whoever asks."""
    idempotent: bool = False
    """Whether a request that is sent again under its Idempotency-Key is answered, not repeated."""

    def __deepcopy__(self, memo: object) -> Self:
        """Frozen: smorest copies what it knows of a view for each application."""
        return self

    def argument(self, *locations: Location) -> Argument | None:
        """Return the argument read from one of `locations`, if there is one."""
        return next((a for a in self.arguments if a.location in locations), None)


def operation_of(view: Callable[..., Any]) -> Operation:
    """Return what the decorators have said of `view` so far."""
    said = getattr(view, "_apidoc", {}).get("operation")
    return said if isinstance(said, Operation) else Operation()


def amend(view: Callable[..., Any], **changes: Any) -> None:
    """Add to what is known of `view`.

    Raises `TypeError` above the route decorator: the route would already stand without it.
    """
    if getattr(view, "__routed__", False):
        raise TypeError(f"{view.__name__}: the route (@blp.get, ...) must be the topmost decorator")
    # smorest's own place for what is known of a view, so that it finds its way into the document.
    view._apidoc = {"operation": replace(operation_of(view), **changes)}  # type: ignore[attr-defined]
