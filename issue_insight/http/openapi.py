"""The document: `/openapi.json`, an OpenAPI 3.1.0 description of every operation.

flask-smorest collects the operations as blueprints are registered; the schemas are written when
the document is first asked for, all at once, by pydantic.
"""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from http import HTTPStatus
from typing import Any, cast

import click
import flask
import orjson
from flask import Flask, Response, request
from flask_smorest import Api as SmorestApi
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from issue_insight.auth.permission import public
from issue_insight.http import docs, headers, limits, paging
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.intake import adapter
from issue_insight.http.operation_doc import MARK, TypeRef, schema_of
from issue_insight.http.problems import CONTENT_TYPE, Problem
from issue_insight.settings import Settings

_EXTENSION = "issue_insight.api"
API_VERSION = "1.0"
"""Of the API, as in `/api/v1`; additions raise the second number."""
_PREFIX = "#/components/schemas/"
DESCRIPTION = """\
A self-hosted issue tracker whose every number can be opened, rewound to any day, and held to its \
own past predictions.

Send `Authorization: Bearer <token>`. Errors are problems (RFC 9457). Instants are RFC 3339 in UTC.
"""


class Api(SmorestApi):  # type: ignore[misc]
    """flask-smorest's collector of operations, with pydantic's schemas and our problems."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Prepare the document of `app`."""
        self._written: bytes | None = None
        super().__init__(
            app,
            spec_kwargs={
                "title": "Issue Insight",
                "version": API_VERSION,
                "openapi_version": "3.1.0",
                "info": {"description": DESCRIPTION, "license": {"name": "MIT"}},
                "servers": [{"url": settings.public_url + settings.path_prefix or "/"}],
            },
        )
        self.spec.components.security_scheme(
            "bearerAuth", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        )
        # smorest's commands print the document before its schemas are written.
        app.cli.commands.pop("openapi", None)
        app.cli.add_command(_print)

    def register_blueprint(self, blp: flask.Blueprint, **options: Any) -> None:
        """Register a blueprint; a plain Flask one is served but not documented."""
        if isinstance(blp, Blueprint):
            super().register_blueprint(blp, **options)
        else:
            self._app.register_blueprint(blp, **options)
        self._written = None

    def document(self) -> dict[str, Any]:
        """Return the whole document. Raises `ValueError` where two operations share an id."""
        document: dict[str, Any] = self.spec.to_dict()
        _write_schemas(document)
        operations = list(_operations(document))
        ids = Counter(operation["operationId"] for operation in operations)
        if twice := sorted(name for name, times in ids.items() if times > 1):
            raise ValueError(f"operation ids must be unique: {', '.join(twice)}")
        for operation in operations:
            if permission := operation.get("x-permission"):
                text = operation.get("description", "")
                operation["description"] = f"{text}\n\nNeeds `{permission}`.".strip()
        return document

    def written(self) -> bytes:
        """Return the document as JSON, made once."""
        if self._written is None:
            self._written = orjson.dumps(self.document())
        return self._written

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            if status >= 400:
                problem = {
                    "description": status.phrase,
                    "content": {CONTENT_TYPE: {"schema": schema_of(Problem, "validation")}},
                }
                self.spec.components.response(status.name, problem, lazy=True)

    def _register_error_handlers(self) -> None:
        """Leave errors to `problems`."""

    def _register_etag_headers(self) -> None:
        """Leave entity tags to `conditional`."""

    def _register_pagination_header(self) -> None:
        """Leave pages to `paging`."""


def register(app: Flask) -> Api:
    """Give `app` its API: the document, `/docs`, the limits, cursors and headers of every request.

    Expects `app.extensions["issue_insight"].settings`.
    """
    settings = cast(Settings, app.extensions["issue_insight"].settings)
    limits.register(app, settings)
    headers.register(app, settings)
    paging.register(app, settings)
    api = Api(app, settings)
    app.extensions[_EXTENSION] = api
    app.add_url_rule("/openapi.json", "openapi_json", openapi_json)
    docs.register(app)
    return api


def api_of(app: Flask) -> Api:
    """Return the API of `app`."""
    return cast(Api, app.extensions[_EXTENSION])


@public
def openapi_json() -> Response:
    """Answer the document."""
    written = api_of(flask.current_app).written()
    response = Response(written, mimetype="application/json")
    response.set_etag(sha256(written).hexdigest()[:16])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


@click.command("openapi")
@flask.cli.with_appcontext
def _print() -> None:
    """Print the OpenAPI document."""
    click.echo(api_of(flask.current_app).written())


class _Untitled(GenerateJsonSchema):
    """Schemas without a title on every field: it only repeats the name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def _write_schemas(document: dict[str, Any]) -> None:
    """Replace every place holder by its schema, and add the components these refer to."""
    holders = list(_holders(document))
    wanted = {(h[MARK].model, h[MARK].mode): None for h in holders}
    numbers = {key: str(index) for index, key in enumerate(wanted)}
    schemas, rest = TypeAdapter.json_schemas(
        [(numbers[key], key[1], adapter(key[0])) for key in wanted],
        ref_template=_PREFIX + "{model}",
        schema_generator=_Untitled,
    )
    components = rest.get("$defs", {})
    for holder in holders:
        ref: TypeRef = holder.pop(MARK)
        schema = schemas[numbers[ref.model, ref.mode], ref.mode]
        if ref.field is not None:
            whole = components[schema["$ref"].removeprefix(_PREFIX)] if "$ref" in schema else schema
            schema = {k: v for k, v in whole["properties"][ref.field].items() if k != "description"}
        holder.update(schema)
    known = document.setdefault("components", {}).setdefault("schemas", {})
    # Query models are written out as parameters: they are no components of their own.
    pending = list(_references({**document, "components": {**document["components"]}}))
    while pending:
        name = pending.pop()
        if name in components and name not in known:
            known[name] = components[name]
            pending += _references(components[name])
    document["components"]["schemas"] = dict(sorted(known.items()))


def _holders(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get(MARK), TypeRef):
            yield node
        else:
            for child in node.values():
                yield from _holders(child)
    elif isinstance(node, list):
        for child in node:
            yield from _holders(child)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str) and target.startswith(_PREFIX):
            yield target.removeprefix(_PREFIX)
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document.get("paths", {}).values():
        for name, operation in path.items():
            if name in ("get", "put", "post", "patch", "delete"):
                yield operation
