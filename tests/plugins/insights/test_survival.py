"""How long issues last, through the API."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from issue_insight import clock
from tests.plugins.insights.opening import assert_all_open, listed, only, values
from tests.plugins.insights.statistics.published import MERCAPTOPURINE, PLACEBO
from tests.plugins.stats.conftest import Caller, History

FILTERS = ["", "label:ui OR severity:low", "age:>3d wrong"]


def assert_open(caller: Caller, answer: dict[str, Any], every: int = 40) -> None:
    """Of the many durations of a curve every so many'th, and the last, opens as it should."""
    thinned = [
        {**series, "points": [*series["points"][::every], series["points"][-1]]}
        for series in answer["series"]
    ]
    assert_all_open(caller, {"series": thinned})


@pytest.mark.parametrize("q", FILTERS)
def test_each_point_opens_the_issues_behind_it(maintainer: Caller, past: History, q: str) -> None:
    for more in (
        {},
        {"as_of": "2020-03-04T12:00:00Z"},
        {"as_of": "2020-03-08", "by": "label"},
        {"from_": "2020-02-24", "to": "2020-03-04"},
    ):
        answer = maintainer.get("/insights/survival", q=q, **more)
        assert answer["series"] or "by" in more
        assert_open(maintainer, answer)


def weeks_of(history: History, data: list[tuple[int, int]], label: str) -> None:
    """Report issues that last as many hours as a patient lasted weeks."""
    for number, (weeks, outcome) in enumerate(data):
        end = at_hour(40)
        begin = end - timedelta(hours=weeks)
        resolved = outcome == 1
        key = history.report(
            f"{begin - timedelta(days=number * resolved):%Y-%m-%d %H:%M}", labels=[label]
        )
        if resolved:
            done = end - timedelta(days=number)
            history.change(f"{done:%Y-%m-%d %H:%M}", key, status="done")


def at_hour(hour: int) -> datetime:
    return datetime(2020, 2, 1, tzinfo=UTC) + timedelta(hours=hour)


def test_the_leukaemia_trial_comes_out_as_published(app: Flask, history: History) -> None:
    # Freireich et al. 1963, with hours for weeks: medians 23 (13, not reached) and 8 (4, 11),
    # log-rank 16.79; see the tests of the statistics.
    weeks_of(history, MERCAPTOPURINE, "mp")
    weeks_of(history, PLACEBO, "placebo")
    with clock.frozen(at_hour(40)):
        caller = Caller.of(app, "maintainer")
        answer = caller.get("/insights/survival", q="label:mp", compare_q="label:placebo")
        assert_open(caller, answer)
        [one, other] = answer["log_rank"]["groups"]
        for group in (one, other):
            assert listed(caller, group["open"]) == group["observed"]
    assert (one["considered"], one["observed"]) == (21, 9)
    assert one["expected"] == pytest.approx(19.25, abs=0.005)
    assert other["expected"] == pytest.approx(10.75, abs=0.005)
    assert answer["log_rank"]["chi_square"] == pytest.approx(16.79, abs=0.005)
    assert answer["log_rank"]["in_both"] == 0
    median = only(answer, "label:mp: median")
    assert (median["value"], median["lower"]) == (23 * 3600, 13 * 3600)
    assert "upper" not in median
    median = only(answer, "label:placebo: median")
    assert (median["value"], median["lower"], median["upper"]) == (8 * 3600, 4 * 3600, 11 * 3600)
    curve = values(answer, "label:mp: unfinished")
    assert curve["7h"] == pytest.approx(0.8067, abs=5e-5)
    assert curve["22h"] == pytest.approx(0.5378, abs=5e-5)


def test_outcomes_and_what_lasts_make_one(maintainer: Caller, past: History) -> None:
    answer = maintainer.get("/insights/survival")
    lasts, fixed, aside = (
        list(values(answer, name).values()) for name in ("unfinished", "fixed", "set aside")
    )
    assert [a + b + c for a, b, c in zip(lasts, fixed, aside, strict=True)] == pytest.approx(
        [1.0] * len(lasts)
    )
    assert lasts[0] == 1
    assert fixed[-1] > 0
    assert aside[-1] > 0


def test_two_periods_are_compared(maintainer: Caller, past: History) -> None:
    answer = maintainer.get(
        "/insights/survival",
        from_="2020-02-20", to="2020-02-29", compare_from="2020-03-01", compare_to="2020-03-09",
    )  # fmt: skip
    assert_open(maintainer, answer)
    groups = answer["log_rank"]["groups"]
    assert [group["name"] for group in groups] == [
        "all issues 2020-02-20..2020-02-29", "all issues 2020-03-01..2020-03-09",
    ]  # fmt: skip
    assert [group["considered"] for group in groups] == [2, 2]


def test_what_is_in_both_groups_is_said(maintainer: Caller, past: History) -> None:
    answer = maintainer.get("/insights/survival", compare_q="severity:high")
    assert answer["log_rank"]["in_both"] == 2
    assert answer["considered"] == 4


def test_an_issue_with_two_labels_is_considered_once(maintainer: Caller, past: History) -> None:
    past.report("2020-03-10 12:00", labels=["ui", "api"])
    answer = maintainer.get("/insights/survival", by="label")
    assert answer["considered"] == 5
    groups = {
        one["group"]: one["points"][0] for one in answer["series"] if one["measure"] == "median"
    }
    assert {name: point["issues"] for name, point in groups.items()} == {
        "ui": 2, "api": 2, "none": 2,
    }  # fmt: skip


def test_what_cannot_be_asked_is_refused_with_its_place(maintainer: Caller, past: History) -> None:
    for query, pointer in (
        ({"compare_q": "nothing:x"}, "?compare_q"),
        ({"compare_q": "x" * 2_000}, "?compare_q"),
        ({"compare_from": "2020-03-05", "compare_to": "2020-03-01"}, "?compare_to"),
        ({"compare_as_of": "2020-03-01"}, "?compare_as_of"),
        ({"compare_as_of": "never"}, "?compare_as_of"),
        ({"compare_q": "is:open", "by": "label"}, "?by"),
        ({"calendar": "business"}, "?calendar"),
        ({"by": "status"}, "?by"),
    ):
        assert pointer in maintainer.refused("/insights/survival", **query), query


def test_numpy_is_there_only_once_it_is_needed() -> None:
    program = "import sys, plugins.insights.plugin; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_nothing_at_all_is_an_honest_little_chart(maintainer: Caller, history: History) -> None:
    answer = maintainer.get("/insights/survival")
    assert answer["considered"] == 0
    assert values(answer, "unfinished") == {"0d": 1}
    assert only(answer, "median")["value"] is None
    assert only(answer, "naive median")["value"] is None


def test_reporters_see_their_own_durations(app: Flask, past: History, maintainer: Caller) -> None:
    caller = Caller.of(app, "reporter")
    past.report("2020-03-01 10:00", by=caller.principal)
    answer = caller.get("/insights/survival")
    assert answer["considered"] == 1
    assert_open(caller, answer)
    assert maintainer.get("/insights/survival")["considered"] == 5


def test_the_true_median_is_found_where_the_naive_one_is_far_off(
    app: Flask, session: Session, history: History
) -> None:
    # The truth: every issue takes an exponential time with a median of 100 days, and they have
    # been reported over the last 120 days. Those that are quick are done; the others are open.
    truth, now = 100 * 86_400, datetime(2020, 6, 1, tzinfo=UTC)
    luck = np.random.default_rng(20)
    takes = luck.exponential(truth / np.log(2), 5_000)
    ago = luck.uniform(0, 120 * 86_400, 5_000)
    session.execute(
        text(
            """
            INSERT INTO issues (project_id, number, title, status, resolution, reporter_id,
                                version, created_at, updated_at, closed_at)
            SELECT (SELECT id FROM projects WHERE key = 'WEB'), 1000 + row_number() OVER (),
                   'Made up', CASE WHEN takes <= ago THEN 'done' ELSE 'open' END,
                   CASE WHEN takes <= ago THEN 'fixed' END, :reporter, 1,
                   :now - ago * interval '1 second', :now,
                   CASE WHEN takes <= ago THEN :now - (ago - takes) * interval '1 second' END
            FROM unnest(CAST(:takes AS float8[]), CAST(:ago AS float8[])) AS made(takes, ago)
            """
        ),
        {
            "reporter": history.admin.user_id,
            "now": now,
            "takes": takes.tolist(),
            "ago": ago.tolist(),
        },
    )
    session.commit()
    with clock.frozen(now):
        answer = Caller.of(app, "maintainer").get("/insights/survival")
    median, naive = only(answer, "median"), only(answer, "naive median")
    assert median["issues"] == 5_000
    assert abs(median["value"] / truth - 1) < 0.05
    assert median["lower"] < truth < median["upper"]
    assert abs(naive["value"] / truth - 1) > 0.5


def test_a_curve_of_years_is_close_together_where_most_issues_end(
    maintainer: Caller, history: History
) -> None:
    history.report("2019-01-01 12:00")
    for hour in range(6):
        quick = history.report(f"2020-02-03 0{hour}:00")
        history.change("2020-02-03 07:30", quick, status="done")
    answer = maintainer.get("/insights/survival")
    curve = values(answer, "unfinished")
    assert len(curve) <= 120
    assert {"15min", "1h", "6h", "1d", "7d", "28d", "91d", "364d"} <= set(curve)
    assert curve["3h"] == pytest.approx(6 / 7)
    assert curve["8h"] == pytest.approx(1 / 7)
    assert_all_open(maintainer, answer)
