"""Longer answers are compressed for who takes that: a page of the list becomes an eighth.

Not so streams, nor what bears an ETag: here that names a version for `If-Match`, and each encoding
would need one of its own (RFC 9110, 8.8.3.3). The size of a compressed answer can give away a
secret in it (BREACH) where a foreign page can make the browser ask in somebody's name; here it
cannot, as no answer depends on a cookie.
"""

import gzip

from flask import Flask, Response, request

SMALLEST = 1400
"""In bytes: what fits into one packet is sent as it is."""
_LEVEL = 1
"""0.05 ms for a page of the list; the higher levels take four times as long for a tenth less."""


def register(app: Flask) -> None:
    """Compress answers of `app`; to be called first, so that it comes after all that reads them."""

    @app.after_request
    def compress(response: Response) -> Response:
        if (
            response.is_streamed
            or response.direct_passthrough
            or "ETag" in response.headers
            or "Content-Encoding" in response.headers
            or not _is_text(response.mimetype)
        ):
            return response
        content = response.get_data()
        if len(content) < SMALLEST:
            return response
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0:
            response.set_data(gzip.compress(content, _LEVEL, mtime=0))
            response.content_encoding = "gzip"
        return response


def _is_text(mimetype: str | None) -> bool:
    return mimetype is not None and (
        mimetype.startswith("text/") or mimetype.endswith(("/json", "+json"))
    )
