"""The door of this plugin: what other plugins may use of it."""

from plugins.issues.facts import Facts, rebuild_facts, verify_facts
from plugins.issues.fields import Name, Resolution, Severity, Status
from plugins.issues.grammar.ast import And, Node, Not, Or, Query
from plugins.issues.grammar.ast import Field as Term
from plugins.issues.grammar.compile import name_asked, severities_asked
from plugins.issues.grammar.durations import BOUNCED, DURATIONS, elapsed, instant_of, reached
from plugins.issues.grammar.instants import duration, span
from plugins.issues.grammar.narrow import lacking, narrowed
from plugins.issues.models import (
    Issue,
    IssueMilestones,
    IssueStay,
    IssueTally,
    IssueVersion,
    LabelTally,
    Project,
)
from plugins.issues.policy import (
    READ,
    SEE_ALL,
    is_own,
    kept_from,
    open_periods,
    outlook,
    sees_all_unkept,
    visible_to,
)
from plugins.issues.queries import issue_for_update, readable_issue
from plugins.issues.relations import AsOf, end_of_day, parse_as_of, relation_at
from plugins.issues.selection import Selection, select_issues, select_versions
from plugins.issues.totals import count_issues, tallied
from plugins.issues.watching import Group, Touched, sights, touched_issues

__all__ = [
    "BOUNCED",
    "DURATIONS",
    "READ",
    "SEE_ALL",
    "And",
    "AsOf",
    "Facts",
    "Group",
    "Issue",
    "IssueMilestones",
    "IssueStay",
    "IssueTally",
    "IssueVersion",
    "LabelTally",
    "Name",
    "Node",
    "Not",
    "Or",
    "Project",
    "Query",
    "Resolution",
    "Selection",
    "Severity",
    "Status",
    "Term",
    "Touched",
    "count_issues",
    "duration",
    "elapsed",
    "end_of_day",
    "instant_of",
    "is_own",
    "issue_for_update",
    "kept_from",
    "lacking",
    "name_asked",
    "narrowed",
    "open_periods",
    "outlook",
    "parse_as_of",
    "reached",
    "readable_issue",
    "rebuild_facts",
    "relation_at",
    "sees_all_unkept",
    "select_issues",
    "select_versions",
    "severities_asked",
    "sights",
    "span",
    "tallied",
    "touched_issues",
    "verify_facts",
    "visible_to",
]
