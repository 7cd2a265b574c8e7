"""Traces by OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` is set and the extra is installed.

A span for each request, named by its route, and one for each statement, named by its first word.
None holds an address, a header, a parameter, the text of a statement or anything people wrote. What
calls us may hand its trace on (`traceparent`, https://www.w3.org/TR/trace-context/).
"""

from typing import Any

import structlog
from flask import Flask, Response, g, request
from sqlalchemy import Engine, event

from issue_insight.db import db
from issue_insight.methods import method_of_request
from issue_insight.settings import Settings

EXTENSION = "issue_insight.tracing"
_UNTRACED = ("/healthz", "/readyz", "/metrics")
_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "COPY", "LISTEN", "SET"})

log = structlog.get_logger("issue_insight.tracing")


def register(app: Flask, settings: Settings) -> None:
    """Trace requests and statements of `app`, once its engines are there; say where it cannot."""
    endpoint = settings.otel_exporter_otlp_endpoint
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning(
            "opentelemetry_is_not_installed",
            said="OTEL_EXPORTER_OTLP_ENDPOINT is set, but nothing is sent: "
            "pip install 'issue-insight[otel]'.",
        )
        return
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: settings.otel_service_name}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    app.extensions[EXTENSION] = provider
    tracer = provider.get_tracer("issue_insight")
    _trace_requests(app, tracer)
    with app.app_context():
        for engine in db.engines.values():
            _trace_statements(engine, tracer)


def _trace_requests(app: Flask, tracer: Any) -> None:
    from opentelemetry import context, trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    handed_on = TraceContextTextMapPropagator()

    @app.before_request
    def begin() -> None:
        rule = request.url_rule.rule if request.url_rule else None
        if rule in _UNTRACED:
            return
        method = method_of_request()
        parent = handed_on.extract({k.lower(): v for k, v in request.headers.items()})
        g.span = tracer.start_span(
            f"{method} {rule}" if rule else method,
            context=parent,
            kind=trace.SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "http.route": rule or "",
                "issue_insight.request_id": g.get("request_id", ""),
            },
        )
        g.span_token = context.attach(trace.set_span_in_context(g.span))

    @app.after_request
    def end(response: Response) -> Response:
        if "span" in g:
            g.span.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= 500:
                g.span.set_status(trace.StatusCode.ERROR)
        return response

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if "span" in g:
            context.detach(g.pop("span_token"))
            g.pop("span").end()


def _trace_statements(engine: Engine, tracer: Any) -> None:
    from opentelemetry import trace

    def begin(
        _connection: Any, _cursor: Any, statement: str, _values: Any, execution: Any, _many: bool
    ) -> None:
        word = statement.lstrip().partition(" ")[0].upper()
        word = word if word in _VERBS else "statement"
        # Jobs and the live hub work outside of any request, and are not traced.
        if execution is not None and trace.get_current_span().is_recording():
            execution.span = tracer.start_span(
                word,
                kind=trace.SpanKind.CLIENT,
                attributes={"db.system.name": "postgresql", "db.operation.name": word},
            )

    def end(*arguments: Any) -> None:
        if (span := getattr(arguments[4], "span", None)) is not None:
            span.end()

    def fail(failure: Any) -> None:
        if (span := getattr(failure.execution_context, "span", None)) is not None:
            span.set_status(trace.StatusCode.ERROR)
            span.set_attribute("error.type", type(failure.original_exception).__name__)
            span.end()

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)
