"""Headers every answer bears, unless a view has set a stricter or fitting one itself."""

from flask import Flask, Response

from issue_insight.settings import Settings

DEFAULTS = {
    "X-Content-Type-Options": "nosniff",
    # An answer of the API is no page: nothing in it is to run, load or be framed.
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What one person may see is not for a shared cache.
    "Cache-Control": "no-store",
}


def register(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer of `app`."""
    headers = dict(DEFAULTS)
    if settings.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response
