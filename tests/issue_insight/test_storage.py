"""Files on a real S3 server, and on servers that are not well."""

import io
import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import urllib3

from issue_insight.circuit import Circuit
from issue_insight.errors import NotFound, Unavailable
from issue_insight.probing import probe, probe_presigned
from issue_insight.settings import Settings
from issue_insight.storage import CHUNK_BYTES, PART_BYTES, PresignedPost, Storage
from issue_insight.testing import servers
from tests.issue_insight.ill_servers import ill_server, mute_server


@pytest.fixture(scope="module")
def storage(worker_name: str) -> Storage:
    s3 = servers.s3()
    made = Storage(
        s3.endpoint,
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        bucket=f"storage-{worker_name}",
    )
    made.ensure_bucket()
    return made


@pytest.fixture
def key() -> str:
    return f"test/{uuid4()}"


class Trickle:
    """Gives little at a time, and fails after `until` bytes if told so."""

    def __init__(self, data: bytes, *, until: int | None = None, error: BaseException) -> None:
        self._data = io.BytesIO(data)
        self._until = until
        self._error = error

    def read(self, size: int) -> bytes:
        if self._until is not None and self._data.tell() >= self._until:
            raise self._error
        return self._data.read(min(size, 100_003))


BROKEN = ConnectionResetError("the client is gone")
PARTS = os.urandom(2 * PART_BYTES + 12_345)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, PART_BYTES, PART_BYTES + 1, len(PARTS)])
def test_what_is_stored_comes_back_whatever_its_length(
    storage: Storage, key: str, size: int
) -> None:
    assert storage.put_stream(key, Trickle(PARTS[:size], error=BROKEN)) == size
    assert b"".join(storage.get(key)) == PARTS[:size]


def test_a_range_gives_those_bytes_only(storage: Storage, key: str) -> None:
    storage.put_stream(key, io.BytesIO(PARTS))
    at = PART_BYTES - 10
    assert b"".join(storage.get(key, start=at, length=20)) == PARTS[at : at + 20]
    assert b"".join(storage.get(key, start=len(PARTS) - 3)) == PARTS[-3:]


def test_a_download_that_is_given_up_leaves_the_storage_in_order(
    storage: Storage, key: str
) -> None:
    storage.put_stream(key, io.BytesIO(PARTS))
    for _ in range(20):
        never_begun = storage.get(key)
        never_begun.close()
        begun = storage.get(key)
        next(iter(begun))
        begun.close()
    assert b"".join(storage.get(key, length=5)) == PARTS[:5]


def test_what_is_not_there_is_not_found(storage: Storage, key: str) -> None:
    with pytest.raises(NotFound):
        storage.get(key)
    assert not storage.exists(key)


def test_deleting_twice_is_fine(storage: Storage, key: str) -> None:
    storage.put_stream(key, io.BytesIO(b"x"))
    assert storage.exists(key)
    storage.delete(key)
    storage.delete(key)
    assert not storage.exists(key)


def test_a_listing_tells_keys_sizes_and_when(storage: Storage) -> None:
    prefix = f"list-{uuid4()}/"
    before = datetime.now(UTC) - timedelta(minutes=1)
    for number in range(3):
        storage.put_stream(f"{prefix}{number}/x", io.BytesIO(b"x" * number))
    found = list(storage.list(prefix))
    assert [(o.key, o.size) for o in found] == [(f"{prefix}{n}/x", n) for n in range(3)]
    assert all(o.modified > before for o in found)


def test_a_presigned_url_lets_anybody_download_until_it_expires(storage: Storage, key: str) -> None:
    storage.put_stream(key, io.BytesIO(b"for you"))
    url = storage.presigned_get(key)
    assert urllib3.request("GET", url).data == b"for you"
    assert urllib3.request("GET", url.partition("?")[0]).status == 403
    assert (
        urllib3.request("GET", url.replace("X-Amz-Expires=300", "X-Amz-Expires=3000")).status == 403
    )


def test_presigned_urls_carry_the_public_endpoint() -> None:
    public = Storage(
        "http://inner:9000",
        access_key="key",
        secret_key="secret",
        bucket="bucket",
        public_endpoint="https://files.example.org",
    )
    assert public.presigned_get("a/b").startswith("https://files.example.org/bucket/a/b?")

    form = public.presigned_post(
        "a/b", size=1, content_type="image/png", expires=timedelta(minutes=1)
    )
    assert form.url == "https://files.example.org/bucket"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_slash_after_an_endpoint_changes_no_presigned_url(slash: str) -> None:
    settings = Settings(
        _env_file=None,
        s3_endpoint=f"http://s3:9000{slash}",
        s3_public_endpoint=f"https://files.example.org{slash}",
        s3_access_key="key",
        s3_secret_key="secret",
        s3_bucket="bucket",
    )
    storage = Storage.from_settings(settings)
    assert settings.public_files == storage.public_endpoint == "https://files.example.org"
    assert settings.s3_endpoint == "http://s3:9000"
    assert storage.presigned_get("a/b").startswith("https://files.example.org/bucket/a/b?")
    form = storage.presigned_post(
        "a/b", size=3, content_type="text/plain", expires=timedelta(minutes=1)
    )
    assert form.url == "https://files.example.org/bucket"


def test_a_presigned_download_answers_with_the_headers_that_were_asked_for(
    storage: Storage, key: str
) -> None:
    storage.put_stream(key, io.BytesIO(b"<script>"))
    headers = {
        "content-disposition": "attachment; filename=\"a.html\"; filename*=UTF-8''%C3%A4.html",
        "content-type": "application/octet-stream",
    }
    answer = urllib3.request("GET", storage.presigned_get(key, headers=headers))
    assert answer.data == b"<script>"
    assert {name: answer.headers[name] for name in headers} == headers


def posted(form: PresignedPost, data: bytes, **changes: str) -> int:
    """Upload by a presigned form, with fields changed; return the status."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    fields = {**form.fields, **named, "file": ("a", data, "image/png")}
    answer = urllib3.request("POST", form.url, fields=fields, redirect=False)
    return answer.status


@pytest.fixture
def form(storage: Storage, key: str) -> PresignedPost:
    return storage.presigned_post(
        key, size=5, content_type="image/png", expires=timedelta(minutes=1)
    )


def test_a_presigned_form_lets_anybody_upload_what_it_says(
    storage: Storage, form: PresignedPost, key: str
) -> None:
    assert posted(form, b"12345") == 204
    assert b"".join(storage.get(key)) == b"12345"


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        (b"123456", {}),
        (b"1234", {}),
        (b"", {}),
        (b"12345", {"Content_Type": "text/html"}),
        (b"12345", {"key": "attachments/of-another"}),
        (b"12345", {"x_amz_signature": "0" * 64}),
        (b"12345", {"x_amz_meta_mine": "1"}),
    ],
    ids=["larger", "smaller", "empty", "type", "key", "signature", "field"],
)
def test_the_server_refuses_what_a_presigned_form_does_not_say(
    storage: Storage, form: PresignedPost, key: str, data: bytes, changes: dict[str, str]
) -> None:
    assert posted(form, data, **changes) in (400, 403)
    assert not storage.exists(key)


def test_a_presigned_form_that_is_over_uploads_nothing(storage: Storage, key: str) -> None:
    over = storage.presigned_post(
        key, size=5, content_type="image/png", expires=timedelta(seconds=-1)
    )
    assert posted(over, b"12345") == 403
    assert not storage.exists(key)


def test_the_bucket_is_made_with_the_first_upload() -> None:
    s3 = servers.s3()
    fresh = Storage(
        s3.endpoint, access_key=s3.access_key, secret_key=s3.secret_key, bucket=f"new-{uuid4()}"
    )
    with pytest.raises(Unavailable):
        fresh.ping()
    fresh.put_stream("a", io.BytesIO(b"1"))
    fresh.ping()
    assert fresh.exists("a")


def test_a_source_that_fails_midway_leaves_nothing_and_its_own_exception(
    storage: Storage, key: str
) -> None:
    for until in (1, PART_BYTES + 1):
        with pytest.raises(ConnectionResetError, match="the client is gone"):
            storage.put_stream(key, Trickle(PARTS, until=until, error=BROKEN))
    assert not storage.exists(key)
    assert not storage.circuit.is_open
    assert storage.abort_uploads(key, before=datetime.now(UTC) + timedelta(hours=1)) == 0


def test_the_source_s_exception_comes_out_even_if_giving_up_fails_too(
    storage: Storage, key: str
) -> None:
    class Torn(Trickle):
        def read(self, size: int) -> bytes:
            try:
                return super().read(size)
            except ConnectionResetError:
                storage.abort_uploads(key, before=datetime.now(UTC) + timedelta(hours=1))
                raise

    with pytest.raises(ConnectionResetError):
        storage.put_stream(key, Torn(PARTS, until=PART_BYTES + 1, error=BROKEN))


def test_parts_of_an_upload_that_was_killed_can_be_cleared(storage: Storage, key: str) -> None:
    with pytest.raises(SystemExit):
        storage.put_stream(key, Trickle(PARTS, until=PART_BYTES + 1, error=SystemExit()))
    assert storage.abort_uploads(key, before=datetime.now(UTC) - timedelta(hours=1)) == 0
    assert storage.abort_uploads(key, before=datetime.now(UTC) + timedelta(hours=1)) == 1
    assert storage.abort_uploads(key, before=datetime.now(UTC) + timedelta(hours=1)) == 0


def test_the_probe_leaves_nothing_behind(storage: Storage) -> None:
    probe(storage)
    probe_presigned(storage)
    assert list(storage.list("probe/")) == []


@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_keys_are_unavailable_and_not_repeated_to_the_caller(
    storage: Storage, wrong: str, key: str
) -> None:
    s3 = servers.s3()
    keys = {"access_key": s3.access_key, "secret_key": s3.secret_key} | {wrong: "no-such-thing"}
    stranger = Storage(s3.endpoint, bucket=storage.bucket, **keys)
    with pytest.raises(Unavailable) as refusal:
        stranger.put_stream(key, io.BytesIO(b"x"))
    assert "no-such-thing" not in refusal.value.message
    with pytest.raises(Unavailable):
        probe(stranger)
    assert not storage.exists(key)


def test_settings_describe_a_storage(settings: Settings) -> None:
    probe(Storage.from_settings(settings))


@pytest.mark.parametrize("endpoint", ["", "127.0.0.1:9000", "ftp://x", "http://x/path"])
def test_an_endpoint_that_is_none_is_refused_at_once(endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        Storage(endpoint, access_key="k", secret_key="s", bucket="bucket")


def test_a_bucket_s3_would_not_take_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="ucket"):
        Storage("http://x", access_key="k", secret_key="s", bucket="No Bucket")


def ill(endpoint: str, *, rest: float = 60) -> Storage:
    return Storage(
        endpoint,
        access_key="key",
        secret_key="secret",
        bucket="bucket",
        connect_timeout=0.2,
        read_timeout=0.2,
        circuit=Circuit("Later, please.", failures=2, rest=rest),
    )


@pytest.fixture(params=["dead", "mute"])
def ill_endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    with ill_server(request.param) as endpoint:
        yield endpoint


def test_every_call_to_a_server_that_is_away_or_mute_ends_in_unavailable(ill_endpoint: str) -> None:
    calls = [
        lambda s: s.ensure_bucket(),
        lambda s: s.ping(),
        probe,
        lambda s: s.put_stream("a", io.BytesIO(b"x")),
        lambda s: s.get("a"),
        lambda s: s.exists("a"),
        lambda s: s.delete("a"),
        lambda s: list(s.list("")),
        lambda s: s.abort_uploads("", before=datetime.now(UTC)),
    ]
    for call in calls:
        with pytest.raises(Unavailable):
            call(ill(ill_endpoint))


def test_an_open_circuit_does_not_even_connect() -> None:
    with mute_server() as (endpoint, connections):
        storage = ill(endpoint)
        for _ in range(2):
            with pytest.raises(Unavailable, match="does not answer"):
                storage.exists("a")
        made = len(connections)
        for _ in range(5):
            with pytest.raises(Unavailable, match="Later") as refusal:
                storage.exists("a")
            assert 0 < refusal.value.retry_after <= 60
        assert len(connections) == made > 0


def test_it_works_again_once_the_server_is_back(storage: Storage, key: str) -> None:
    s3 = servers.s3()
    away = Storage(
        s3.endpoint,
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        bucket=storage.bucket,
        circuit=Circuit("Later, please.", failures=1, rest=0),
    )
    away.circuit.failed()
    assert not away.exists(key)
    away.put_stream(key, io.BytesIO(b"x"))
    assert b"".join(away.get(key)) == b"x"


def test_a_download_cut_off_by_the_server_is_unavailable() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer_half() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

    thread = threading.Thread(target=answer_half)
    thread.start()
    with listener:
        download = ill(f"http://127.0.0.1:{listener.getsockname()[1]}").get("a")
        with pytest.raises(Unavailable):
            b"".join(download)
        thread.join()
