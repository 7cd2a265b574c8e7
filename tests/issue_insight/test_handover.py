"""What `flask` commands learn of a running instance, and when they must not."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from issue_insight import handover
from issue_insight.embedded.locking import locked
from issue_insight.settings import Settings
from issue_insight.testing.fixtures import settings_in_environment

PUBLISHED = {
    "DATABASE_URL": "postgresql:///published",
    "S3_ENDPOINT": "http://127.0.0.1:9",
    "ENVIRONMENT": "development",
    "LOCAL_SIGN_IN": "1",
}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data directory that the environment names, and nothing else in it."""
    for name in settings_in_environment():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def running(directory: Path) -> Iterator[Path]:
    """The directory of an instance that runs."""
    with locked(directory / handover.LOCK):
        handover.publish(directory, PUBLISHED)
        yield directory


def test_a_command_acts_on_the_running_instance(running: Path) -> None:
    found = handover.local_settings()
    assert found.database_url == "postgresql+psycopg2:///published"
    assert found.local_sign_in


def test_only_the_owner_can_read_it(running: Path) -> None:
    assert stat.S_IMODE(os.stat(running / "run.json").st_mode) == 0o600


def test_what_a_killed_instance_left_is_not_believed(directory: Path) -> None:
    handover.publish(directory, PUBLISHED)
    assert handover.local_settings() == Settings()


def test_without_an_instance_the_environment_stands_alone(directory: Path) -> None:
    assert handover.local_settings() == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql:///mine"),
        ("S3_ENDPOINT", "https://s3.example.org"),
        ("ENVIRONMENT", "production"),
        ("CLERK_SECRET_KEY", "sk_live_x"),
    ],
)
def test_a_command_with_servers_of_its_own_never_meets_half_of_the_instance(
    running: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    found = handover.local_settings()
    assert not found.local_sign_in
    assert found.database_url != "postgresql:///published"


def test_other_settings_of_the_environment_win(
    running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_SIGN_IN", "0")
    assert not handover.local_settings().local_sign_in


def test_withdrawing_twice_is_fine(running: Path) -> None:
    handover.withdraw(running)
    handover.withdraw(running)
    assert not (running / "run.json").exists()
