"""The soak finds what it looks for: growing memory, 5xx, and nothing where all is well."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.soak import Counted, grows, growth


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        ([100 + n for n in range(100)], True),  # a leak
        ([100 + min(n, 20) for n in range(100)], False),  # it gets warm
        ([100 + n % 7 for n in range(100)], False),  # it breathes
        ([100] * 75 + [130] * 25, True),  # a jump that stays
        ([100] * 50 + [300] + [100] * 49, False),  # one request that took much
        ([100, 200], False),  # too few to tell
    ],
)
def test_memory_that_grows_is_found(samples: list[float], found: bool) -> None:
    assert grows("worker", samples) is found


def test_growth_is_between_quarters() -> None:
    assert growth([1, 1, 2, 2, 3, 3, 5, 5]) == 3


def test_5xx_are_counted_whatever_was_asked() -> None:
    counted = Counted()
    for what, status in (("list", 200), ("list", 503), ("report", 500), ("report", 404)):
        counted.count(what, status, 0.1)
    assert counted.refused == 2


def test_a_short_one_runs_to_its_end(repository: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "bench/soak.py", "--minutes", "0.08", "--streams", "5"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No 5xx, no broken connection" in ran.stdout
