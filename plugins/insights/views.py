"""The HTTP API of insights."""

from typing import Any

from flask import current_app

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import unit_of_work
from issue_insight.http.blueprint import Blueprint
from plugins.insights import policy, services
from plugins.insights.asked import Other
from plugins.insights.schemas import Catalogue, Insight, InsightQuery
from plugins.issues.api import parse_as_of

blp = Blueprint("insights", __name__, description="Metrics, each number of which can be opened.")


@blp.get("/insights")
@blp.response(200, Catalogue)
@requires(policy.READ)
def list_metrics() -> Any:
    """List the metrics and their definitions."""
    return services.catalogue(current_app.extensions["issue_insight"].settings.days_off)


@blp.get("/insights/<metric>")
@blp.arguments(InsightQuery, location="query")
@blp.response(200, Insight)
@requires(policy.READ)
def get_insight(query: InsightQuery, metric: str) -> Any:
    """Compute a metric of the issues that one can see.

    Every number has a link, `q` and `as_of`, that opens exactly the issues behind it in the list.
    """
    settings = current_app.extensions["issue_insight"].settings
    as_of = parse_as_of(query.as_of, settings.zone)
    with services.turn(), unit_of_work() as session:
        return services.answer(
            session,
            current_principal(),
            settings.zone,
            metric,
            q=query.q,
            first=query.from_,
            last=query.to,
            pieces=query.bucket,
            as_of=as_of,
            by=query.by,
            calendar=query.calendar,
            days_off=settings.days_off,
            show=query.show,
            other=Other(
                query.compare_q,
                query.compare_from,
                query.compare_to,
                parse_as_of(query.compare_as_of, settings.zone, pointer="?compare_as_of"),
            ),
            of=query.of,
        )
