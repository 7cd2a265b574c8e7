"""docs/security.md names every requirement of ASVS 5.0, level 2, and only tests that are there."""

import re
from pathlib import Path

import pytest

SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5,
    "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2,
    "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11,
    "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1,
    "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5,
    "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
"""How many requirements of levels 1 and 2 each section has; they are numbered from 1.
https://github.com/OWASP/ASVS/tree/master/5.0"""


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "security.md").read_text()


def test_every_requirement_is_judged(page: str) -> None:
    asked = {f"{name}.{n}" for name, count in SECTIONS.items() for n in range(1, count + 1)}
    assert len(asked) == 253
    named = set(re.findall(r"(?<![\d.])\d{1,2}\.\d{1,2}\.\d{1,2}(?![\d.]*\d)", page))
    assert named == asked


def test_every_row_says_how_it_stands(page: str) -> None:
    rows = [line.split("|")[1:-1] for line in page.splitlines() if re.match(r"\| \d+\.\d", line)]
    assert len(rows) > 80
    states = {row[2].strip() for row in rows}
    assert states == {"met", "partly", "**not met**", "outside", "not known"}


def test_every_test_that_it_names_is_there(page: str, repository: Path) -> None:
    named = set(re.findall(r"`([a-z_/]*test_[a-z_]+\.py)`", page))
    assert len(named) > 30
    assert [name for name in sorted(named) if not (repository / "tests" / name).is_file()] == []


def test_every_page_that_it_names_is_there(page: str, repository: Path) -> None:
    named = set(re.findall(r"\(([a-z]+\.md)", page))
    assert [name for name in named if not (repository / "docs" / name).is_file()] == []
