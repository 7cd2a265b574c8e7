"""Reports of unexpected errors to Sentry, where `SENTRY_DSN` is set and the extra is installed.

As in the log, an error is told by its types and the places it passed through. Its message, the
request's address, headers and body, and local variables stay here: any of these may hold what
people wrote, who they are, or a token.
"""

import structlog
from flask import Flask, current_app, g, has_request_context, request

from issue_insight.settings import Settings

EXTENSION = "issue_insight.reporting"

log = structlog.get_logger("issue_insight.reporting")


def register(app: Flask, settings: Settings) -> None:
    """Let `report` send from `app`; say so where it cannot."""
    if settings.sentry_dsn is None:
        return
    try:
        import sentry_sdk
    except ImportError:
        log.warning(
            "sentry_is_not_installed",
            said="SENTRY_DSN is set, but nothing is sent: pip install 'issue-insight[sentry]'.",
        )
        return
    app.extensions[EXTENSION] = sentry_sdk.Client(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=settings.environment,
        # What is sent is what is written here, and nothing that a library adds by itself.
        default_integrations=False,
        auto_enabling_integrations=False,
        include_source_context=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        send_client_reports=False,
        auto_session_tracking=False,
        server_name="",
    )


def report(error: BaseException, **tags: str) -> None:
    """Send an error that nobody expected, with what says where it happened; never raises."""
    client = current_app.extensions.get(EXTENSION) if current_app else None
    if client is None:
        return
    from sentry_sdk.utils import event_from_exception

    if has_request_context():
        rule = request.url_rule.rule if request.url_rule else "none"
        tags |= {"route": rule, "method": request.method, "request_id": g.get("request_id", "")}
    told, hint = event_from_exception(error, client_options=client.options)
    for link in told["exception"]["values"]:
        link["value"] = ""
    told["tags"] = tags
    client.capture_event(told, hint)
