"""The door of this plugin: what other plugins may use of it."""

from plugins.issues.fields import Name, Severity, Status
from plugins.issues.models import Issue, IssueVersion, Project
from plugins.issues.policy import (
    READ,
    SEE_ALL,
    TRIAGE,
    is_own,
    kept_from,
    open_periods,
    outlook,
    sees_all_unkept,
    visible_to,
)
from plugins.issues.queries import (
    Selection,
    count_issues,
    issue_for_update,
    readable_issue,
    select_issues,
)
from plugins.issues.relations import AsOf, end_of_day, parse_as_of, relation_at
from plugins.issues.watching import Sight, Touched, sights, touched_issues

__all__ = [
    "READ",
    "SEE_ALL",
    "TRIAGE",
    "AsOf",
    "Issue",
    "IssueVersion",
    "Name",
    "Project",
    "Selection",
    "Severity",
    "Sight",
    "Status",
    "Touched",
    "count_issues",
    "end_of_day",
    "is_own",
    "issue_for_update",
    "kept_from",
    "open_periods",
    "outlook",
    "parse_as_of",
    "readable_issue",
    "relation_at",
    "sees_all_unkept",
    "select_issues",
    "sights",
    "touched_issues",
    "visible_to",
]
