"""The embedded S3 server: starts, keeps, heals, and shows its files to nobody without the keys."""

import io
import json
import os
import signal
import socket
import ssl
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import urllib3
from minio import Minio
from minio.error import S3Error

from issue_insight.embedded import S3, EmbeddedError, running_s3, start_s3, stop_s3
from issue_insight.embedded.processes import alive

BUCKET = "kept-here"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A directory on which nothing runs afterwards."""
    yield tmp_path
    stop_s3(tmp_path)


def _client(s3: S3, secret: str | None = None) -> Minio:
    return Minio(
        urlsplit(s3.endpoint).netloc,
        access_key=s3.access_key,
        secret_key=secret or s3.secret_key,
        secure=False,
    )


def _put(s3: S3, name: str, content: bytes) -> None:
    _client(s3).put_object(BUCKET, name, io.BytesIO(content), len(content))


def _get(s3: S3, name: str) -> bytes:
    return bytes(_client(s3).get_object(BUCKET, name).data)


def test_it_starts_from_nothing_and_keeps_files_and_keys(directory: Path) -> None:
    first = start_s3(directory, bucket=BUCKET)
    _put(first, "a", b"kept")
    first.stop()
    assert not alive(first.process)
    second = start_s3(directory, bucket=BUCKET)
    assert (second.access_key, second.secret_key) == (first.access_key, first.secret_key)
    assert _get(second, "a") == b"kept"


def test_files_outlive_a_change_of_ports(directory: Path) -> None:
    first = start_s3(directory, bucket=BUCKET)
    _put(first, "a", b"kept")
    first.stop()
    (directory / "s3.ports").unlink()
    second = start_s3(directory, bucket=BUCKET)
    _put(second, "b", b"new")
    assert (_get(second, "a"), _get(second, "b")) == (b"kept", b"new")


def test_what_a_killed_run_left_running_is_stopped_and_its_files_kept(directory: Path) -> None:
    left = start_s3(directory, bucket=BUCKET)
    _put(left, "a", b"kept")
    found = running_s3(directory)
    assert found is not None
    assert found.endpoint == left.endpoint
    again = start_s3(directory, bucket=BUCKET)
    assert not alive(left.process)
    assert _get(again, "a") == b"kept"


def test_a_server_killed_outright_comes_back_with_its_files(directory: Path) -> None:
    killed = start_s3(directory, bucket=BUCKET)
    _put(killed, "a", b"kept")
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait()
    assert running_s3(directory) is None
    assert _get(start_s3(directory, bucket=BUCKET), "a") == b"kept"


def test_a_stale_pid_file_that_names_another_process_harms_nobody(directory: Path) -> None:
    (directory / "s3.pid").write_text(f"{os.getpid()}\n")
    start_s3(directory, bucket=BUCKET)
    assert alive(psutil.Process(os.getpid()))


def test_it_listens_on_loopback_only_and_on_ports_that_were_chosen(directory: Path) -> None:
    s3 = start_s3(directory, bucket=BUCKET)
    chosen = set(json.loads((directory / "s3.ports").read_text()).values())
    listening = [c.laddr for c in s3.process.net_connections("inet") if c.status == "LISTEN"]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert {address.port for address in listening} <= chosen


def test_without_the_keys_no_part_of_it_shows_or_takes_a_file(directory: Path) -> None:
    s3 = start_s3(directory, bucket=BUCKET)
    _put(s3, "secret", b"not for you")
    ports = json.loads((directory / "s3.ports").read_text())
    filer = f"http://127.0.0.1:{ports['filer.port']}/buckets/{BUCKET}"
    attempts = [
        urllib.request.Request(f"{s3.endpoint}/{BUCKET}/secret"),
        urllib.request.Request(f"{filer}/secret"),
        urllib.request.Request(f"{filer}/"),
        urllib.request.Request(f"{filer}/new", data=b"x", method="PUT"),
        urllib.request.Request(f"{filer}/secret", method="DELETE"),
    ]
    for attempt in attempts:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(attempt)
        assert refused.value.code in (401, 403), attempt.full_url
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        _client(s3, "wrong-secret").get_object(BUCKET, "secret")
    assert _get(s3, "secret") == b"not for you"


@pytest.mark.parametrize(
    ("origin", "allowed"), [("http://here.example", True), ("http://elsewhere.example", False)]
)
def test_only_the_pages_that_were_named_may_use_it_from_a_browser(
    directory: Path, origin: str, allowed: bool
) -> None:
    s3 = start_s3(directory, bucket=BUCKET, origins=["http://here.example"])
    bucket, page = f"{s3.endpoint}/{BUCKET}/", {"Origin": origin}
    form = {"key": "a", "file": ("a.txt", b"x")}
    asked = page | {"Access-Control-Request-Method": "POST"}
    for answer in (
        urllib3.request("OPTIONS", bucket, headers=asked, retries=False),
        urllib3.request("POST", bucket, headers=page, fields=form, retries=False),
    ):
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)


def test_the_parts_talk_to_nobody_without_their_certificate(directory: Path) -> None:
    start_s3(directory, bucket=BUCKET)
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    stranger.set_alpn_protocols(["h2"])
    ports = json.loads((directory / "s3.ports").read_text())
    for part in ("master", "volume", "filer", "s3"):
        address = ("127.0.0.1", ports[f"{part}.port.grpc"])
        with (
            socket.create_connection(address, timeout=10) as connection,
            stranger.wrap_socket(connection) as encrypted,
            pytest.raises(ssl.SSLError, match="certificate required"),
        ):
            encrypted.recv(1)


def test_the_keys_are_random_and_only_their_owner_can_read_them(
    directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    s3 = start_s3(directory, bucket=BUCKET)
    assert stat.S_IMODE((directory / "s3.json").stat().st_mode) == 0o600
    s3.stop()
    other = tmp_path_factory.mktemp("other")
    try:
        assert start_s3(other, bucket=BUCKET).secret_key != s3.secret_key
    finally:
        stop_s3(other)


def test_the_settings_of_the_caller_do_not_reach_it(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_BUCKET", "from-the-environment")
    monkeypatch.setenv("WEED_JWT_FILER_SIGNING_KEY", "known to others")
    s3 = start_s3(directory, bucket=BUCKET)
    assert [bucket.name for bucket in _client(s3).list_buckets()] == [BUCKET]


def test_damaged_keys_are_said_clearly(directory: Path) -> None:
    (directory / "s3.json").write_text('{"identities": []}')
    with pytest.raises(EmbeddedError, match=r"keys in .*s3\.json are damaged"):
        start_s3(directory, bucket=BUCKET)


def test_no_socket_of_its_parts_stays_behind(directory: Path) -> None:
    s3 = start_s3(directory, bucket=BUCKET)
    ports = json.loads((directory / "s3.ports").read_text()).values()
    s3.stop()
    left = [path.name for path in Path("/tmp").glob("seaweedfs-*.sock")]
    assert not [name for name in left for port in ports if f"-{port}." in name]


def test_it_rests_when_nobody_asks_for_anything(directory: Path) -> None:
    s3 = start_s3(directory, bucket=BUCKET)
    for name in "abcd":
        _put(s3, name, os.urandom(5_000_000))

    def spent(seconds: float) -> float:
        before = s3.process.cpu_times()
        time.sleep(seconds)
        after = s3.process.cpu_times()
        return after.user + after.system - before.user - before.system

    spent(3)  # what files leave to be done
    assert spent(4) < 0.2
