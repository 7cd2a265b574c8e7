"""Pages of other origins that may use the API: those that are listed, and no others.

They send their token by themselves, in a header; cookies are neither asked for nor allowed, so a
page gets no more by its origin than any script has. https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from flask import Flask, Response, request

from issue_insight.settings import Settings

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
ASKED_HEADERS = (
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, "
    "X-Request-ID"
)
ANSWERED_HEADERS = (
    "Change-Set, Content-Disposition, ETag, Idempotency-Replayed, Last-Event-ID, Location, "
    "RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
)
_REMEMBERED_SECONDS = 600


def register(app: Flask, settings: Settings) -> None:
    """Let the pages of the listed origins in; to be called before the guard is put in place.

    A browser asks first without a token (the preflight), which the guard would refuse.
    """
    origins = frozenset(settings.cors_origins)
    if not origins:
        return

    def preflight() -> Response | None:
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not asks or request.headers.get("Origin") not in origins:
            return None
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = ASKED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(_REMEMBERED_SECONDS)
        return response

    def allow(response: Response) -> Response:
        response.vary.add("Origin")
        origin = request.headers.get("Origin", "")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = ANSWERED_HEADERS
        return response

    app.before_request(preflight)
    app.after_request(allow)
