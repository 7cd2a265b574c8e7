"""What is known of a view, written as an OpenAPI 3.1 operation.

Schemas stay unresolved here (`TypeRef`): `openapi` writes them all at once, when every blueprint is
known, so that two models of one name in two plugins both get a name of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Self

from issue_insight.auth.permission import PUBLIC, permission_of
from issue_insight.http.intake import outer_name
from issue_insight.http.operation import Answer, Argument, Operation, operation_of

MARK = "x-type"
BINARY = {
    # OpenAPI 3.1 says it by contentMediaType; tools of the 3.0 days look for the format.
    "type": "string",
    "format": "binary",
    "contentMediaType": "application/octet-stream",
}
HEADERS = {
    "ETag": ("The version of what was answered, for `If-Match`.", {"type": "string"}),
    "Content-Disposition": ("Under which name to save it.", {"type": "string"}),
    "Change-Set": (
        "What was changed, for `POST /change-sets/{id}/undo`; absent where nothing was.",
        {"type": "string", "format": "uuid"},
    ),
    "Location": (
        "Where the new thing is found.",
        {"type": "string", "format": "uri-reference"},
    ),
}


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A schema to be written later: a model as read or as written, or one field of it."""

    model: Any
    mode: Literal["validation", "serialization"]
    field: str | None = None

    def __deepcopy__(self, memo: object) -> Self:
        """Frozen, and models are not to be copied."""
        return self


def schema_of(
    model: Any, mode: Literal["validation", "serialization"], field: str | None = None
) -> dict[str, Any]:
    """Return the place holder of a schema."""
    return {MARK: TypeRef(model, mode, field)}


def describe(view: Callable[..., Any]) -> dict[str, Any]:
    """Return the operation of `view`, with place holders for schemas and names for problems."""
    operation = operation_of(view)
    permission = permission_of(view)
    is_open = permission == PUBLIC
    doc: dict[str, Any] = {
        "operationId": view.__name__,
        "parameters": _parameters(operation),
        "responses": {
            **{str(a.status): _answer(a) for a in operation.answers},
            **{str(s): HTTPStatus(s).name for s in sorted(_problems(operation, is_open))},
        },
        "security": [] if is_open else [{"bearerAuth": []}],
    }
    if permission is not None and not is_open:
        doc["x-permission"] = permission.name
    if body := _body(operation):
        doc["requestBody"] = body
    return doc


def _problems(operation: Operation, is_open: bool) -> set[int]:
    """Return every status a problem can have here: what the view says, and what lies before it."""
    statuses = {400, 422, 429, 503, *operation.problems}
    if not is_open:
        statuses |= {401, 403}
    if operation.argument("json", "form") or operation.uploads or operation.body:
        statuses |= {413, 415}
    return statuses


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "in": "header",
            "name": header.name,
            "description": header.description,
            "required": header.required,
            "schema": dict(header.schema),
        }
        for header in operation.headers
    ]
    query = operation.argument("query")
    if query is not None:
        for name, field in query.model.model_fields.items():
            outer = outer_name(name, field)
            parameter: dict[str, Any] = {
                "in": "query",
                "name": outer,
                "required": field.is_required(),
                "schema": schema_of(query.model, "validation", outer),
            }
            if field.description:
                parameter["description"] = field.description
            found.append(parameter)
    return found


def _body(operation: Operation) -> dict[str, Any] | None:
    if operation.body:
        return {"required": True, "content": {operation.body: {"schema": {}}}}
    if operation.uploads:
        form = {
            "type": "object",
            "required": [operation.uploads],
            "properties": {operation.uploads: dict(BINARY)},
        }
        return {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    argument = operation.argument("json", "form")
    if argument is None:
        return None
    body: dict[str, Any] = {
        "required": True,
        "content": {_content_type(argument): {"schema": schema_of(argument.model, "validation")}},
    }
    if argument.description:
        body["description"] = argument.description
    return body


def _content_type(argument: Argument) -> str:
    return "application/json" if argument.location == "json" else "multipart/form-data"


def _answer(answer: Answer) -> dict[str, Any]:
    doc: dict[str, Any] = {"description": answer.description}
    if answer.model is not None:
        schema = schema_of(answer.model, "serialization")
        doc["content"] = {answer.content_type or "application/json": {"schema": schema}}
    elif answer.content_type:
        doc["content"] = {
            kind: {"schema": {"type": "string"} if kind.startswith("text/") else dict(BINARY)}
            for kind in answer.content_type.split(", ")
        }
    if answer.headers:
        doc["headers"] = {name: _header(name) for name in answer.headers}
    return doc


def _header(name: str) -> dict[str, Any]:
    description, schema = HEADERS.get(name, (name, {"type": "string"}))
    return {"description": description, "schema": dict(schema)}
