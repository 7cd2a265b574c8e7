"""The metrics that a metric of metrics looks at."""

from issue_insight.errors import FieldError, Invalid
from plugins.insights.asked import Asked
from plugins.insights.fields import Show
from plugins.insights.metric import Metric

_OF_METRICS = frozenset({"signals", "compare"})


def metrics_of(asked: Asked, default: tuple[str, ...]) -> list[Metric]:
    """Return the metrics asked for, or those of the default. Raises `Invalid`.

    They have one number for each bucket, and can be split as is asked.
    """
    fits = {
        name: metric
        for name, metric in asked.metrics.items()
        if metric.size is not None and name not in _OF_METRICS
    }
    faults = []
    if asked.of is not None and asked.of not in fits:
        faults.append(FieldError("?of", f"takes one of {', '.join(fits)}"))
    if asked.show is not Show.PERCENTILES:
        faults.append(FieldError("?show", "must be percentiles: one number for each bucket"))
    names = default if asked.of is None else (asked.of,)
    found = [fits[name] for name in names if name in fits]
    for metric in found:
        if asked.by is not None and asked.by not in metric.splits:
            known = ", ".join(sorted(metric.splits)) or "nothing"
            faults.append(FieldError("?by", f"{metric.name} can be split by {known}"))
    if not any(asked.calendar in metric.calendars for metric in found):
        faults.append(FieldError("?calendar", f"{' and '.join(names)} measures no durations"))
    if faults:
        raise Invalid("This cannot be asked for so.", faults)
    return found
