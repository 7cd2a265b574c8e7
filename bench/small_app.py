"""A Flask application with one view of each kind that decides about a WSGI server."""

import time
from collections.abc import Iterator

from flask import Flask, Response, jsonify

app = Flask(__name__)
ROWS = [{"key": f"WEB-{n}", "title": "An issue of ordinary length", "n": n} for n in range(50)]


@app.get("/hello")
def hello() -> Response:
    """A small answer: what the server itself costs."""
    return jsonify(hello="world")


@app.get("/rows")
def rows() -> Response:
    """A page of a list, of some 4 kB."""
    return jsonify(items=ROWS)


@app.get("/slow")
def slow() -> Response:
    """An answer that takes a second, for looking at what a stop does to it."""
    time.sleep(1)
    return jsonify(slow=True)


@app.get("/stream")
def stream() -> Response:
    """An event stream that never ends."""

    def events() -> Iterator[str]:
        while True:
            yield "data: tick\n\n"
            time.sleep(0.5)

    return Response(events(), mimetype="text/event-stream")
