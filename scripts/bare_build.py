"""Runs every command of the Dockerfile in a bare directory, where no engine is there to do it.

    python scripts/bare_build.py

The Dockerfile itself is read: stages, WORKDIR, COPY, ENV, RUN and CMD, in their order. Absolute
paths lie below a fresh directory, sources are what a clone has without .dockerignore's, and the
environment is empty but for PATH, HOME, caches and where packages come from. What the base images
bring (python, node, caddy) is what PATH offers; a command that is not there is said, never passed
over in silence. The CMD of the stage `backend` is started and has to answer `/healthz`.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from fnmatch import fnmatch
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
KEPT = ("HOME", "LANG", "SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PACKAGES = ("PIP_", "npm_config_", "NPM_CONFIG_", "UV_")
SKIPPED = ("FROM", "EXPOSE", "USER")
"""What says something about the image, and runs nothing."""


class Broken(Exception):
    """An instruction failed, or is none that is known here."""


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions with what follows them."""
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.M).replace("\\\n", " ").splitlines()
    found = []
    for line in filter(str.strip, lines):
        word, _, rest = line.strip().partition(" ")
        found.append((word.upper(), rest.strip()))
    return found


def of_the_clone() -> list[str]:
    """Name the files that a build is sent."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],  # noqa: S607
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    ignored = (REPOSITORY / ".dockerignore").read_text().split()
    return [
        name
        for name in listed
        if (REPOSITORY / name).is_file()
        and not any(
            fnmatch(part, rule.removeprefix("**/")) for rule in ignored for part in name.split("/")
        )
    ]


class Build:
    """One Dockerfile, carried out below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = of_the_clone()
        self.stage, self.directory = "", "/"
        self.environment: dict[str, str] = {}
        self.made: dict[str, list[str]] = {}

    def below(self, text: str) -> str:
        """Move absolute paths of the image below the root."""
        return re.sub(
            r"(?<![\w./])/(?=(?:venv|app|src|srv|etc/caddy)\b)", lambda _: f"{self.root}/", text
        )

    def at(self, path: str) -> str:
        """Return an absolute path of the image."""
        joined = path if path.startswith("/") else f"{self.directory}/{path.removeprefix('./')}"
        return os.path.normpath(joined)

    def here(self, path: str) -> Path:
        """Return where a path of the image lies."""
        return self.root / self.at(path).lstrip("/")

    def carry_out(self, word: str, rest: str) -> None:
        """Do one instruction. Raises `Broken`."""
        if word == "FROM":
            self.stage = rest.rpartition(" ")[2]
            self.directory, self.environment = "/", {}
            self.made[self.stage] = []
        elif word == "WORKDIR":
            self.directory = self.at(rest)
            self.made[self.stage].append(self.directory)
            self.here(".").mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                value = value.replace("$PATH", os.environ["PATH"])
                self.environment[name] = self.below(value)
        elif word == "COPY":
            self._copy(rest)
        elif word == "RUN":
            self._run(rest)
        elif word == "CMD":
            self._serve(json.loads(rest))
        elif word not in SKIPPED:
            raise Broken(f"{word} is not known here: add it to {Path(__file__).name}")

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        if sources[0].startswith("--from="):
            stage, [source] = sources[0].removeprefix("--from="), sources[1:]
            made = self.made[stage]
            if not any(source == path or source.startswith(f"{path}/") for path in made):
                raise Broken(f"the stage {stage} makes no {source}")
            start, end = self.root / source.lstrip("/"), self.here(target)
            if not start.exists():
                raise Broken(f"{source} is not there after the stage {stage}")
            if start != end:  # stages share one directory
                shutil.copytree(start, end, dirs_exist_ok=True)
        else:
            for source in sources:
                self._copy_source(source.rstrip("/"), target, several=len(sources) > 1)
        self.made[self.stage].append(self.at(target))

    def _copy_source(self, source: str, target: str, *, several: bool) -> None:
        inside = [name for name in self.files if name == source or name.startswith(f"{source}/")]
        if not inside:
            raise Broken(f"there is nothing to copy at {source}")
        for name in inside:
            end = self.here(target)
            if name != source:
                end = end / name[len(source) + 1 :]
            elif several or target.endswith("/"):
                end = end / Path(name).name
            end.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, end)

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in KEPT or name.lower().endswith("_proxy") or name.startswith(PACKAGES)
        }
        return {**kept, "PATH": os.environ["PATH"], **self.environment}

    def _run(self, command: str) -> None:
        if made := re.search(r" (/\w+)$", command):
            self.made[self.stage].append(made[1])
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-ec", self.below(command)],
            cwd=self.here("."),
            env=self._environment(),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Broken(f"it ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def _serve(self, words: list[str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        swap = {"0.0.0.0": "127.0.0.1", "8181": port}  # noqa: S104
        environment = self._environment() | {"HOST": "127.0.0.1", "PORT": port}
        environment |= {name: str(self.root / name.lower()) for name in ("HOME", "DATA_DIR")}
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(self.root / "metrics")
        command = shutil.which(words[0], path=environment["PATH"])
        if command is None or not Path(command).is_relative_to(self.root):
            raise Broken(f"{words[0]} is not in the image")
        process = subprocess.Popen(  # noqa: S603
            [command, *(swap.get(word, word) for word in words[1:])],
            cwd=self.here("."),
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            page = _answer(process, f"http://127.0.0.1:{port}/healthz")
            if b"ok" not in page:
                raise Broken(f"/healthz says {page!r}")
            if b"<title>Issue Insight" not in _answer(process, f"http://127.0.0.1:{port}/"):
                raise Broken("the pages are not served")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _answer(process: subprocess.Popen[str], url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept": "text/html, */*"})  # noqa: S310
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            raise Broken(f"{url} answers {error.code}") from error
        except OSError:
            if process.poll() is not None:
                raise Broken(f"it ended: {process.communicate()[1]}") from None
            if time.monotonic() > deadline:
                raise Broken("it does not answer") from None
            time.sleep(0.1)


def main() -> int:
    """Carry the Dockerfile out; print each command, and return 1 for the first that fails."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="issue-insight-bare-") as directory:
        build = Build(Path(directory).resolve())
        for word, rest in instructions((REPOSITORY / "Dockerfile").read_text()):
            start = time.monotonic()
            try:
                build.carry_out(word, rest)
            except Broken as broken:
                print(f"error: {build.stage}: {word} {rest}\n{broken}", file=sys.stderr)
                return 1
            if word in ("RUN", "CMD"):
                took = time.monotonic() - start
                print(f"  {build.stage:<9} {word} {rest[:70]:<72} {took:5.1f} s", flush=True)
    print(f"Every command of the Dockerfile ran, in {time.monotonic() - began:.0f} s.")
    print("Not run here: the base images themselves, USER, and Caddy, which serves the frontend.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
