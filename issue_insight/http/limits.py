"""What no request may do, whatever it asks for: too large a body, NUL, broken UTF-8, huge ids."""

from typing import cast
from urllib.parse import unquote_to_bytes

from flask import Flask, current_app, request
from werkzeug.exceptions import BadRequest, HTTPException, NotFound, RequestEntityTooLarge
from werkzeug.routing import IntegerConverter, Map

from issue_insight.http.operation import operation_of
from issue_insight.settings import Settings

REFUSAL = "issue_insight.refusal"
"""Under this name the server leaves in the environment why a request is not to be served."""
MULTIPART_SLACK = 64 * 1024
"""Bytes a multipart body may have beyond the file itself: boundaries, headers, other fields."""


class Id(IntegerConverter):
    """Whole numbers in a path, of as many ASCII digits as PostgreSQL's bigint surely holds.

    Werkzeug's own takes any digit of Unicode, and fails on numbers beyond Python's digit limit. A
    bound on the digits, not on the number alone: werkzeug looks at numbers after methods, and
    would answer 405 for an address that no method has.
    """

    regex = r"[0-9]{1,18}"

    def __init__(
        self,
        map: Map,
        fixed_digits: int = 0,
        min: int | None = None,
        max: int | None = 10**18 - 1,
        signed: bool = False,
    ) -> None:
        """Bound the number by its digits, unless the rule has a narrower bound."""
        super().__init__(map, fixed_digits, min, max, signed)


def register(app: Flask, settings: Settings) -> None:
    """Check every request of `app` before anything else looks at it."""
    app.url_map.converters["int"] = Id
    # A doubled slash is another address, and answers 404 rather than a redirect.
    app.url_map.merge_slashes = False

    def check() -> None:
        if REFUSAL in request.environ:
            raise cast(HTTPException, request.environ[REFUSAL])
        _check_text()
        limit = settings.body_max_bytes
        if _takes_files():
            limit = settings.attachment_max_bytes + MULTIPART_SLACK
        if (request.content_length or 0) > limit:
            raise _too_large(limit)
        # Bounds bodies of unknown length while they are read.
        request.max_content_length = limit

    app.before_request(check)


def whole_body() -> bytes:
    """Return the body of the request. Raises `RequestEntityTooLarge`."""
    limit = request.max_content_length
    if limit is None or request.content_length is not None:
        return request.get_data(cache=False)
    # Werkzeug ends a body of unknown length at its bound without a word, so that it is read to one
    # byte beyond.
    request.max_content_length = limit + 1
    raw = request.get_data(cache=False)
    if len(raw) > limit:
        raise _too_large(limit)
    return raw


def _too_large(limit: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The body may have {limit} bytes at most.")


def _check_text() -> None:
    path = request.environ.get("PATH_INFO", "").encode("latin-1", "replace")
    if b"\0" in path or not _is_utf8(path):
        raise NotFound
    # A NUL in the query is the fault of one parameter: intake names it.
    if not _is_utf8(unquote_to_bytes(request.query_string)):
        raise BadRequest("The query string is not UTF-8.")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _takes_files() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return False
    operation = operation_of(view)
    if operation.uploads:
        return True
    return operation.argument("form") is not None and request.mimetype == "multipart/form-data"
