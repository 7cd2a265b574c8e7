"""How long issues last, with those that are open counted as not over yet."""

from plugins.insights.asked import Asked
from plugins.insights.fields import By
from plugins.insights.metric import Answered, Metric


def _survival(asked: Asked) -> Answered:
    # Here, so that a process that is never asked for it holds no numpy.
    from plugins.insights.surviving import survival

    return survival(asked)


SURVIVAL = Metric(
    name="survival",
    title="How long issues last",
    definition="The share of issues that last longer than each duration, from being reported to "
    "being done, as Kaplan and Meier estimate it (1958): an issue that is not done at the instant "
    "looked at counts as lasting at least until then, instead of being left out. The interval is "
    "95 %, by Greenwood's variance on the scale log(-log S); that of the median is where it "
    "reaches a half (Brookmeyer and Crowley 1982). Beside it the naive median, of finished issues "
    "alone, which is too short as long as slow ones are open. `fixed` and `set aside` (duplicate, "
    "declined, invalid) are the shares that have ended so by each duration (Aalen and Johansen "
    "1978): with what lasts longer they make 1. Two filters or periods are compared by the "
    "log-rank test (Mantel 1966). A period means the issues created in it. Only an entry to done "
    "that still stands is an end.",
    unit="ratio",
    answer=_survival,
    size=None,
    splits=frozenset({By.LABEL, By.ASSIGNEE, By.REPORTER, By.SEVERITY, By.PROJECT}),
)
