"""Longer answers come compressed to who takes that, and mean the same."""

import gzip
import json
from collections.abc import Iterator

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from issue_insight.http import compression

LONG = {"titles": ["The lamp flickers"] * 200}
TAKES = {"Accept-Encoding": "br, gzip"}


@pytest.fixture
def long() -> FlaskClient:
    """What answers at length, each address otherwise."""
    app = Flask("long")
    compression.register(app)
    written = json.dumps(LONG)

    def stream() -> Iterator[str]:
        yield written

    answers = {
        "json": lambda: LONG,
        "short": lambda: {"title": "The lamp flickers"},
        "fault": lambda: Response(written, 404, mimetype="application/problem+json"),
        "picture": lambda: Response(written, mimetype="image/png"),
        "stream": lambda: Response(stream(), mimetype="text/event-stream"),
        "version": lambda: Response(written, headers={"ETag": '"7"'}, mimetype="application/json"),
        "packed": lambda: Response(
            gzip.compress(written.encode()), headers={"Content-Encoding": "gzip"}
        ),
    }
    for name, answer in answers.items():
        app.add_url_rule(f"/{name}", name, answer)
    return app.test_client()


@pytest.mark.parametrize("name", ["json", "fault"])
def test_a_long_answer_is_compressed_and_says_so(long: FlaskClient, name: str) -> None:
    plain = long.get(f"/{name}")
    answer = long.get(f"/{name}", headers=TAKES)
    assert answer.content_encoding == "gzip"
    assert json.loads(gzip.decompress(answer.data)) == LONG
    assert answer.content_length == len(answer.data) < len(plain.data) / 5
    assert answer.status_code == plain.status_code
    assert answer.mimetype == plain.mimetype


@pytest.mark.parametrize("said", [None, "", "br", "gzip;q=0", "identity", "nonsense;q=x"])
def test_who_does_not_take_it_gets_it_as_it_is(long: FlaskClient, said: str | None) -> None:
    answer = long.get("/json", headers={} if said is None else {"Accept-Encoding": said})
    assert "Content-Encoding" not in answer.headers
    assert answer.json == LONG
    # A cache that stands between must not give the one for the other.
    assert answer.vary.as_set() == {"accept-encoding"}


@pytest.mark.parametrize("name", ["short", "picture", "stream", "version"])
def test_what_gains_nothing_or_must_not_be_changed_stays_as_it_is(
    long: FlaskClient, name: str
) -> None:
    answer = long.get(f"/{name}", headers=TAKES)
    assert "Content-Encoding" not in answer.headers
    assert answer.data == long.get(f"/{name}").data


def test_what_is_compressed_already_is_not_compressed_again(long: FlaskClient) -> None:
    answer = long.get("/packed", headers=TAKES)
    assert json.loads(gzip.decompress(answer.data)) == LONG


def test_the_application_compresses_what_it_answers(client: FlaskClient) -> None:
    answer = client.get("/metrics", headers=TAKES)
    assert answer.content_encoding == "gzip"
    assert b"http_requests" in gzip.decompress(answer.data)
