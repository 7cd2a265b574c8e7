"""Two real projects: what metrics answer is what plain Python makes of the raw files."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from issue_insight.testing.tokens import sign_in
from tests.plugins.issues.importing.conftest import Importing, importing, real_data
from tests.plugins.issues.importing.test_import_real_data import Raw, both

__all__ = ["both", "importing", "real_data"]

RANGE = {"from": "2018-01-01", "to": "2023-12-31", "bucket": "month"}


def months() -> list[tuple[datetime, datetime]]:
    """Return the first instant of each month of the range, with that of the next."""
    firsts = [datetime(2018 + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(6 * 12 + 1)]
    return list(pairwise(firsts))


def test_months_of_two_real_projects_are_those_of_the_raw_files(
    importing: Importing,
    both: dict[str, list[Raw]],
    real_data: Callable[[str], Path],
) -> None:
    client = importing.app.test_client()
    headers = sign_in(client, "admin").headers
    assert real_data

    def get(metric: str, project: str) -> dict[str, list[Any]]:
        answer = client.get(
            f"/api/v1/insights/{metric}",
            query_string={"q": f"project:{project}", **RANGE},
            headers=headers,
        )
        assert answer.status_code == 200, answer.json
        found = answer.json
        assert found is not None
        for series in found["series"]:
            assert [date.fromisoformat(point["at"]) for point in series["points"]] == [
                begin.date() for begin, _ in months()
            ]
        return {
            series["name"]: [point["value"] for point in series["points"]]
            for series in found["series"]
        }

    for project, issues in both.items():
        flow = get("cumulative-flow", project)
        for n, (_, end) in enumerate(months()):
            standing = Counter(status for issue in issues if (status := issue.on(end)))
            assert {name: values[n] for name, values in flow.items() if values[n]} == dict(standing)
        moved, lead = get("created-resolved", project), get("lead-time", project)
        counted = 0
        for n, (begin, end) in enumerate(months()):
            new = sum(begin <= issue.created < end for issue in issues)
            took = [
                max((issue.closed - issue.created).total_seconds(), 0)
                for issue in issues
                if issue.closed and begin <= issue.closed < end
            ]
            assert (moved["created"][n], moved["resolved"][n]) == (new, len(took))
            for share in (50, 85, 95):
                value = lead[f"p{share}"][n]
                if took:
                    assert value == pytest.approx(np.percentile(took, share), abs=1e-3)
                else:
                    assert value is None
            counted += len(took)
        assert counted > 100
        print(project, len(issues), "issues,", counted, "resolved in these years")
