"""The project, the people and the past that the tests of the stats plugin have, and a present."""

from datetime import date

import pytest

from tests.plugins.stats.conftest import (
    History,
    admin,
    history,
    maintainer,
    present,
    reporter,
)

__all__ = ["admin", "history", "maintainer", "present", "reporter"]


@pytest.fixture
def past(history: History) -> History:
    """Three weeks with everything that can befall an issue."""
    first = history.report("2020-02-20 10:00", "high", labels=["ui"])
    second = history.report("2020-02-24 00:00", "low", due_date=date(2020, 3, 1))
    third = history.report("2020-03-01 23:59", labels=["ui", "api"])
    history.report("2020-03-02 00:00", "high")
    gone = history.report("2020-03-05 10:00", "critical")
    history.change("2020-02-21 10:00", first, status="triaged")
    history.change("2020-02-22 10:00", first, status="in_progress")
    history.change("2020-03-01 12:00", first, status="done")
    history.change("2020-03-04 12:00", second, status="done", resolution="declined")
    history.change("2020-03-05 12:00", first, status="open")
    history.change("2020-03-08 12:00", third, status="in_progress")
    history.change("2020-03-09 00:00", third, status="done", labels=["api"])
    history.delete("2020-03-10 11:00", gone)
    return history
