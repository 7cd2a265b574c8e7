"""Starting, finding again and stopping server processes, also those of a killed earlier run."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_KILL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group a server runs as, where that is not the current user."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    account: Account | None = None,
) -> psutil.Popen:
    """Start a server in a session of its own, so that a Ctrl-C in the terminal is not for it.

    Its output goes to the end of `log`, which starts anew once it has grown past 10 MB.
    """
    if log.exists() and log.stat().st_size > 10 * 1024 * 1024:
        log.replace(log.with_suffix(".log.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return psutil.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            cwd=str(cwd),
            env=dict(env),
            start_new_session=True,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        os.close(descriptor)


def find(pid: int, *marks: str) -> psutil.Process | None:
    """Return the process `pid` if its command line holds every one of `marks`.

    Process ids are used again: after a crash the number in a pid file may be anybody's.
    """
    try:
        process = psutil.Process(pid)
        line = process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return None
    return process if all(any(mark in word for word in line) for mark in marks) else None


def of_session(leader: int, *marks: str) -> list[psutil.Process]:
    """Return what runs in the session that `leader` began, with the `marks` in its command line.

    The number of a session is not given to anybody else while one of its processes lives.
    """
    found = []
    for pid in psutil.pids():
        with suppress(OSError):
            if os.getsid(pid) == leader and (process := find(pid, *marks)) is not None:
                found.append(process)
    return found


def alive(process: psutil.Process) -> bool:
    """Tell whether the process runs: one that ended without being waited for does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop(process: psutil.Process, *, patience: float, gently: int = signal.SIGTERM) -> None:
    """Ask a process to end with the signal `gently`; kill it after `patience` seconds."""
    try:
        process.send_signal(gently)
    except psutil.NoSuchProcess:
        return
    if not _ends(process, patience):
        try:
            children = process.children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        for one in (process, *children):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        for one in (process, *children):
            _ends(one, _KILL_SECONDS)


def _ends(process: psutil.Process, patience: float) -> bool:
    """Wait until the process has ended; false if it goes on.

    One that nobody has waited for has ended too: whoever started it may be gone, and the first
    process of a container may not care.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with suppress(psutil.TimeoutExpired):
            process.wait(0.1)
            return True
        if not alive(process):
            return True
    return False


def log_size(log: Path) -> int:
    """Return where the log ends now, in bytes: what comes later is about the start at hand."""
    return log.stat().st_size if log.exists() else 0


def said(log: Path, since: int) -> list[str]:
    """Return the lines of the log after its first `since` bytes."""
    with log.open("rb") as file:
        file.seek(since)
        return file.read().decode(errors="replace").splitlines()
