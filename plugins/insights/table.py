"""Every metric by its name, in the order in which they are shown."""

from plugins.insights.metric import Metric
from plugins.insights.metrics.arriving import CREATED_RESOLVED, THROUGHPUT
from plugins.insights.metrics.compare import COMPARE
from plugins.insights.metrics.signals import SIGNALS
from plugins.insights.metrics.standing import CUMULATIVE_FLOW
from plugins.insights.metrics.survival import SURVIVAL

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        CUMULATIVE_FLOW,
        CREATED_RESOLVED,
        THROUGHPUT,
        SURVIVAL,
        COMPARE,
        SIGNALS,
    )
}
