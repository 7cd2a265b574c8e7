"""Every metric by its name, in the order in which they are shown."""

from plugins.insights.metric import Metric
from plugins.insights.metrics.arriving import CREATED_RESOLVED, THROUGHPUT
from plugins.insights.metrics.compare import COMPARE
from plugins.insights.metrics.durations import (
    CYCLE_TIME,
    FIRST_RESPONSE,
    LEAD_TIME,
    TIME_TO_TRIAGE,
)
from plugins.insights.metrics.signals import SIGNALS
from plugins.insights.metrics.standing import CUMULATIVE_FLOW, SEVERITY_MIX
from plugins.insights.metrics.statuses import AGING, REOPEN_RATE, TIME_IN_STATUS
from plugins.insights.metrics.survival import SURVIVAL

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        CUMULATIVE_FLOW,
        CREATED_RESOLVED,
        LEAD_TIME,
        CYCLE_TIME,
        TIME_IN_STATUS,
        TIME_TO_TRIAGE,
        FIRST_RESPONSE,
        AGING,
        THROUGHPUT,
        REOPEN_RATE,
        SEVERITY_MIX,
        SURVIVAL,
        COMPARE,
        SIGNALS,
    )
}
