"""Packages of npm that only these tests use: fetched once into `build/`, in pinned versions."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest


def package(name: str, version: str, repository: Path) -> Path:
    """Return the folder of a package as published; skip where npm cannot be reached."""
    kept = repository / "build" / "npm" / f"{name.replace('/', '-').lstrip('@')}-{version}"
    if not kept.is_dir():
        _fetch(f"{name}@{version}", kept, repository)
    return kept / "package"


def _fetch(wanted: str, into: Path, repository: Path) -> None:
    partial = into.with_name(f"{into.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    # Node comes with the virtual environment.
    path = f"{repository / '.venv' / 'bin'}:{os.environ['PATH']}"
    command = ["npm", "pack", "--silent", "--pack-destination", str(partial), wanted]
    done = subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"npm cannot be reached for {wanted}: {done.stderr.strip()[-200:]}")
    with tarfile.open(partial / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(partial, filter="data")
    partial.rename(into)
