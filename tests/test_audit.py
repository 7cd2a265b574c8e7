"""`make audit` says what it found, and where it could not look."""

from typing import Any

import pytest

from tests.ci_scripts import load


@pytest.fixture
def audit() -> Any:
    """The script that `make audit` runs."""
    return load("audit")


@pytest.mark.parametrize(
    ("python", "frontend", "status", "said"),
    [
        ([], [], 0, ["Python: no known fault.", "frontend: no known fault."]),
        (["jinja2 2.4.1: it"], [], 1, ["Python: 1 known faults.", "  jinja2 2.4.1: it"]),
        (None, [], 0, ["Python: NOT RUN.", "NOTICE: 1 of 2 were looked at."]),
        (None, None, 0, ["frontend: NOT RUN.", "NOTICE: 0 of 2 were looked at."]),
        (None, ["lodash (high): <4"], 1, ["Python: NOT RUN.", "  lodash (high): <4", "NOTICE: 1"]),
    ],
)
def test_a_fault_fails_it_and_what_was_not_looked_at_is_a_notice(
    audit: Any,
    python: list[str] | None,
    frontend: list[str] | None,
    status: int,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit, "of_python", lambda: python)
    monkeypatch.setattr(audit, "of_frontend", lambda: frontend)
    assert audit.main() == status
    lines = capsys.readouterr().out.splitlines()
    assert all(any(line.startswith(one) for line in lines) for one in said)
    assert any(line.startswith("NOTICE") for line in lines) == (None in (python, frontend))


def test_services_that_do_not_answer_are_not_a_pass(
    audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PYPI", "http://127.0.0.1:1/")
    monkeypatch.setattr(audit, "NPM", "http://127.0.0.1:1/")
    assert audit.of_python() is None
    assert audit.of_frontend() is None
