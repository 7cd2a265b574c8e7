"""`/docs` is Swagger UI from this server alone, under a strict policy."""

import re
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from issue_insight.auth.permission import PUBLIC, permission_of
from issue_insight.http import headers


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline = ""
        self._in_script = False

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag in ("script", "link", "img"):
            self.addresses.append(found.get("src") or found.get("href") or "")
        self._in_script = tag == "script"
        assert not any(name.startswith("on") for name in found)

    def handle_data(self, data):
        if self._in_script:
            self.inline += data.strip()

    def handle_endtag(self, tag):
        self._in_script = False


def test_everything_the_page_loads_is_here(http: FlaskClient):
    page = _Page()
    page.feed(http.get("/docs").text)
    assert page.inline == ""
    assert len(page.addresses) == 5
    for address in page.addresses:
        assert "//" not in address
        response = http.get(f"/{address}")
        assert response.status_code == 200
        assert response.data


def test_only_scripts_of_this_server_run(http: FlaskClient):
    policy = http.get("/docs").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"https?:", policy)


def test_the_token_survives_a_reload_and_nothing_is_sent_elsewhere(http: FlaskClient):
    script = http.get("/docs/start.js").text
    assert "persistAuthorization: true" in script
    assert "validatorUrl: null" in script


def test_the_page_fits_a_phone(http: FlaskClient):
    assert 'name="viewport"' in http.get("/docs").text


def test_a_known_file_is_not_sent_again(http: FlaskClient):
    etag = http.get("/docs/swagger-ui.css").headers["ETag"]
    again = http.get("/docs/swagger-ui.css", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["index.html", "swagger-ui.js.map", "..%2Fblueprint.py", "x"])
def test_no_other_file_is_sent(name: str, http: FlaskClient):
    assert http.get(f"/docs/{name}").status_code == 404


def test_the_page_and_the_document_are_open(toy: Flask):
    for endpoint in ("docs", "docs_file", "openapi_json"):
        assert permission_of(toy.view_functions[endpoint]) == PUBLIC


@pytest.mark.parametrize("path", ["/api/v1/toys/7", "/nowhere", "/api/v1/faults/crash"])
def test_every_answer_bears_the_headers(path: str, http: FlaskClient):
    response = http.get(path)
    for name, value in headers.DEFAULTS.items():
        assert response.headers[name] == value
    assert "Strict-Transport-Security" not in response.headers


def test_a_server_reached_by_https_says_to_stay_there():
    from issue_insight.settings import Settings
    from tests.issue_insight.http.toy import application

    app = application(Settings(_env_file=None, public_url="https://issues.example.org"))
    assert "max-age" in app.test_client().get("/docs").headers["Strict-Transport-Security"]
