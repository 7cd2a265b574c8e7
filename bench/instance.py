"""The instance that is measured: embedded PostgreSQL with `make run`'s settings, the real server.

Tokens are those of an identity provider, verified by its public key.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jwt
import psutil
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.generate import SEED, load, plan
from bench.served import TARGET
from issue_insight.embedded import Postgres, start_postgres
from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing.live import environment_of
from issue_insight.testing.servers import bring_up_to_date
from issue_insight.testing.tokens import ORIGIN, claims_for, rsa_key

ISSUER = "https://clerk.bench.example"
_HOURS = 12


@contextmanager
def loaded(directory: Path, issues: int, console: Console) -> Iterator[Postgres]:
    """Run PostgreSQL on `directory`, with so many issues: those that are there, or new ones."""
    directory.mkdir(parents=True, exist_ok=True)
    note = directory / "loaded.json"
    said = {"issues": issues, "seed": SEED, "tables": _newest_migration()}
    if not note.exists():
        began = time.monotonic()
        # Nothing is lost if the machine fails now: without waiting for the disk.
        postgres = start_postgres(directory, durable=False)
        try:
            bring_up_to_date(postgres.url())
            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
            ) as progress:
                load(postgres.url(), plan(issues, ISSUER), progress)
        finally:
            postgres.stop()
        os.sync()
        note.write_text(json.dumps(said))
        console.print(f"Loaded in {time.monotonic() - began:.0f} s.")
    elif json.loads(note.read_text()) != said:
        raise SystemExit(
            f"error: {directory} holds {note.read_text()}, not {json.dumps(said)}: remove it, or "
            "name another with BENCH_DIR."
        )
    postgres = start_postgres(directory)
    try:
        yield postgres
    finally:
        postgres.stop()


def _newest_migration() -> str:
    versions = Path(__file__).resolve().parents[1] / "migrations" / "versions"
    return max(path.name for path in versions.glob("*.py"))


def settings_for(postgres: Postgres, directory: Path) -> Settings:
    """Return the settings of a production instance on this database."""
    public = rsa_key().public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Settings(
        _env_file=None,
        database_url=postgres.url(),
        data_dir=directory,
        secret_key=SecretStr(secrets.token_urlsafe()),
        public_url=ORIGIN,
        auth_issuer=ISSUER,
        clerk_jwt_key=SecretStr(pem.decode()),
        authorized_parties=(ORIGIN,),
    )


def token(user: int) -> str:
    """Return a session token of `user-1`, an admin, `user-2`, a maintainer, or another."""
    claims = claims_for(ISSUER, f"user-{user}", exp=int(time.time()) + _HOURS * 3600)
    return jwt.encode(claims, rsa_key(), "RS256", headers={"kid": "key-0"})


@dataclass(frozen=True, slots=True)
class Served:
    """The server at work."""

    port: int
    process: psutil.Process

    def memory_mb(self) -> float:
        """Return the resident memory of the worker, the largest process of the server."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(max(one.memory_info().rss for one in family)) / 1024**2

    def processor_seconds(self) -> float:
        """Return the time that server and worker have been at work."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(sum(one.cpu_times()[:2]) for one in family))


@contextmanager
def served(settings: Settings, directory: Path) -> Iterator[Served]:
    """Serve the application and the yardsticks, as `make run` serves it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    pid_file = directory / "server.pid"
    with (directory / "server.log").open("wb") as log:
        server = Server(
            "127.0.0.1", port, environment_of(settings), pid_file, target=TARGET, log=log
        )
        try:
            server.wait_until_ready(lambda: None)
            yield Served(port, psutil.Process(int(pid_file.read_text())))
        finally:
            server.stop()
