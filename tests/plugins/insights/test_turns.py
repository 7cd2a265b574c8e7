"""Few metrics are computed at once; who waits for too long is told when to come again."""

from contextlib import ExitStack

import pytest

from plugins.insights import services
from tests.plugins.stats.conftest import Caller, History


def test_a_question_whose_turn_does_not_come_is_refused_politely_and_the_next_one_answered(
    maintainer: Caller, past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PATIENCE", 0.05)
    with ExitStack() as others:
        for _ in range(services.AT_WORK):
            others.enter_context(services.turn())
        answer = maintainer.client.get("/api/v1/insights/throughput")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert (answer.json or {})["detail"].startswith("Too many metrics")
    for _ in range(services.AT_WORK + 1):
        assert maintainer.get("/insights/throughput")["metric"] == "throughput"
