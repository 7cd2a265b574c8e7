"""Created and resolved, and throughput."""

from tests.plugins.insights.opening import values
from tests.plugins.stats.conftest import Caller, History


def test_the_backlog_grows_by_the_net(maintainer: Caller, past: History) -> None:
    answer = maintainer.get("/insights/created-resolved", from_="2020-02-24")
    weeks = ["2020-02-24", "2020-03-02", "2020-03-09"]
    assert list(values(answer, "created").values()) == [2, 1, 0]
    assert list(values(answer, "resolved").values()) == [0, 1, 1]
    assert values(answer, "net") == dict(zip(weeks, [2, 0, -1], strict=True))
    assert values(answer, "backlog") == dict(zip(weeks, [3, 3, 2], strict=True))
    assert list(values(answer, "bmi").values()) == [0.0, 1.0, None]


def test_throughput_keeps_days_without_any(maintainer: Caller, past: History) -> None:
    answer = maintainer.get("/insights/throughput", from_="2020-03-03", to="2020-03-06")
    assert list(values(answer, "done").values()) == [0, 1, 0, 0]
    assert answer["considered"] == 1
