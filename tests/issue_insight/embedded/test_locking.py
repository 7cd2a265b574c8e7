"""The lock on a directory: one owner, told by name, gone with its owner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from issue_insight.embedded.locking import Held, is_locked, locked

HOLD = """
import sys, time
from pathlib import Path
from issue_insight.embedded.locking import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        with pytest.raises(Held) as held, locked(tmp_path / "lock"):
            pass
        assert held.value.owner == str(os.getpid())
    assert not is_locked(tmp_path / "lock")


def test_the_lock_ends_with_its_owner_even_when_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    owner = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"held\n"
    assert is_locked(path)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    with locked(path):
        assert is_locked(path)


def test_waiting_gives_the_lock_once_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    owner = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    owner.stdout.readline()
    owner.terminate()
    with locked(path, wait=True):
        assert owner.wait() == -signal.SIGTERM
    owner.stdout.close()


def test_a_lock_that_nobody_ever_took_is_free(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "never")
    assert not (tmp_path / "never").exists()
