"""Whatever the metric, the filter and the instant: each number opens the issues behind it."""

from typing import Any

import pytest

from plugins.insights.table import METRICS
from tests.plugins.insights.opening import assert_all_open
from tests.plugins.stats.conftest import Caller, History

WHEN: list[dict[str, Any]] = [
    {"q": "age:>3d OR is:closed"},
    {"q": "label:ui OR severity:low", "as_of": "2020-03-04T12:00:00Z", "bucket": "month"},
    {"as_of": "2020-03-08", "by": "label", "bucket": "month"},
    {"bucket": "all", "q": "-severity:low"},
    {"show": "histogram"},
    {"show": "scatter", "q": "-is:overdue wrong"},
]


@pytest.mark.parametrize("more", WHEN, ids=str)
@pytest.mark.parametrize("metric", sorted(METRICS))
def test_each_number_opens_as_many_issues(
    maintainer: Caller, past: History, metric: str, more: dict[str, Any]
) -> None:
    if "show" in more and "seconds" not in (METRICS[metric].unit, *more):
        pytest.skip("only durations can be shown so")
    asked = {name: value for name, value in more.items() if name != "by" or METRICS[metric].splits}
    answer = maintainer.get(f"/insights/{metric}", from_="2020-02-26", **asked)
    assert answer["metric"] == metric
    assert answer["definition"]
    assert_all_open(maintainer, answer)
