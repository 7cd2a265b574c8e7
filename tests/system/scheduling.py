"""A scheduler as a process of its own, as compose and systemd run it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from issue_insight.settings import Settings
from issue_insight.testing.live import environment_of


@contextmanager
def scheduler(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run the jobs with `settings`; whatever is left of it is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "schedule"],
        env=os.environ | environment_of(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
