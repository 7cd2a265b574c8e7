"""From what a view returns to a response: models, rows and dicts straight to JSON bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, current_app
from pydantic import BaseModel
from werkzeug.datastructures import Headers

from issue_insight.http.intake import adapter
from issue_insight.http.operation import Answer, Operation


@dataclass(frozen=True, slots=True)
class Fitted:
    """Plain values that are as the model would write them: for the busiest views.

    They go out without passing through the model; where the application is under test, each
    answer is held to it, byte for byte.
    """

    body: Any


def answer(operation: Operation, returned: Any) -> Response:
    """Make the response: `returned` is a model, a dict, a row, `(body, status, headers)`, or done.

    A body that does not fit the model is a fault of the view: the error stays unexpected (500).
    """
    if isinstance(returned, Response):
        return returned
    body, status, headers = _unpacked(returned)
    declared = _declared(operation, status)
    if isinstance(body, Response):
        response = body
        response.status_code = status or response.status_code
    elif declared.model is None:
        response = Response(body, declared.status, mimetype=declared.content_type)
        if body is None:
            del response.headers["Content-Type"]
    else:
        response = Response(
            _json(declared.model, body), declared.status, mimetype="application/json"
        )
    response.headers.update(headers)
    return response


def _unpacked(returned: Any) -> tuple[Any, int | None, Headers]:
    if not isinstance(returned, tuple):
        return returned, None, Headers()
    body, *rest = returned
    status = next((int(part) for part in rest if isinstance(part, int)), None)
    headers = next((part for part in rest if isinstance(part, Mapping | Headers)), {})
    return body, status, Headers(headers)


def _declared(operation: Operation, status: int | None) -> Answer:
    for declared in operation.answers:
        if status in (None, declared.status):
            return declared
    raise RuntimeError(f"the view answers {status}, which no @blp.response declares")


def _json(model: Any, body: Any) -> bytes:
    serialiser = adapter(model)
    if isinstance(body, Fitted):
        written = orjson.dumps(body.body, option=orjson.OPT_UTC_Z)
        if current_app.testing:
            fitted = serialiser.validate_python(body.body)
            if serialiser.dump_json(fitted, by_alias=True) != written:
                raise TypeError(f"this is not what {model} would write: {written.decode()}")
        return written
    if isinstance(body, BaseModel) and type(body) is model:
        return serialiser.dump_json(body, by_alias=True)
    # Rows, dicts and lists of them pass through the model: it decides what goes out.
    fitted = serialiser.validate_python(body, from_attributes=True)
    return serialiser.dump_json(fitted, by_alias=True)
