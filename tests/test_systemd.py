"""The systemd units, held to what there is: commands, settings, and systemd's own check."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from issue_insight.serving import TARGET
from tests.deployment import command_of_the_image, read_names

WEB, SCHEDULER = "issue-insight.service", "issue-insight-scheduler.service"


@pytest.fixture
def units(repository: Path) -> dict[str, dict[str, list[str]]]:
    """What each unit sets, by directive."""
    found: dict[str, dict[str, list[str]]] = {}
    for name in (WEB, SCHEDULER):
        unit = found.setdefault(name, {})
        for line in (repository / "deploy" / "systemd" / name).read_text().splitlines():
            if "=" in line and not line.startswith("#"):
                directive, _, value = line.partition("=")
                unit.setdefault(directive, []).append(value)
    return found


def test_the_web_service_is_started_as_the_image_is_but_on_this_machine_alone(
    units: dict[str, dict[str, list[str]]], repository: Path
) -> None:
    [start] = units[WEB]["ExecStart"]
    words = shlex.split(start)
    assert TARGET in words
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert [Path(words[0]).name, *words[1:]] == [
        "127.0.0.1" if word == "0.0.0.0" else word for word in command_of_the_image(repository)
    ]


def test_migrations_come_before_the_workers_and_jobs_have_one_process(
    units: dict[str, dict[str, list[str]]],
) -> None:
    assert units[WEB]["ExecStartPre"] == ["/opt/issue-insight/.venv/bin/flask upgrade"]
    assert units[SCHEDULER]["ExecStart"] == ["/opt/issue-insight/.venv/bin/flask jobs schedule"]
    assert not any("SCHEDULER_ENABLED" in text for text in units[WEB]["Environment"])


def test_every_variable_is_one_that_is_read(
    units: dict[str, dict[str, list[str]]], repository: Path
) -> None:
    others = {"FLASK_APP", "MALLOC_ARENA_MAX", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    known = read_names() | others | {"PROMETHEUS_MULTIPROC_DIR"}
    for unit in units.values():
        set_here = {word.partition("=")[0] for text in unit["Environment"] for word in text.split()}
        assert set_here <= known
    text = (repository / "deploy" / "systemd" / "issue-insight.env.example").read_text()
    assert set(re.findall(r"^(\w+)=", text, re.M)) <= read_names()


def test_both_are_locked_away_alike(units: dict[str, dict[str, list[str]]]) -> None:
    hardened = [
        {name: value for name, value in unit.items() if name.startswith(("P", "R", "S", "C"))}
        for unit in units.values()
    ]
    assert hardened[0] == hardened[1]
    assert hardened[0]["ProtectSystem"] == ["strict"]
    assert units[WEB]["DynamicUser"] == units[SCHEDULER]["DynamicUser"] == ["yes"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_finds_nothing_wrong(repository: Path, tmp_path: Path) -> None:
    for name in (WEB, SCHEDULER):
        text = (repository / "deploy" / "systemd" / name).read_text()
        text = text.replace("/opt/issue-insight/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / name).write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in (WEB, SCHEDULER))],
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")
