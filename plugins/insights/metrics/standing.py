"""How many issues stood where when each period ended: cumulative flow."""

from plugins.insights.asked import Asked, term
from plugins.insights.counting import Standing, standing
from plugins.insights.fields import By
from plugins.insights.metric import Answered, Metric
from plugins.insights.splitting import groups
from plugins.issues.api import Status

SPLITS = frozenset({By.LABEL, By.ASSIGNEE, By.REPORTER, By.SEVERITY, By.PROJECT})


def _cumulative_flow(asked: Asked) -> Answered:
    moments = [asked.end_of(bucket) for bucket in asked.buckets]
    found = standing(asked, ("status",), moments)
    empty = [0] * len(moments)
    series = [
        group.series(
            status,
            [
                asked.point(bucket, number, *group.terms, term("status", status), as_of=moment)
                for bucket, moment, number in zip(
                    asked.buckets, moments, found.get((status, group.key), empty), strict=True
                )
            ],
        )
        for group in groups(asked, sizes_of(found))
        for status in map(str, Status)
    ]
    return Answered(series, sum(numbers[-1] for numbers in found.values()))


def sizes_of(found: Standing) -> dict[object, int]:
    """Return how large each group is: the most that its parts came to, taken together."""
    sizes: dict[object, int] = {}
    for (*_, key), numbers in found.items():
        sizes[key] = sizes.get(key, 0) + max(numbers)
    return sizes


CUMULATIVE_FLOW = Metric(
    name="cumulative-flow",
    title="Cumulative flow",
    definition="Issues at each status when the day, week or month ended, as the list shows them "
    "as of that instant. The height of a band is the work in progress there (Anderson, Kanban; "
    "Little's law relates it to throughput and lead time). Everything that a filter asks for is "
    "what it was then, and what was deleted since is left out from then on.",
    unit="issues",
    answer=_cumulative_flow,
    size="day",
    reach=90,
    splits=SPLITS,
)
