"""Views speak pydantic: what comes in, what goes out, what is refused."""

import io

import pytest
from flask import Response
from flask.testing import FlaskClient

from issue_insight.http.blueprint import Blueprint
from issue_insight.settings import Settings
from tests.issue_insight.http.toy import ToyQuery, ToyWrite, application, blueprint


def faults(response) -> dict[str, str]:
    assert response.content_type == "application/problem+json"
    return {fault["pointer"]: fault["detail"] for fault in response.json["errors"]}


def test_a_json_body_becomes_a_model_and_the_answer_bears_its_headers(http: FlaskClient):
    response = http.post(
        "/api/v1/toys", json={"name": "Bear", "colour": "Dark Blue", "wheels": [{"size": 3}]}
    )
    assert response.status_code == 201
    assert response.headers["Location"] == "/api/v1/toys/7"
    assert response.headers["ETag"] == '"1"'
    assert response.json["colour"] == "dark_blue"
    assert response.json["wheels"] == [{"size": 3}]


def test_instants_come_in_with_any_offset_and_go_out_in_utc(http: FlaskClient):
    sent = {"name": "Bear", "made_at": "2026-01-01T01:30:00.250+01:00", "born": "2026-01-01"}
    response = http.post("/api/v1/toys", json=sent)
    assert response.json["made_at"] == "2026-01-01T00:30:00.250000Z"
    assert response.json["born"] == "2026-01-01"


def test_a_row_goes_out_by_its_attributes(http: FlaskClient):
    response = http.get("/api/v1/toys/7")
    assert response.status_code == 200
    assert response.json["name"] == "Bear"
    assert response.headers["ETag"] == '"3"'


def test_lists_and_numbers_come_from_the_query(http: FlaskClient):
    response = http.get("/api/v1/toys?tag=a&tag=b&limit=3&since=2026-01-01T00:00:00Z")
    assert response.status_code == 200
    assert [item["name"] for item in response.json["items"]] == [
        "a 2026-01-01 00:00:00+00:00",
        "b 2026-01-01 00:00:00+00:00",
    ]
    assert response.json["total"] == 2
    assert response.json["total_is_estimate"] is False


def test_arguments_are_given_from_the_top_down_and_path_parts_by_name(http: FlaskClient):
    response = http.post("/api/v1/toys/5/swap?limit=9", json={"name": "Bear"})
    assert (response.json["id"], response.json["name"]) == (5, "Bear 9")


def test_a_plain_type_is_as_good_as_a_model(http: FlaskClient):
    assert http.get("/api/v1/names").get_data(as_text=True) == '["Bear","Äffle"]'


def test_an_empty_answer_has_no_body_and_no_type(http: FlaskClient):
    response = http.delete("/api/v1/toys/7")
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers


def test_a_form_brings_a_file_and_fields(http: FlaskClient):
    response = http.post(
        "/api/v1/parcels", data={"file": (io.BytesIO(b"12345"), "Ä.txt"), "note": "hi"}
    )
    assert response.status_code == 201
    assert response.json == {"name": "Ä.txt", "size": 5, "note": "hi"}


def test_a_form_without_its_file_is_refused(http: FlaskClient):
    response = http.post(
        "/api/v1/parcels", data={"note": "hi", "other": "x"}, content_type="multipart/form-data"
    )
    assert response.status_code == 422
    assert faults(response) == {"/file": "is required", "/other": "is not known here"}


def test_a_text_in_place_of_the_file_is_refused(http: FlaskClient):
    response = http.post(
        "/api/v1/parcels", data={"file": "text"}, content_type="multipart/form-data"
    )
    assert "/file" in faults(response)


def test_a_json_body_in_place_of_a_form_is_an_unsupported_type(http: FlaskClient):
    assert http.post("/api/v1/parcels", json={"file": "x"}).status_code == 415


def test_every_fault_of_query_and_body_is_listed_at_once(http: FlaskClient):
    response = http.post(
        "/api/v1/toys/5/swap?limit=0&limt=3",
        json={"nam": "x", "wheels": [{"size": 5}, {"size": 500, "a/b~c": 1}], "fragile": 1},
    )
    assert response.status_code == 422
    assert set(faults(response)) == {
        "?limit",
        "?limt",
        "/name",
        "/nam",
        "/wheels/1/size",
        "/wheels/1/a~1b~0c",
        "/fragile",
    }


def test_pointers_do_not_name_the_members_of_unions(http: FlaskClient):
    response = http.post("/api/v1/toys", json={"name": "x", "colour": "pink", "price": "dear"})
    assert set(faults(response)) == {"/colour", "/price"}


def test_a_rule_over_the_whole_model_says_what_it_means(http: FlaskClient):
    response = http.get("/api/v1/toys?from=50&limit=5")
    assert list(faults(response).values()) == ["from must not be above limit"]


def test_a_parameter_is_known_by_its_alias(http: FlaskClient):
    assert http.get("/api/v1/toys?from=5").status_code == 200


def test_a_view_without_a_query_refuses_any(http: FlaskClient):
    assert faults(http.get("/api/v1/toys/7?x=1")) == {"?x": "is not known here"}


def test_an_answer_that_does_not_fit_its_model_is_our_fault(http: FlaskClient):
    response = http.get("/api/v1/misfit")
    assert response.status_code == 500
    assert "seven" not in response.get_data(as_text=True)


def test_one_blueprint_serves_two_applications():
    settings = Settings(_env_file=None)
    for _ in range(2):
        assert application(settings).test_client().get("/api/v1/toys/7").status_code == 200


def test_a_decorator_above_the_route_is_refused():
    blp = Blueprint("a", __name__)
    with pytest.raises(TypeError, match="topmost"):

        @blp.response(204)
        @blp.get("/a")
        def view() -> None: ...


@pytest.mark.parametrize("locations", [("json", "form"), ("query", "query")])
def test_two_models_from_one_place_are_refused(locations):
    blp = Blueprint("a", __name__)
    with pytest.raises(TypeError, match="join them"):

        @blp.arguments(ToyWrite, location=locations[0])
        @blp.arguments(ToyQuery, location=locations[1])
        def view() -> None: ...


def test_an_unknown_location_is_refused():
    with pytest.raises(TypeError, match="not 'cookies'"):
        Blueprint("a", __name__).arguments(ToyWrite, location="cookies")


def test_a_finished_response_passes_with_the_status_and_headers_beside_it():
    app = application(Settings(_env_file=None))
    blp = Blueprint("finished", __name__)

    @blp.get("/finished")
    @blp.response(202)
    def finished() -> tuple[Response, int, dict[str, str]]:
        return Response("done"), 202, {"X-Done": "yes"}

    app.register_blueprint(blp)
    response = app.test_client().get("/api/v1/finished")
    assert (response.status_code, response.text, response.headers["X-Done"]) == (202, "done", "yes")


def test_an_answer_no_decorator_declared_is_our_fault():
    app = application(Settings(_env_file=None))
    blp = Blueprint("odd", __name__)

    @blp.get("/odd")
    @blp.response(200, ToyWrite)
    def odd() -> tuple[None, int]:
        return None, 202

    app.register_blueprint(blp)
    assert app.test_client().get("/api/v1/odd").status_code == 500


def test_the_name_of_the_blueprint_is_its_tag():
    assert blueprint().description == "Toys and what is done with them."
