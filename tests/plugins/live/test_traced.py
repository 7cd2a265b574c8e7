"""What a collector is told of live updates: that events went out, to how many, and none of them."""

from pathlib import Path
from typing import Any

import pytest

from issue_insight.settings import Settings
from issue_insight.testing.live import live
from tests.issue_insight.receiving import Received, receiver
from tests.issue_insight.test_tracing import spans
from tests.plugins.issues.conftest import Caller
from tests.plugins.live.listening import PATIENCE, Listener


def fan_out(received: Received) -> tuple[dict[str, int], set[str]]:
    """Wait for a fan-out; return its attributes, and the names of the spans beneath it."""
    while True:
        received.came.clear()
        found: list[Any] = [span for body in list(received.bodies) for span in spans(body)]
        for span in found:
            if span.name == "live fan-out":
                beneath = {other.name for other in found if other.parent_span_id == span.span_id}
                return {a.key: a.value.int_value for a in span.attributes}, beneath
        assert received.came.wait(PATIENCE)


def test_a_fan_out_is_a_trace_with_counts_and_statements(
    live_settings: Settings,
    maintainer: Caller,
    web: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Read by the library, which otherwise sends every five seconds.
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    with receiver() as received:
        endpoint = f"http://127.0.0.1:{received.port}"
        traced = live_settings.model_copy(update={"otel_exporter_otlp_endpoint": endpoint})
        with (
            live(traced, tmp_path) as server,
            Listener(server, maintainer.who.token) as listener,
        ):
            maintainer.report("hidden-title", web)
            listener.changes(1)
            attributes, beneath = fan_out(received)
    assert attributes["issue_insight.events"] >= 1
    assert attributes["issue_insight.streams"] == 1
    assert beneath == {"SELECT"}
    assert b"hidden" not in received.whole()
