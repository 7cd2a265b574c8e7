"""ETag and If-Match: the version of a thing, and the version a caller means to change.
https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests
"""

import re

from flask import request

from issue_insight.errors import PreconditionRequired, Stale

_ONE_VERSION = re.compile(r'"([0-9]{1,18})"')


def etag(version: int) -> str:
    """Return the strong entity tag of a version: `"7"`, with its quotes."""
    return f'"{version}"'


def expected_version() -> int | None:
    """Return the version in `If-Match`; None for `*`, which takes whichever is newest.

    Raises `PreconditionRequired` without the header, and `Stale` for a tag that no version has:
    weak ones never match here, and of several we could not say which is meant.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given:
        raise PreconditionRequired(
            "Say in If-Match which version to change: the ETag of the last answer."
        )
    if given == "*":
        return None
    found = _ONE_VERSION.fullmatch(given)
    if found is None:
        raise Stale("If-Match names no version of this. Fetch it again for its newest ETag.")
    return int(found[1])
