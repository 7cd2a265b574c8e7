"""The words of other trackers in ours: what is known by itself, and what a mapping file adds.

A mapping file is TOML; its tables are `status`, `severity`, `resolution`, `labels`,
`label_resolution`, `users`, `columns` and `dates`. docs/import.md describes each, with an example.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plugins.issues.fields import Resolution, Severity, Status
from plugins.issues.importing.records import Unreadable

_STATUS = {
    "open": ("open", "opened", "new", "to do", "todo", "backlog", "reopened", "unstarted"),
    "triaged": ("triaged", "accepted", "confirmed", "assigned", "selected for development"),
    "in_progress": (
        "in progress", "started", "doing", "patch available", "in review", "under review", "wip",
    ),
    "done": ("done", "closed", "resolved", "fixed", "completed", "merged", "verified"),
}  # fmt: skip
_SEVERITY = {
    "critical": ("critical", "blocker", "highest"),
    "high": ("high", "major"),
    "medium": ("medium", "normal", "minor"),
    "low": ("low", "lowest", "trivial"),
    "": ("none", "not set", "undefined", "unprioritized"),
}
_RESOLUTION = {
    "fixed": (
        "fixed", "done", "completed", "complete", "implemented", "resolved", "delivered", "merged",
    ),
    "duplicate": ("duplicate", "duplicated"),
    "declined": (
        "declined", "won't fix", "wontfix", "won't do", "later", "abandoned", "workaround",
        "not planned", "incomplete", "auto closed", "pending closed", "remind",
    ),
    "invalid": (
        "invalid", "not a problem", "not a bug", "cannot reproduce", "works for me",
        "information provided", "feedback received",
    ),
}  # fmt: skip
_LABEL_RESOLUTION = {"duplicate": "duplicate", "wontfix": "declined", "invalid": "invalid"}

_TABLES = (
    "status", "severity", "resolution", "labels", "label_resolution", "users", "columns", "dates",
)  # fmt: skip


def folded(word: str) -> str:
    """Return a word as it is looked up: without regard to case, `_`, `-` and repeated spaces."""
    return " ".join(word.replace("_", " ").replace("-", " ").casefold().split())


def _turned(words: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {folded(word): ours for ours, theirs in words.items() for word in theirs}


@dataclass(frozen=True, slots=True)
class Words:
    """Their words in ours. Keys of `status`, `severity`, `resolution` and `label_resolution` are
    folded; `users` gives the e-mail address of a login; an empty value stands for nothing.
    """

    status: Mapping[str, str] = field(default_factory=lambda: _turned(_STATUS))
    severity: Mapping[str, str] = field(default_factory=lambda: _turned(_SEVERITY))
    resolution: Mapping[str, str] = field(default_factory=lambda: _turned(_RESOLUTION))
    labels: Mapping[str, str] = field(default_factory=dict)
    label_resolution: Mapping[str, str] = field(default_factory=lambda: dict(_LABEL_RESOLUTION))
    users: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC


def load(path: Path) -> Words:
    """Read a mapping file; what it does not say stays as it is known. Raises `Unreadable`."""
    try:
        tables = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Unreadable(f"the mapping file {path.name} is no TOML in UTF-8: {error}") from error
    for name in tables:
        if name not in _TABLES:
            raise Unreadable(
                f"the mapping file has a table [{name}]; there are {', '.join(_TABLES)}"
            )
    known = Words()
    return Words(
        status={**known.status, **_ours(tables, "status", [s.value for s in Status])},
        severity={
            **known.severity,
            **_ours(tables, "severity", ["", *(s.value for s in Severity)]),
        },
        resolution={
            **known.resolution,
            **_ours(tables, "resolution", [r.value for r in Resolution]),
        },
        labels={name.strip(): new for name, new in _table(tables, "labels").items()},
        label_resolution={
            **known.label_resolution,
            **_ours(tables, "label_resolution", ["", *(r.value for r in Resolution)]),
        },
        users={login.strip(): _address(mail) for login, mail in _table(tables, "users").items()},
        columns={
            theirs.strip().lower(): ours.strip()
            for theirs, ours in _table(tables, "columns").items()
        },
        zone=_zone(_table(tables, "dates")),
    )


def _table(tables: Mapping[str, Any], name: str) -> dict[str, str]:
    table = tables.get(name, {})
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise Unreadable(f"[{name}] of the mapping file is not a table of texts")
    return table


def _ours(tables: Mapping[str, Any], name: str, allowed: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for theirs, ours in _table(tables, name).items():
        if ours not in allowed:
            choices = ", ".join(repr(choice) for choice in allowed)
            raise Unreadable(f"[{name}] of the mapping file: {ours!r} is none of {choices}")
        found[folded(theirs)] = ours
    return found


def _address(mail: str) -> str:
    if "@" not in mail:
        raise Unreadable(f"[users] of the mapping file: {mail!r} is no e-mail address")
    return mail.strip().lower()


def _zone(dates: Mapping[str, str]) -> tzinfo:
    if other := set(dates) - {"time_zone"}:
        raise Unreadable(f"[dates] of the mapping file: {sorted(other)[0]!r} is not known")
    name = dates.get("time_zone", "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Unreadable(f"[dates] of the mapping file: no time zone is named {name!r}") from error
