"""Permissions: what there is to be allowed, and the mark a view carries.

A view says what it takes to call it by `@requires(PERMISSION)`, or that it is open by `@public`.
The guard refuses every view that says neither.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

View = TypeVar("View", bound=Callable[..., Any])

ROLES = ("reporter", "maintainer", "admin")
"""Every role, from the least to the most."""

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""How far an API token reaches, from the least to the most: each includes those before it."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that may be done, and the roles that may do it.

    `scope` is what an API token of such a person needs for it; None: no token is enough, the person
    has to be here. A permission that does not say is for tokens of the widest scope alone.
    """

    name: str
    summary: str
    roles: frozenset[str]
    scope: Scope | None = "admin"

    def __post_init__(self) -> None:
        """Refuse roles that do not exist: nobody would ever hold them."""
        if unknown := self.roles - set(ROLES):
            raise ValueError(f"permission {self.name!r} names unknown roles: {sorted(unknown)}")


def at_least(role: str) -> frozenset[str]:
    """Return `role` and every role above it."""
    return frozenset(ROLES[ROLES.index(role) :])


SIGNED_IN = Permission("signed-in", "Anybody who is signed in", at_least("reporter"), "read")
PUBLIC = Permission("public", "Everybody, signed in or not", frozenset())


def reaches(scope: Scope, wanted: Scope | None) -> bool:
    """Tell whether a token of `scope` is enough for what takes `wanted`."""
    return wanted is not None and SCOPES.index(wanted) <= SCOPES.index(scope)


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a view: the guard lets only holders of `permission` in, before the body is read."""

    def mark(view: View) -> View:
        view.__permission__ = permission  # type: ignore[attr-defined]
        return view

    return mark


public = requires(PUBLIC)
"""Mark a view as open to everybody."""


def permission_of(view: object) -> Permission | None:
    """Return the mark of a view, or None for one that forgot to say."""
    found = getattr(view, "__permission__", None)
    return found if isinstance(found, Permission) else None
