"""What is asked of metrics: each of them over a year, and what their page asks for at first."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from bench.generate import PROJECTS
from bench.load import Call
from plugins.insights.table import METRICS

PLAIN = "insights_plain"
"""The yardstick: lead time as anybody would write it, from the event log alone."""
SCREEN = "insights_first_screen"
_HEADLINES = ("created-resolved", "lead-time", "first-response", "reopen-rate")
_CHARTS = ("cumulative-flow", "created-resolved", "lead-time", "cycle-time")
"""Those that are in sight, or near it, in a window of 1440 by 900."""
_WHOLE = frozenset({"survival", "aging"})
"""Those that the page asks for without buckets."""


def over_a_year() -> dict[str, list[Call]]:
    """Return every metric over a year, of everything and of the largest project; the yardstick."""
    year = (_today() - timedelta(days=365)).isoformat()
    found = {}
    for name in METRICS:
        asked = {"from": year} | ({} if name in _WHOLE else {"bucket": "week"})
        found[f"insights_{name.replace('-', '_')}"] = [
            _call(name, **asked),
            _call(name, **asked, q=f"project:{PROJECTS[0]}"),
        ]
    return found | {PLAIN: [Call(f"/bench/plain-lead-time?from={year}")]}


def first_screen() -> list[Call]:
    """Return what the page asks for at first: frontend/src/lib/insights says what that is.

    The headlines of half a year and of the one before it, and the charts that are in sight.
    """
    last = _today()
    first = last - timedelta(days=181)
    first -= timedelta(days=first.weekday())
    now = {"from": first.isoformat(), "to": last.isoformat()}
    length = (last - first).days + 1
    before = {
        "from": (first - timedelta(days=length)).isoformat(),
        "to": (first - timedelta(days=1)).isoformat(),
    }
    compared = {f"compare_{name}": day for name, day in before.items()}
    return [
        Call("/api/v1/insights"),
        Call("/api/v1/stats/now?q="),
        *[_call(name, **span, bucket="all", q="") for name in _HEADLINES for span in (now, before)],
        _call("survival", **now, **compared, q=""),
        *[_call(name, **now, bucket="week", q="") for name in _CHARTS],
        _call("survival", **now, q=""),
    ]


def _today() -> date:
    return datetime.now(UTC).date()


def _call(metric: str, **query: Any) -> Call:
    return Call(f"/api/v1/insights/{metric}?{urlencode(query)}")
