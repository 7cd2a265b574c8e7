"""The built frontend on the API's own origin."""

import gzip
import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from issue_insight.app import create_app
from issue_insight.http.site import Site
from issue_insight.settings import Settings

PAGE = b"<!doctype html><head><script>paint()</script><title>Issue Insight</title></head>"
SCRIPT = b"console.log(1)"
HTML = {"Accept": "text/html,application/xhtml+xml"}
KEY = "pk_test_" + b64encode(b"clerk.example.com$").decode()


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A small build: a page and one hashed script, both also compressed."""
    made = tmp_path / "build"
    scripts = made / "_app" / "immutable"
    scripts.mkdir(parents=True)
    (made / "index.html").write_bytes(PAGE)
    (made / "index.html.gz").write_bytes(gzip.compress(PAGE))
    (scripts / "start.abc.js").write_bytes(SCRIPT)
    (scripts / "start.abc.js.br").write_bytes(b"as brotli")
    (tmp_path / "secret.txt").write_text("not of the build")
    return made


def browser(build: Path, **settings: object) -> FlaskClient:
    """A client of an application that serves the build; it never asks the database."""
    return create_app(Settings(frontend_dir=build, _env_file=None, **settings)).test_client()


@pytest.mark.parametrize("path", ["/", "/issues", "/issues/WEB-42", "/people?q=ada"])
def test_every_address_a_person_opens_is_the_page(build: Path, path: str) -> None:
    response = browser(build).get(path, headers=HTML)
    assert response.status_code == 200
    assert response.data.startswith(PAGE.removesuffix(b"</head>"))
    assert response.headers["Cache-Control"] == "no-cache"


def test_the_page_knows_how_people_sign_in_without_asking(build: Path) -> None:
    client = browser(build, time_zone="Europe/Berlin")
    page = client.get("/", headers=HTML).text
    told = re.search(r'<script type="application/json" id="config">(.*)</script>', page)
    assert told is not None
    assert json.loads(told[1]) == client.get("/config.json").json


def test_what_the_page_is_told_ends_no_element_of_it(build: Path) -> None:
    site = Site.read(build)
    assert site is not None
    page = site.telling("config", '{"a": "</script><script>no()"}').files["index.html"]
    assert page.content.count(b"</script>") == 2
    assert b"no()" not in b"".join(re.findall(rb"<script>(.*?)</script>", page.content))
    assert json.loads(re.findall(rb"json.*?>(.*?)</script>", page.content)[0]) == {
        "a": "</script><script>no()"
    }


def test_the_page_is_sent_compressed(build: Path) -> None:
    client = browser(build)
    packed = client.get("/", headers={**HTML, "Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == client.get("/", headers=HTML).data


@pytest.mark.parametrize("path", ["/api", "/api/v1/nothing", "/docs/nothing", "/_app/gone.js"])
def test_what_is_no_page_stays_missing(build: Path, path: str) -> None:
    response = browser(build).get(path, headers=HTML)
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"


def test_a_program_is_not_sent_the_page_for_an_unknown_address(build: Path) -> None:
    response = browser(build).get("/nothing", headers={"Accept": "application/json"})
    assert response.status_code == 404


def test_an_unknown_address_of_the_api_is_missing_by_any_method(build: Path) -> None:
    assert browser(build).post("/api/v1/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/_app/../../secret.txt"])
def test_nothing_outside_of_the_build_is_sent(build: Path, path: str) -> None:
    assert b"not of the build" not in browser(build).get(path, headers=HTML).data


def test_hashed_files_are_kept_for_ever(build: Path) -> None:
    response = browser(build).get("/_app/immutable/start.abc.js")
    assert response.data == SCRIPT
    assert response.mimetype == "text/javascript"
    assert "immutable" in response.headers["Cache-Control"]


def test_a_compressed_twin_is_sent_to_those_who_take_it(build: Path) -> None:
    client = browser(build)
    path = "/_app/immutable/start.abc.js"
    twin = client.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert (twin.data, twin.headers["Content-Encoding"]) == (b"as brotli", "br")
    refused = client.get(path, headers={"Accept-Encoding": "br;q=0"})
    assert refused.data == SCRIPT
    assert "Accept-Encoding" in refused.headers["Vary"]
    assert twin.headers["ETag"] != refused.headers["ETag"]


def test_a_page_that_has_not_changed_is_not_sent_again(build: Path) -> None:
    client = browser(build)
    first = client.get("/", headers=HTML)
    again = client.get("/issues", headers={**HTML, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_only_the_scripts_of_the_build_may_run(build: Path) -> None:
    policy = browser(build).get("/", headers=HTML).headers["Content-Security-Policy"]
    digest = b64encode(sha256(b"paint()").digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "connect-src 'self' http://127.0.0.1:9000;" in policy
    assert "https:" not in policy


def test_only_the_hosts_of_clerk_are_let_in_where_clerk_is_set(build: Path) -> None:
    client = browser(build, clerk_publishable_key=KEY)
    policy = client.get("/", headers=HTML).headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:9000 https://clerk.example.com;" in policy
    config = client.get("/config.json").json
    assert config is not None
    assert config["sign_in"] == "clerk"
    assert config["clerk"]["publishable_key"] == KEY


def test_files_may_be_sent_to_the_public_s3_endpoint(build: Path) -> None:
    client = browser(build, s3_public_endpoint="https://files.example.org/")
    policy = client.get("/", headers=HTML).headers["Content-Security-Policy"]
    assert "connect-src 'self' https://files.example.org;" in policy


def test_a_proxy_of_ones_own_lets_no_clerk_host_in(build: Path) -> None:
    client = browser(build, clerk_publishable_key=KEY, clerk_proxy_url="/__clerk")
    policy = client.get("/", headers=HTML).headers["Content-Security-Policy"]
    assert "clerk.example.com" not in policy


def test_an_instance_without_a_build_serves_its_api_alone(tmp_path: Path) -> None:
    client = browser(tmp_path / "nothing")
    assert client.get("/", headers=HTML).status_code == 404
    assert client.get("/healthz").status_code == 200
    assert client.get("/config.json").json == {
        "sign_in": "elsewhere",
        "clerk": None,
        "time_zone": "UTC",
    }
