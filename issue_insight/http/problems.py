"""Every error as a problem (RFC 9457), with nothing of the inside showing.
https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
import psycopg2
import structlog
from flask import Flask, Response, g, has_request_context, request
from pydantic import ConfigDict, Field
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from issue_insight import errors, metrics, reporting
from issue_insight.http.schema import Model

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = 5
"""Seconds after which a database that did not answer is worth another try."""

log = structlog.get_logger("issue_insight.http")

_STATUS: Mapping[type[errors.DomainError], int] = {
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    errors.Invalid: 422,
    errors.PreconditionRequired: 428,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}


class Fault(Model):
    """One thing wrong with a request."""

    pointer: str = Field(
        description="A JSON pointer into the body (`/title`), or a query parameter (`?limit`).",
        examples=["/title"],
    )
    detail: str = Field(examples=["is required"])
    position: int | None = Field(
        default=None, ge=0, description="The 0-based character of a text at which the fault is."
    )


class Problem(Model):
    """Why a request failed (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(json_schema_extra={"format": "uri-reference"}, examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(examples=["There is no such issue."])
    instance: str = Field(description="The path asked for.", examples=["/api/v1/issues/WEB-42"])
    request_id: str = Field(description="Finds the request in the server's log.")
    errors: list[Fault] = Field(default=[], description="Every fault of the input.")


def problem(
    status: int,
    detail: str,
    *,
    faults: Sequence[errors.FieldError] = (),
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """Return a problem as a response; `members` are added to its body."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": quote(request.path) if has_request_context() else "",
        "request_id": g.get("request_id", ""),
        **members,
    }
    if faults:
        body["errors"] = [_fault(fault) for fault in faults]
    response = Response(orjson.dumps(body), status, headers, content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers.setdefault("WWW-Authenticate", "Bearer")
    return response


def _fault(fault: errors.FieldError) -> dict[str, Any]:
    told: dict[str, Any] = {"pointer": fault.pointer, "detail": fault.detail}
    return told if fault.position is None else {**told, "position": fault.position}


def register(app: Flask) -> None:
    """Let every error of `app` be answered as a problem."""
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(errors.DomainError, _of_domain)
    app.register_error_handler(PoolTimeout, _of_pool)
    app.register_error_handler(DBAPIError, _of_database)
    # Bare ones come up where SQLAlchemy makes a connection fit for the pool again.
    for lost in (psycopg2.OperationalError, psycopg2.InterfaceError):
        app.register_error_handler(lost, _of_driver)
    app.register_error_handler(Exception, _unexpected)


_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The request is larger than allowed.",
}


def _of_http(error: HTTPException) -> Response:
    if isinstance(error, InternalServerError):
        return _unexpected(error.original_exception or error)
    given = error.get_response()
    if error.code is None or error.code < 400 or error.response is not None:
        return given  # type: ignore[return-value]
    kept = {k: v for k, v in given.headers.items() if k not in ("Content-Type", "Content-Length")}
    standard = type(error).description
    detail = error.description or HTTPStatus(error.code).phrase
    if detail == standard:
        detail = _DETAILS.get(error.code, detail)
    return problem(error.code, detail, headers=kept)


def _of_domain(error: errors.DomainError) -> Response:
    status = next((_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS), None)
    if status is None:
        return _unexpected(error)
    faults = error.errors if isinstance(error, errors.Invalid) else ()
    if isinstance(error, errors.Unavailable | errors.TooMany) and error.retry_after is not None:
        return problem(status, error.message, headers={"Retry-After": str(error.retry_after)})
    members = error.members if isinstance(error, errors.Conflict | errors.NotFound) else {}
    return problem(status, error.message, faults=faults, **members)


def _of_pool(error: PoolTimeout) -> Response:
    log.warning("database_busy", error=type(error).__name__)
    metrics.POOL_TIMEOUTS.inc()
    return _no_database()


def _of_driver(error: psycopg2.Error) -> Response:
    log.warning("database_unavailable", error=type(error).__name__, sqlstate=error.pgcode)
    return _no_database()


def _of_database(error: DBAPIError) -> Response:
    """Tell a database that is away or busy from input it cannot hold and from our own faults."""
    code = getattr(error.orig, "pgcode", None) or ""
    if isinstance(error, OperationalError) or error.connection_invalidated:
        log.warning("database_unavailable", error=type(error.orig).__name__, sqlstate=code)
        return _no_database()
    if isinstance(error, DataError):
        log.warning("database_refused_value", error=type(error.orig).__name__, sqlstate=code)
        return problem(422, "A value is outside of what can be stored.")
    if isinstance(error, IntegrityError) and code in ("23503", "23505", "23P01"):
        # Two requests raced for one name, or a thing vanished between the check and the write.
        log.warning("database_conflict", sqlstate=code)
        return problem(409, "Somebody changed the same thing at the same time. Please try again.")
    return _unexpected(error)


def _no_database() -> Response:
    return problem(
        503,
        "The database does not answer. Please try again shortly.",
        headers={"Retry-After": str(RETRY_AFTER)},
    )


def _unexpected(error: BaseException) -> Response:
    log.error("unexpected_error", exc_info=error)
    reporting.report(error)
    return problem(500, "Something went wrong here. The request id finds it in the server's log.")
