"""`/docs`: Swagger UI over our own document, every byte of it from this server."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from issue_insight.auth.permission import public

_OURS = files("issue_insight.http") / "docs_page"
_THEIRS = files("flask_swagger_ui") / "dist"  # Swagger UI's released files, as a wheel
_FILES: dict[str, tuple[Traversable, str]] = {
    "start.js": (_OURS, "text/javascript"),
    "page.css": (_OURS, "text/css"),
    "swagger-ui-bundle.js": (_THEIRS, "text/javascript"),
    "swagger-ui.css": (_THEIRS, "text/css"),
    "favicon-32x32.png": (_THEIRS, "image/png"),
}
POLICY = (
    # React sets styles by script, which the policy would allow; Swagger UI also has style
    # attributes in markup, hence 'unsafe-inline' for styles. Scripts are files of this server.
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def register(app: Flask) -> None:
    """Add `/docs` and its files to `app`."""
    app.add_url_rule("/docs", "docs", docs)
    app.add_url_rule("/docs/<name>", "docs_file", docs_file)


@public
def docs() -> Response:
    """Show the page."""
    response = _send(_OURS / "index.html", "text/html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@public
def docs_file(name: str) -> Response:
    """Send one of the page's files."""
    if name not in _FILES:
        raise NotFound
    folder, mimetype = _FILES[name]
    return _send(folder / name, mimetype)


def _send(file: Traversable, mimetype: str) -> Response:
    response = Response(file.read_bytes(), mimetype=mimetype)
    response.add_etag()
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
