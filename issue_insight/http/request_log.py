"""Structured logs: one line of JSON a request, found again by its id.

No line holds a token, a secret, the text of a query or anything people wrote. That is why errors
are logged by their type and place: a message may quote any of these, and is only kept at the level
`debug`.
"""

import logging
import re
import sys
import time
import traceback
from typing import Any
from uuid import uuid4

import orjson
import structlog
from flask import Flask, Response, g, request

from issue_insight.methods import method_of_request
from issue_insight.settings import Settings

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_HANDLER = "issue_insight.json"
_HEALTH = ("/healthz", "/readyz")

log = structlog.get_logger("issue_insight.request")


def register(app: Flask, settings: Settings) -> None:
    """Configure logging as a whole, and log every request of `app`."""
    configure(settings.log_level)

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _SANE_ID.fullmatch(given) else uuid4().hex
        g.request_began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        route = request.url_rule.rule if request.url_rule else None
        write = log.debug if route in _HEALTH and response.status_code < 400 else log.info
        write(
            "request",
            method=method_of_request(),
            route=route,
            status=response.status_code,
            duration_ms=round((time.perf_counter() - g.request_began) * 1000, 1),
            user_id=getattr(g.get("principal"), "user_id", None),
        )
        return response


def configure(level: str) -> None:
    """Send every log line of the process, structlog's and others', to standard error as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _by_place,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.name = _HANDLER
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if h.name == _HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # The development server's own lines repeat ours and show query strings.
    for name in ("werkzeug", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Migrations tell how they work, also where they only look: for whoever asks.
    logging.getLogger("alembic").setLevel(logging.INFO if level == "debug" else logging.WARNING)


def _json(line: Any, **_: Any) -> str:
    return orjson.dumps(line, default=str).decode()


def _by_place(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    """Replace an exception by the types of its chain and the places it passed through."""
    given = line.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if error is True:
        error = sys.exc_info()[1]
    if not isinstance(error, BaseException):
        return line
    record = line.get("_record")
    if record is not None:  # else the formatter of the standard library would add it in full
        record.exc_info = record.exc_text = None
    line["error"] = [type(link).__name__ for link in _chain(error)]
    line["places"] = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    if logging.getLogger().isEnabledFor(logging.DEBUG):
        line["message"] = str(error)
    return line


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found
