"""Whatever happened and whatever is asked: numbers are those of a recount, and of their lists.

    make insights-cases              # 10,000 cases; CASES=500 SEED=7 for others

asks more of the same than the suite does.
"""

import os

from sqlalchemy import Engine

from tests.plugins.insights.cases import COUNTED, run

EACH = 100
"""Questions to one history."""


def test_every_number_is_that_of_a_recount_and_of_the_list_it_opens(
    clean_database: Engine,
    _seeded: frozenset[str],  # noqa: PT019 (a set of names)
) -> None:
    cases = int(os.environ.get("CASES", "200"))
    compared = run(
        clean_database, _seeded, int(os.environ.get("SEED", "1")), -(-cases // EACH), EACH
    )
    print(dict(compared))
    assert compared["cases"] >= cases
    assert compared["numbers"] > cases
    assert compared["links"] >= compared["numbers"]
    assert all(compared[metric] for metric in COUNTED)
