"""The HTTP API of the audit log."""

from typing import Any

from flask import Response

from issue_insight import clock
from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import reading, transactions, unit_of_work
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.paging import cursors
from issue_insight.http.rate_limits import costly
from plugins.audit import queries, services
from plugins.audit.policy import READ
from plugins.audit.schemas import AuditExportQuery, AuditFilter, AuditQuery, EntryPage

blp = Blueprint("audit", __name__, description="Who did what when, for admins.")


def _wanted(query: AuditFilter) -> queries.Wanted:
    return queries.Wanted(query.actor, query.kind, query.since, query.until)


@blp.get("/audit")
@blp.arguments(AuditQuery, location="query")
@blp.response(200, EntryPage)
@requires(READ)
def list_audit_entries(query: AuditQuery) -> Any:
    """List what happened, newest first."""
    with reading() as session:
        return EntryPage.model_validate(
            queries.page(
                session, _wanted(query), limit=query.limit, cursor=query.cursor, signer=cursors()
            )
        )


@blp.get("/audit/export")
@costly("exports")
@blp.arguments(AuditExportQuery, location="query")
@blp.response(
    200,
    content_type="text/csv, application/x-ndjson",
    description="The entries, as many as there are",
    headers=("Content-Disposition",),
)
@requires(READ)
def export_audit_entries(query: AuditExportQuery) -> Any:
    """Download what happened, oldest first, as CSV or JSON Lines; that it was is an entry, too.

    In CSV, a cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    wanted = _wanted(query)
    with unit_of_work() as session:
        services.note_export(session, current_principal(), wanted, query.format)
    parts = services.export(transactions(), wanted, query.format)
    response = Response(parts, mimetype=query.format.media_type)
    name = f"audit-{clock.now():%Y-%m-%d}.{query.format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
