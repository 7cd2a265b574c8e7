"""The HTTP API of numbers."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import reading, unit_of_work
from issue_insight.http.blueprint import Blueprint
from plugins.issues.api import Selection, parse_as_of, select_issues
from plugins.stats import policy, queries
from plugins.stats.filtered_days import count_chosen_days
from plugins.stats.flow import count_flow
from plugins.stats.schemas import (
    DailyStats,
    DailyStatsQuery,
    Flow,
    FlowQuery,
    StatsNow,
    StatsNowQuery,
)

blp = Blueprint("stats", __name__, description="Numbers: how many issues, now and day by day.")


def _zone() -> ZoneInfo:
    zone: ZoneInfo = current_app.extensions["issue_insight"].settings.zone
    return zone


def _selected(session: Any, query: StatsNowQuery | FlowQuery) -> Selection:
    zone = _zone()
    as_of = parse_as_of(query.as_of, zone)
    return select_issues(session, current_principal(), query.q, as_of, zone)


@blp.get("/stats/now")
@blp.arguments(StatsNowQuery, location="query")
@blp.response(200, StatsNow)
@requires(policy.READ)
def get_stats_now(query: StatsNowQuery) -> Any:
    """Count issues by status, severity, assignee and label, now or as of an instant."""
    with reading() as session:
        return queries.count_now(session, _selected(session, query))


@blp.get("/stats/daily")
@blp.arguments(DailyStatsQuery, location="query")
@blp.response(200, DailyStats)
@requires(policy.READ)
def get_daily_stats(query: DailyStatsQuery) -> Any:
    """Count issues by status and severity at the end of each day."""
    zone = _zone()
    as_of = parse_as_of(query.as_of, zone)
    with unit_of_work() as session:
        # What is taken away from stored counts is taken from the state that they were read in.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return count_chosen_days(
            session,
            current_principal(),
            zone,
            first=query.from_,
            last=query.to,
            project=query.project,
            q=query.q,
            as_of=as_of,
            every=query.every,
        )


@blp.get("/stats/flow")
@blp.arguments(FlowQuery, location="query")
@blp.response(200, Flow)
@requires(policy.READ)
def get_flow(query: FlowQuery) -> Any:
    """Count how many issues were created, and how many resolved, by day, week or month."""
    with unit_of_work() as session:
        selection = _selected(session, query)
        return count_flow(session, selection, first=query.from_, last=query.to, size=query.bucket)
