"""What is remembered of an imported row: which issue it became, and what the file said of it.

The digest tells at once whether a row says what it said before. What it said, in short, tells at
the next run which of the differences the file made, and which somebody here.
"""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from plugins.issues.importing.history import History, Remark


def digest(history: History) -> str:
    """Return a digest of all that a row says; where it stands in the file is no part of it."""
    said = asdict(history)
    del said["line"], said["notes"]
    return _short(json.dumps(said, default=str, sort_keys=True))


def said(history: History, comment_ids: list[int]) -> dict[str, Any]:
    """Return what a row says, in short; `comment_ids` are those of its comments, in order."""
    state = history.state
    return {
        "title": history.title,
        "description": _short(history.description),
        "due_on": history.due_on.isoformat() if history.due_on else None,
        "status": state.status,
        "severity": state.severity,
        "resolution": state.resolution,
        "assignee": state.assignee,
        "labels": list(state.labels),
        "until": history.steps[-1].at.isoformat(),
        "comments": {
            place: [_short(comment.body), comment_id]
            for (place, comment), comment_id in zip(
                placed(history.comments), comment_ids, strict=True
            )
        },
    }


def placed(comments: tuple[Remark, ...]) -> list[tuple[str, Remark]]:
    """Return each comment with what tells it from the others: instant, author, and a count."""
    seen: dict[str, int] = {}
    found = []
    for comment in comments:
        place = f"{comment.at.isoformat()} {comment.author or ''}"
        seen[place] = seen.get(place, 0) + 1
        found.append((f"{place} {seen[place]}", comment))
    return found


def same_text(text: str, short: str) -> bool:
    """Tell whether `short` stands for `text`."""
    return _short(text) == short


def _short(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
