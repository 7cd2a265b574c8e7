"""The document says what the API does, in valid OpenAPI 3.1."""

from typing import Any

import pytest
from flask import Blueprint as PlainBlueprint
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from issue_insight.auth.permission import public
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.openapi import api_of
from issue_insight.http.schema import Model
from issue_insight.settings import Settings
from tests.issue_insight.http.toy import application


@pytest.fixture
def document(http: FlaskClient) -> dict[str, Any]:
    response = http.get("/openapi.json")
    assert response.content_type == "application/json"
    return response.json


def operation(document: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [
        item
        for path in document["paths"].values()
        for method, item in path.items()
        if method != "parameters" and item["operationId"] == name
    ]
    return found


def parameter(document: dict[str, Any], operation_name: str, name: str) -> dict[str, Any]:
    [found] = [p for p in operation(document, operation_name)["parameters"] if p["name"] == name]
    return found


def test_a_validator_from_outside_passes_it(document):
    assert document["openapi"] == "3.1.0"
    validate(document, cls=OpenAPIV31SpecValidator)


def test_it_is_the_same_each_time_and_need_not_be_sent_twice(http: FlaskClient):
    first = http.get("/openapi.json")
    again = http.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_no_place_holder_is_left(http: FlaskClient):
    assert b"x-type" not in http.get("/openapi.json").data


def test_an_operation_is_named_after_its_function_and_told_by_its_docstring(document):
    listing = operation(document, "list_toys")
    assert listing["summary"] == "List toys."
    assert listing["description"] == "Newest first.\n\nNeeds `toys:play`."
    assert listing["tags"] == ["toys"]
    assert {"name": "toys", "description": "Toys and what is done with them."} in document["tags"]


def test_guarded_views_ask_for_a_token_and_open_ones_do_not(document):
    assert document["components"]["securitySchemes"]["bearerAuth"] == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
    }
    guarded, opened = operation(document, "create_toy"), operation(document, "get_toy")
    assert guarded["security"] == [{"bearerAuth": []}]
    assert opened["security"] == []
    assert {"401", "403"} <= set(guarded["responses"])
    assert not {"401", "403"} & set(opened["responses"])


def test_every_problem_a_view_can_answer_with_is_documented(document):
    assert set(operation(document, "create_toy")["responses"]) == {
        "201", "400", "401", "403", "409", "413", "415", "422", "429", "503",
    }  # fmt: skip
    assert "404" in operation(document, "get_toy")["responses"]
    assert {"412", "428"} <= set(operation(document, "change_toy")["responses"])


def test_problems_have_their_own_type_and_schema(document):
    reference = operation(document, "create_toy")["responses"]["409"]["$ref"]
    answer = document["components"]["responses"][reference.rpartition("/")[2]]
    assert answer["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    schema = document["components"]["schemas"]["Problem"]
    assert "errors" not in schema["required"]
    assert schema["properties"]["type"]["format"] == "uri-reference"


def test_query_parameters_bear_type_bounds_default_and_words(document):
    assert parameter(document, "list_toys", "limit") == {
        "in": "query",
        "name": "limit",
        "required": False,
        "description": "At most so many.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    }
    assert parameter(document, "list_toys", "tag")["schema"]["items"] == {"type": "string"}
    assert parameter(document, "list_toys", "from")["required"] is False
    assert "ToyQuery" not in document["components"]["schemas"]


def test_nullable_enums_formats_and_examples_are_written(document):
    schemas = document["components"]["schemas"]
    fields = schemas["ToyWrite"]["properties"]
    assert fields["colour"]["anyOf"] == [{"$ref": "#/components/schemas/Colour"}, {"type": "null"}]
    assert schemas["Colour"]["enum"] == ["red", "dark_blue"]
    assert fields["made_at"]["anyOf"][0] == {"type": "string", "format": "date-time"}
    assert fields["born"]["anyOf"][0] == {"type": "string", "format": "date"}
    assert fields["name"]["examples"] == ["Bear"]
    assert "title" not in fields["name"]
    assert schemas["ToyWrite"]["additionalProperties"] is False


def test_fields_with_a_default_need_not_be_sent_but_are_always_answered(document):
    schemas = document["components"]["schemas"]
    assert schemas["ToyWrite"]["required"] == ["name"]
    assert "colour" in schemas["ToyRead"]["required"]


def test_a_page_is_named_by_its_subclass(document):
    content = operation(document, "list_toys")["responses"]["200"]["content"]
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/ToyPage"}
    page = document["components"]["schemas"]["ToyPage"]["properties"]
    assert page["items"]["items"] == {"$ref": "#/components/schemas/ToyRead"}


def test_declared_headers_of_answer_and_request_are_documented(document):
    assert set(operation(document, "create_toy")["responses"]["201"]["headers"]) == {
        "ETag",
        "Location",
    }
    assert parameter(document, "change_toy", "If-Match")["required"] is True


@pytest.mark.parametrize("name", ["receive_parcel", "fill_parcel"])
def test_an_upload_is_a_form_with_a_binary_field(name: str, document):
    schema = operation(document, name)["requestBody"]["content"]["multipart/form-data"]["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    assert schema["properties"]["file"]["format"] == "binary"
    assert schema["properties"]["file"]["contentMediaType"] == "application/octet-stream"
    assert schema["required"] == ["file"]


def test_a_body_the_view_reads_itself_has_its_type(document):
    message = operation(document, "take_message")
    assert message["requestBody"]["content"] == {"application/json": {"schema": {}}}
    assert {"413", "415"} <= set(message["responses"])


def test_a_download_is_binary_and_an_empty_answer_has_no_content(document):
    download = operation(document, "open_parcel")["responses"]["200"]
    assert download["content"]["application/octet-stream"]["schema"]["format"] == "binary"
    assert "content" not in operation(document, "delete_toy")["responses"]["204"]


def test_ids_in_paths_are_bounded(document):
    [identifier] = document["paths"]["/api/v1/toys/{toy_id}"]["parameters"]
    assert identifier["schema"] == {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}


@pytest.fixture
def app() -> Flask:
    return application(Settings(_env_file=None, public_url="https://issues.example.org/"))


def test_the_server_is_where_people_reach_it(app: Flask):
    assert api_of(app).document()["servers"] == [{"url": "https://issues.example.org"}]


def test_models_of_one_name_in_two_plugins_stay_apart(app: Flask):
    class Wheel(Model):
        spokes: int

    blp = Blueprint("bicycles", __name__)

    @blp.post("/bicycles")
    @blp.arguments(Wheel)
    @blp.response(201, Wheel)
    @public
    def create_bicycle(data: Wheel) -> Wheel:
        return data

    api_of(app).register_blueprint(blp)
    document = api_of(app).document()
    validate(document, cls=OpenAPIV31SpecValidator)
    wheels = [s for n, s in document["components"]["schemas"].items() if n.endswith("Wheel")]
    assert {"spokes", "size"} == {name for schema in wheels for name in schema["properties"]}


def test_two_operations_of_one_name_are_refused(app: Flask):
    blp = Blueprint("others", __name__)

    @blp.get("/others")
    @blp.response(204)
    @public
    def list_toys() -> None: ...

    api_of(app).register_blueprint(blp)
    with pytest.raises(ValueError, match="list_toys"):
        api_of(app).document()


def test_a_plain_blueprint_is_served_but_not_documented(app: Flask):
    plain = PlainBlueprint("plain", __name__)
    plain.add_url_rule("/plain", view_func=public(lambda: "plain"), endpoint="plain")
    api_of(app).register_blueprint(plain)
    assert app.test_client().get("/plain").text == "plain"
    assert "/plain" not in api_of(app).document()["paths"]


def test_the_command_prints_the_document(app: Flask):
    result = app.test_cli_runner().invoke(args=["openapi"])
    assert result.exit_code == 0
    assert '"openapi":"3.1.0"' in result.output
