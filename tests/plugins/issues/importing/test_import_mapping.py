"""From the words of a source to a history in ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from issue_insight import clock
from plugins.issues.importing.convert import history
from plugins.issues.importing.history import History
from plugins.issues.importing.mapping import Words, load
from plugins.issues.importing.records import (
    ImportProblem,
    SourceChange,
    SourceComment,
    SourceIssue,
    Unreadable,
)

START = datetime(2021, 1, 1, tzinfo=UTC)
ROW = SourceIssue(
    line=5,
    external_id="1",
    number=1,
    title="It breaks",
    description="",
    status="Open",
    severity=None,
    resolution=None,
    reporter="ada",
    assignee=None,
    labels=(),
    created_at=START,
    updated_at=None,
    closed_at=None,
)


def after(days: int) -> datetime:
    return START + timedelta(days=days)


def told(words: Words | None = None, **members: Any) -> History:
    return history(replace(ROW, **members), words or Words())


def statuses(found: History) -> list[tuple[int, str, str | None]]:
    return [
        ((step.at - START).days, step.state.status, step.state.resolution) for step in found.steps
    ]


def change(day: int, field: Any, old: Any, new: Any) -> SourceChange:
    return SourceChange(after(day), "grace", field, old, new)


def test_an_open_row_has_its_status_since_it_was_made() -> None:
    assert statuses(told(status="In-Progress")) == [(0, "in_progress", None)]


def test_a_closed_row_was_open_until_it_was_closed() -> None:
    found = told(status="Resolved", resolution="Won't Fix", closed_at=after(3))
    assert statuses(found) == [(0, "open", None), (3, "done", "declined")]
    assert found.closed_at == after(3)


def test_closed_without_a_resolution_is_fixed() -> None:
    assert told(status="closed", closed_at=after(3)).state.resolution == "fixed"


@pytest.mark.parametrize(
    ("label", "resolution"),
    [("duplicate", "duplicate"), ("wontfix", "declined"), ("invalid", "invalid")],
)
def test_a_label_can_say_how_it_was_resolved(label: str, resolution: str) -> None:
    found = told(status="closed", closed_at=after(3), labels=("bug", label))
    assert found.state.resolution == resolution


def test_the_last_update_stands_for_a_missing_instant_of_closing_with_a_note() -> None:
    found = told(status="closed", updated_at=after(4))
    assert found.closed_at == after(4)
    assert found.notes == ("no instant of closing; the last update stands for it",)


def test_open_again_after_a_closing_is_a_reopening_at_the_last_update() -> None:
    found = told(status="Reopened", closed_at=after(2), updated_at=after(4))
    assert statuses(found) == [(0, "open", None), (2, "done", "fixed"), (4, "open", None)]
    assert found.closed_at is None


def test_open_again_at_an_unknown_instant_is_only_noted() -> None:
    found = told(status="open", closed_at=after(2))
    assert statuses(found) == [(0, "open", None)]
    assert "at an instant nobody knows" in found.notes[0]


def test_a_history_is_told_from_its_beginning() -> None:
    found = told(
        status="done",
        resolution="duplicate",
        severity="high",
        labels=("ui",),
        changes=(
            change(1, "severity", None, "Blocker"),
            change(2, "status", "open", "done"),
            change(3, "status", "done", "triaged"),
            change(4, "labels", (), ("ui",)),
            change(5, "severity", "critical", "high"),
            change(6, "status", "triaged", "done"),
            change(6, "resolution", None, "duplicate"),
        ),
    )
    assert [(s.state.status, s.state.severity, s.state.labels) for s in found.steps] == [
        ("open", None, ()),
        ("open", "critical", ()),
        ("done", "critical", ()),
        ("triaged", "critical", ()),
        ("triaged", "critical", ("ui",)),
        ("triaged", "high", ("ui",)),
        ("done", "high", ("ui",)),
    ]
    assert found.state.resolution == "duplicate"
    assert found.closed_at == after(6)
    assert [step.by for step in found.steps] == ["ada"] + ["grace"] * 6


def test_updated_is_never_before_anything_that_happened() -> None:
    comment = SourceComment("grace", after(9), "Still.")
    assert told(comments=(comment,), updated_at=after(5)).updated_at == after(9)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"title": ""}, "the title is empty"),
        ({"title": "x" * 10_000}, "the title has 10000 characters"),
        ({"description": "x" * 10_000_000}, "a description of 10000000 characters"),
        ({"status": "Limbo"}, "status 'Limbo' is not known; name it under [status]"),
        ({"severity": "Dire"}, "severity 'Dire' is not known; name it under [severity]"),
        ({"resolution": "Eh"}, "resolution 'Eh' is not known; name it under [resolution]"),
        ({"status": "closed"}, "it is closed, but nothing says when"),
        ({"status": "closed", "closed_at": after(-1)}, "closed on 2020-12-31 00:00 UTC, before"),
        ({"created_at": after(9999)}, "which is yet to come"),
        ({"labels": ("x" * 1000,)}, "label 'xxxxxxx"),
        ({"labels": tuple(str(n) for n in range(500))}, "it has 500 labels"),
        ({"reporter": "x" * 1000}, "the name 'xxxxxx"),
        ({"changes": (change(-1, "severity", None, "low"),)}, "its severity was changed on"),
        ({"changes": (change(1, "status", None, "open"),)}, "does not say from what to what"),
        (
            {"changes": (change(1, "severity", None, "low"), change(2, "severity", "high", None))},
            "its history of severity has a gap: low turns into high unseen",
        ),
        (
            {"changes": (change(1, "severity", None, "low"),)},
            "its severity is none, but its history ends with low",
        ),
    ],
)
def test_a_row_that_cannot_be_told_is_a_problem_with_its_line(
    members: dict[str, Any], reason: str
) -> None:
    with clock.frozen(datetime(2026, 1, 1, tzinfo=UTC)), pytest.raises(ImportProblem) as refused:
        told(**members)
    assert refused.value.line == 5
    assert reason in refused.value.reason


# Mapping files


def written(tmp_path: Path, text: str) -> Words:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_the_example_of_the_manual_is_a_mapping_file(tmp_path: Path) -> None:
    manual = Path(__file__).parents[4] / "docs" / "import.md"
    example = manual.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    words = written(tmp_path, example)
    assert words.status["needs triage"] == "open"
    assert words.status["resolved"] == "done"
    assert words.severity["minor"] == "low"
    assert words.users == {"stevel": "steve@example.org"}
    assert words.columns == {"betreff": "title"}
    assert datetime(2021, 7, 1, tzinfo=words.zone).utcoffset() == timedelta(hours=2)


def test_the_manual_lists_every_known_word() -> None:
    manual = Path(__file__).parents[4] / "docs" / "import.md"
    listed = manual.read_text(encoding="utf-8").split("## Words")[1].split("## Mapping")[0]
    rows = [line.split("|")[1:3] for line in listed.splitlines() if line.startswith("| ")]
    said = {
        (word.strip(), "" if ours.strip() == "no severity" else ours.strip())
        for ours, theirs in rows
        for word in theirs.replace(";", ",").split(",")
    }
    known = Words()
    for table in (known.status, known.severity, known.resolution):
        assert set(table.items()) <= said


def test_words_of_the_mapping_file_go_first_and_labels_can_be_dropped(tmp_path: Path) -> None:
    words = written(
        tmp_path,
        '[status]\nLimbo = "triaged"\n[severity]\nMajor = ""\n[labels]\nnoise = ""\nui = "web"\n',
    )
    found = told(words, status="limbo", severity="major", labels=("ui", "noise", "web"))
    assert found.state.status == "triaged"
    assert found.state.severity is None
    assert found.state.labels == ("web",)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("status = ", "no TOML"),
        ('[state]\na = "open"', r"a table \[state\]"),
        ('status = "open"', r"\[status\] of the mapping file is not a table of texts"),
        ("[status]\na = 5", r"\[status\] of the mapping file is not a table of texts"),
        ('[status]\na = "shut"', "'shut' is none of 'open'"),
        ('[severity]\na = "dire"', "'dire' is none of"),
        ('[resolution]\na = ""', "'' is none of 'fixed'"),
        ('[users]\nada = "ada"', "'ada' is no e-mail address"),
        ('[dates]\nzone = "UTC"', "'zone' is not known"),
        ('[dates]\ntime_zone = "Mars/Base"', "no time zone is named 'Mars/Base'"),
        ('[dates]\ntime_zone = "../etc"', "no time zone is named"),
    ],
)
def test_a_mapping_file_with_a_mistake_is_refused(tmp_path: Path, text: str, refusal: str) -> None:
    with pytest.raises(Unreadable, match=refusal):
        written(tmp_path, text)
