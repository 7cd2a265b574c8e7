"""Traces by OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` is set and the extra is installed.

A span for each request, named by its route, for each run of a job and each fan-out of live events,
and below them one for each statement, named by its first word. None holds an address, a header, a
parameter, the text of a statement or an error, or anything people wrote. What calls us may hand its
trace on (`traceparent`, https://www.w3.org/TR/trace-context/).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, has_app_context, request
from sqlalchemy import Engine, event

from issue_insight.db import db
from issue_insight.methods import method_of_request
from issue_insight.settings import Settings

EXTENSION = "issue_insight.tracing"
_TRACER = "issue_insight"
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
    _trace_requests(app, provider.get_tracer(_TRACER))
    with app.app_context():
        for engine in db.engines.values():
            trace_statements(app, engine)


@contextmanager
def work(name: str, **attributes: str | int) -> Iterator[Callable[..., None]]:
    """Trace what the block does outside of any request, where the current application traces.

    Gives a function that adds attributes to the span, as `outcome="ok"`; all of them are ours
    (`issue_insight.outcome`). An outcome that is not `ok`, and an error, make it a failed one.
    """
    provider = current_app.extensions.get(EXTENSION) if has_app_context() else None
    if provider is None:
        yield lambda **_: None
        return
    from opentelemetry import context, trace

    def tell(**told: str | int) -> None:
        span.set_attributes({f"issue_insight.{key}": value for key, value in told.items()})
        if told.get("outcome", "ok") != "ok":
            span.set_status(trace.StatusCode.ERROR)

    span = provider.get_tracer(_TRACER).start_span(name, context=context.Context())
    tell(**attributes)
    # What the library would record of an error is its message, which may quote anything.
    with trace.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield tell
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)
            raise


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


def trace_statements(app: Flask, engine: Engine) -> None:
    """Trace the statements of `engine` that belong to something traced, if `app` traces at all."""
    provider = app.extensions.get(EXTENSION)
    if provider is None:
        return
    from opentelemetry import trace

    tracer = provider.get_tracer(_TRACER)

    def begin(
        _connection: Any, _cursor: Any, statement: str, _values: Any, execution: Any, _many: bool
    ) -> None:
        word = statement.lstrip().partition(" ")[0].upper()
        word = word if word in _VERBS else "statement"
        # What looks every second whether there is anything to do stays out.
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
