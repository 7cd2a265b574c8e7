"""If-Match says which version a caller means to change."""

import pytest
from flask.testing import FlaskClient

from issue_insight.http.conditional import etag


def change(http: FlaskClient, *if_match: str):
    headers = [("If-Match", value) for value in if_match]
    return http.patch("/api/v1/toys/7", json={"name": "Bear"}, headers=headers)


@pytest.mark.parametrize("version", [0, 7, 10**15])
def test_the_etag_of_a_version_is_taken_back(version: int, http: FlaskClient):
    assert change(http, etag(version)).json["name"] == f"Bear {version}"


def test_a_star_takes_whichever_version_is_newest(http: FlaskClient):
    assert change(http, "*").json["name"] == "Bear None"


@pytest.mark.parametrize("given", [(), ("",), ("  ",)])
def test_a_change_without_a_version_is_refused(given, http: FlaskClient):
    assert change(http, *given).status_code == 428


@pytest.mark.parametrize(
    "given",
    ['W/"7"', "7", '"7', '"seven"', '"7", "8"', '"-1"', '""', '"٧"', f'"{"9" * 5000}"', "\x7f"],
)
def test_what_names_no_version_matches_none(given: str, http: FlaskClient):
    assert change(http, given.encode().decode("latin-1")).status_code == 412
