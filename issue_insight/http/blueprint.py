"""The one place where pydantic models meet flask-smorest views.

    blp = Blueprint("issues", __name__, description="Issues and their history.")

    @blp.post("/issues")
    @blp.arguments(IssueCreate)
    @blp.response(201, IssueRead, headers=("Location", "ETag"))
    @blp.problems(404, 409)
    @requires(CREATE)
    def create_issue(data: IssueCreate) -> ...:
        \"\"\"Report an issue.\"\"\"

The route comes first; the other decorators only say what the view takes and gives, in any order.
Each `arguments` adds one positional argument, from the top down; parts of the path come by name.
The name of the function is the operation id, the first paragraph of its docstring the summary.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response
from flask_smorest import Blueprint as SmorestBlueprint

from issue_insight.http import answer, idempotency, intake
from issue_insight.http.operation import (
    LOCATIONS,
    Answer,
    Argument,
    Header,
    Location,
    amend,
    operation_of,
)
from issue_insight.http.operation_doc import describe

View = TypeVar("View", bound=Callable[..., Any])
PREFIX = "/api/v1"
"""Where the addresses of the API begin."""


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """A flask-smorest blueprint whose views speak pydantic."""

    def __init__(
        self, name: str, import_name: str, url_prefix: str = PREFIX, description: str = ""
    ) -> None:
        """Name the blueprint: `name` is its tag in the document, `description` that tag's text."""
        super().__init__(name, import_name, url_prefix=url_prefix or None, description=description)
        self._prepare_doc_cbks = [_hand_over]

    def get(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Route GET requests of `rule` to the view."""
        return self.route(rule, methods=["GET"], **options)

    def post(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Route POST requests of `rule` to the view."""
        return self.route(rule, methods=["POST"], **options)

    def put(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Route PUT requests of `rule` to the view."""
        return self.route(rule, methods=["PUT"], **options)

    def patch(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Route PATCH requests of `rule` to the view."""
        return self.route(rule, methods=["PATCH"], **options)

    def delete(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Route DELETE requests of `rule` to the view."""
        return self.route(rule, methods=["DELETE"], **options)

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Route `rule` to the view; `methods` as in Flask. Reads and writes by its models."""

        def decorate(view: View) -> View:
            if "<" in rule:  # whatever a path names may not be there
                amend(view, problems=operation_of(view).problems | {404})
            operation = operation_of(view)

            @wraps(view)
            def handler(**path: Any) -> Response:
                values = intake.read(operation)

                def respond() -> Response:
                    return answer.answer(operation, view(*values, **path))

                # What reads its body by itself knows only at the end what was asked.
                if operation.idempotent and not operation.uploads:
                    content = [
                        intake.adapter(argument.model).dump_json(value)
                        for argument, value in zip(operation.arguments, values, strict=True)
                    ]
                    return idempotency.answered_once(content, respond)
                return respond()

            handler.__routed__ = True  # type: ignore[attr-defined]
            self.add_url_rule(rule, options.pop("endpoint", None), handler, **options)
            return handler  # type: ignore[return-value]

        return decorate

    def arguments(
        self, model: Any, *, location: Location = "json", description: str = ""
    ) -> Callable[[View], View]:
        """Call the view with a `model` read from the JSON body, the query string or a form.

        Raises `TypeError` for a second body, a second query: a view has one of each.
        """
        if location not in LOCATIONS:
            raise TypeError(f"a view takes arguments from {LOCATIONS}, not {location!r}")

        def say(view: View) -> View:
            known = operation_of(view)
            rivals: tuple[Location, ...] = ("query",) if location == "query" else ("json", "form")
            if known.argument(*rivals):
                raise TypeError(f"{view.__name__} takes two models from {rivals}; join them in one")
            # Decorators apply from the bottom up, and are read from the top down.
            amend(view, arguments=(Argument(model, location, description), *known.arguments))
            return view

        return say

    def response(
        self,
        status: int,
        model: Any = None,
        *,
        description: str = "",
        content_type: str | None = None,
        headers: tuple[str, ...] = (),
    ) -> Callable[[View], View]:
        """Say how the view answers on success; the first from the top is the default.

        Without a `model` the body is empty, or bytes of `content_type` (a download, a stream), or
        of one of several, as in `text/csv, application/x-ndjson`.
        `headers` names those the answer bears, such as `ETag` and `Location`.
        """
        said = Answer(
            int(status), model, description or HTTPStatus(status).phrase, content_type, headers
        )

        def say(view: View) -> View:
            amend(view, answers=(said, *operation_of(view).answers))
            return view

        return say

    def problems(self, *statuses: int) -> Callable[[View], View]:
        """Document problems beyond those any view can answer with."""

        def say(view: View) -> View:
            amend(view, problems=operation_of(view).problems | {int(s) for s in statuses})
            return view

        return say

    def header(
        self,
        name: str,
        description: str,
        *,
        required: bool = False,
        schema: dict[str, Any] | None = None,
    ) -> Callable[[View], View]:
        """Document a header of the request that the view reads by itself."""
        said = Header(name, description, required, schema or {"type": "string"})

        def say(view: View) -> View:
            amend(view, headers=(said, *operation_of(view).headers))
            return view

        return say

    def if_match(self, view: View) -> View:
        """Document that the view changes only the version named in `If-Match` (412, 428)."""
        ask = self.header(
            "If-Match",
            'The ETag of the version to change, such as `"7"`, or `*` for whichever is newest.',
            required=True,
            schema={"type": "string", "examples": ['"7"']},
        )
        return self.problems(412, 428)(ask(view))

    def idempotent(self, view: View) -> View:
        """Let a request that is sent again with its `Idempotency-Key` have its first answer."""
        ask = self.header(
            idempotency.HEADER,
            "Any text of one's own, such as a UUID: sent again within 24 hours, the request is "
            "not repeated but answered as it was the first time.",
            schema={
                "type": "string",
                "minLength": 1,
                "maxLength": idempotency.KEY_MAX,
                "pattern": r"^[\x20-\x7e]+$",
                "examples": ["3f2c6b1e-8a53-4c56-9d0e-7c1f5a1d2b34"],
            },
        )
        amend(view, idempotent=True)
        return ask(view)

    def uploads(self, field: str = "file") -> Callable[[View], View]:
        """Document a multipart form with a file in `field`, read by the view as it arrives.

        The view takes it from `request.stream`, up to the size of the largest attachment.
        """

        def say(view: View) -> View:
            amend(view, uploads=field)
            return view

        return say

    def body(self, content_type: str) -> Callable[[View], View]:
        """Document a body of another type, such as a signed message, that the view reads itself."""

        def say(view: View) -> View:
            amend(view, body=content_type)
            return view

        return say

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        for method, known in self._docs[endpoint].items():
            if method != "parameters":
                known["view"] = obj


def _hand_over(doc: dict[str, Any], known: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give smorest the operation as `operation_doc` writes it."""
    return {**doc, **describe(known["view"])}
