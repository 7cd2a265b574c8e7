"""Headers every answer bears, unless a view has set a stricter or fitting one itself."""

from flask import Flask, Response, request

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

    @app.after_request
    def name_own_methods(response: Response) -> Response:
        """Say to OPTIONS what this very rule takes.

        Werkzeug adds the methods of every rule that fits the address: `/issues/bulk` is no issue.
        """
        asked = request.url_rule
        if request.method == "OPTIONS" and asked is not None:
            rules = [rule for rule in app.url_map.iter_rules() if rule.rule == asked.rule]
            response.headers["Allow"] = ", ".join(
                sorted({method for rule in rules for method in rule.methods or ()})
            )
        return response
