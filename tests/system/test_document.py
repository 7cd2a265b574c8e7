"""The document of the whole application, every plugin with it."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

NOT_A_VERB = {"healthz", "readyz"}
VERBS = (
    "add", "attach", "change", "confirm", "count", "create", "delete", "edit", "erase", "export",
    "find", "get", "list", "redo", "remove", "restore", "revoke", "search", "set", "sign", "stream",
    "subscribe", "undo", "update",
)  # fmt: skip


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json or {})


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        operation["operationId"]: (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "put", "post", "patch", "delete")
    }


def test_a_validator_from_outside_passes_it(document: dict[str, Any]):
    assert document["openapi"] == "3.1.0"
    validate(document, cls=OpenAPIV31SpecValidator)


def test_an_operation_reads_as_what_a_client_does(document: dict[str, Any]):
    for name in operations(document).keys() - NOT_A_VERB:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)
        assert name.split("_")[0] in VERBS, name


def test_every_operation_has_a_summary_a_tag_and_its_refusals(document: dict[str, Any]):
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for name, (_, path, operation) in operations(document).items():
        assert operation["summary"].endswith("."), name
        assert set(operation["tags"]) <= tags, name
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers), name
        if operation["security"]:
            assert {"401", "403"} <= answers.keys(), name
        if "{" in path:
            assert "404" in answers, name
        for status, answer in answers.items():
            if status >= "400":
                assert answer["$ref"].startswith("#/components/responses/"), name


def test_every_address_of_the_api_is_in_it(client: FlaskClient, document: dict[str, Any]):
    served = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/")
    }
    assert served == {path for path in document["paths"] if path.startswith("/api/")}
