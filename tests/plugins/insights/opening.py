"""Opening what an answer links to: the list behind each number."""

from typing import Any

from tests.plugins.stats.conftest import Caller

Answer = dict[str, Any]


def listed(caller: Caller, link: dict[str, str]) -> int:
    """Return how many issues a link opens."""
    answer = caller.get("/issues", q=link["q"], as_of=link["as_of"], limit=1)
    assert not answer["total_is_estimate"]
    total: int = answer["total"]
    return total


def values(answer: Answer, name: str) -> dict[str, Any]:
    """Return the values of a series by where they are."""
    (series,) = [one for one in answer["series"] if one["name"] == name]
    return {point["at"]: point["value"] for point in series["points"]}


def only(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the one point of a series."""
    [series] = [one for one in answer["series"] if one["name"] == name]
    [point] = series["points"]
    return dict(point)


def assert_all_open(caller: Caller, answer: Answer) -> None:
    """Every count is the length of the list that it opens; of other numbers `issues` is."""
    for series in answer["series"]:
        for point in series["points"]:
            count = point.get("issues", point["value"])
            assert count == listed(caller, point["open"]), (series["name"], point)
