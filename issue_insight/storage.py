"""Files in any S3 server, through the minio SDK, with bounded waiting.

The SDK's defaults (time-outs of 300 s, five retries) would let a dead server hang a request for
minutes. Here a call takes seconds at worst, and a `Circuit` answers for a server that keeps
failing. Every failure of the server is `errors.Unavailable`; what is not there is `NotFound`.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Protocol, Self, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.datatypes import PostPolicy
from minio.error import MinioException, S3Error
from minio.helpers import check_bucket_name

from issue_insight import metrics
from issue_insight.circuit import Circuit
from issue_insight.errors import Conflict, NotFound, Unavailable
from issue_insight.settings import Settings

log = logging.getLogger(__name__)

PART_BYTES = 5 * 1024 * 1024
"""One part of a multipart upload, the smallest S3 takes; what an upload holds in memory at most
is two of them."""

CHUNK_BYTES = 64 * 1024
"""What a download hands over at a time."""

ABSENT = frozenset({"NoSuchKey", "NoSuchObject", "ResourceNotFound"})
NO_ANSWER = "The file store does not answer. Please try again shortly."


class Source(Protocol):
    """Anything that gives bytes; fewer than asked for is fine, none is the end."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing tells of an object; `size` in bytes."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """A form that lets anybody upload one object, until `expires_at`, straight to the S3 server.

    Its `fields` go before the file, which is the last one and named `file`.
    """

    url: str
    fields: dict[str, str]
    expires_at: datetime


class _Filled:
    """Makes every read as long as the SDK asked, in linear time, and remembers whose fault it was.

    An exception of the source (a file too large, a client gone) has to come out as it is, and
    must not be taken for a failure of the server.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.size = 0
        self.fault: Exception | None = None

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        part = bytearray()
        try:
            while len(part) < size and (data := self._source.read(size - len(part))):
                part += data
        except Exception as fault:
            self.fault = fault
            raise
        self.size += len(part)
        return bytes(part)


class Download:
    """The bytes of an object or of a range of it. Iterate once, and close."""

    def __init__(self, response: urllib3.BaseHTTPResponse, circuit: Circuit) -> None:
        self._response = response
        self._circuit = circuit
        self.content_type: str = response.headers.get("content-type", "application/octet-stream")

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in chunks; raise `Unavailable` when the server stops midway."""
        try:
            yield from self._response.stream(CHUNK_BYTES)
        except urllib3.exceptions.HTTPError as error:
            self._circuit.failed()
            raise _failure(error) from error
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection up; also right when nothing was read."""
        self._response.close()


class Storage:
    """One bucket of an S3 server. Safe to share between threads.

    `endpoint` is a URL with scheme, host and port; `public_endpoint` is the same server as people
    reach it, for presigned URLs, when that differs. Time-outs are in seconds, for one connection
    attempt and one wait for bytes. No call is made before the first use. Raises `ValueError` for an
    endpoint or a bucket's name that cannot be.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str = "us-east-1",
        public_endpoint: str = "",
        connect_timeout: float = 3.0,
        read_timeout: float = 5.0,
        circuit: Circuit | None = None,
    ) -> None:
        check_bucket_name(bucket, strict=True)
        self.bucket = bucket
        self.circuit = circuit or Circuit(NO_ANSWER, tell=metrics.S3_CIRCUIT.set)
        self._bucket_is_there = False
        self._http = urllib3.PoolManager(
            maxsize=16,
            timeout=urllib3.Timeout(connect=connect_timeout, read=read_timeout),
            # One retry, for a kept connection that the server has closed; a body that cannot be
            # sent twice is never sent in part, as parts are held in memory.
            retries=urllib3.Retry(
                total=1, redirect=0, backoff_factor=0.1, status_forcelist=(500, 502, 503, 504)
            ),
        )

        def client(url: str) -> Minio:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
                raise ValueError(f"an S3 endpoint is http(s)://host:port, not {url!r}")
            return Minio(
                parts.netloc,
                access_key=access_key or None,
                secret_key=secret_key,
                region=region,
                secure=parts.scheme == "https",
                http_client=self._http,
            )

        self._client = client(endpoint)
        self._public = client(public_endpoint) if public_endpoint else self._client
        self.public_endpoint = (public_endpoint or endpoint).rstrip("/")

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the storage that the `S3_*` settings describe."""
        return cls(
            settings.s3_endpoint,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key.get_secret_value(),
            bucket=settings.s3_bucket,
            region=settings.s3_region,
            public_endpoint=settings.s3_public_endpoint,
        )

    def ensure_bucket(self) -> None:
        """Make the bucket unless it is there."""
        with self._reaching():
            if not self._client.bucket_exists(self.bucket):
                try:
                    self._client.make_bucket(self.bucket)
                except S3Error as error:
                    # Another process was faster.
                    if error.code != "BucketAlreadyOwnedByYou":
                        raise
            self._bucket_is_there = True

    def have_bucket(self) -> None:
        """Make the bucket unless it is known to be there."""
        if not self._bucket_is_there:
            self.ensure_bucket()

    def put_stream(
        self, key: str, source: Source, *, content_type: str = "application/octet-stream"
    ) -> int:
        """Store what `source` gives, of any length, under `key`; return the bytes stored.

        Longer than `PART_BYTES` goes as a multipart upload, part by part. When the source or the
        server fails nothing is stored; the source's exception comes out unchanged. Raises
        `Conflict` when `abort_uploads` has taken this upload for one that was left behind.
        """
        self.have_bucket()
        filled = _Filled(source)
        with self._reaching():
            try:
                self._client.put_object(
                    self.bucket,
                    key,
                    cast(BinaryIO, filled),
                    length=-1,
                    part_size=PART_BYTES,
                    content_type=content_type,
                    num_parallel_uploads=1,
                )
            except Exception:
                # The SDK gives the upload up and may fail at that too, hiding the first cause.
                if filled.fault is not None:
                    raise filled.fault from None
                raise
        return filled.size

    def get(self, key: str, *, start: int = 0, length: int | None = None) -> Download:
        """Open an object, or `length` bytes of it from `start`; raise `NotFound` if absent.

        The server has answered when this returns, so that a failure can still become a 503.
        """
        with self._reaching():
            response = self._client.get_object(
                self.bucket, key, offset=start, length=length if length is not None else 0
            )
        return Download(response, self.circuit)

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under `key`."""
        try:
            with self._reaching():
                self._client.stat_object(self.bucket, key)
        except NotFound:
            return False
        return True

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        with self._reaching():
            self._client.remove_object(self.bucket, key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield every object whose key starts with `prefix`, in the order of keys."""
        found = self._client.list_objects(self.bucket, prefix=prefix, recursive=True)
        while True:
            with self._reaching():
                item = next(found, None)
            if item is None:
                return
            if item.object_name is not None and item.last_modified is not None:
                yield StoredObject(item.object_name, item.size or 0, item.last_modified)

    def presigned_get(
        self,
        key: str,
        *,
        expires: timedelta = timedelta(minutes=5),
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Return a URL that lets anybody download the object until it expires.

        `headers`, such as `content-disposition`, are those the server shall answer with.
        """
        asked = {f"response-{name}": value for name, value in (headers or {}).items()}
        return self._public.presigned_get_object(
            self.bucket, key, expires=expires, response_headers=dict(asked)
        )

    def presigned_post(
        self, key: str, *, size: int, content_type: str, expires: timedelta
    ) -> PresignedPost:
        """Return a form that uploads exactly `size` bytes of that type under `key`.

        The server itself refuses another size, type or key, and everything after the end.
        """
        # The time of day of the S3 server counts, not that of `clock`.
        expires_at = datetime.now(UTC) + expires
        policy = PostPolicy(self.bucket, expires_at)
        policy.add_equals_condition("key", key)
        policy.add_equals_condition("Content-Type", content_type)
        policy.add_content_length_range_condition(size, size)
        signed = self._public.presigned_post_policy(policy)
        return PresignedPost(
            f"{self.public_endpoint}/{self.bucket}",
            {"key": key, "Content-Type": content_type, **signed},
            expires_at,
        )

    def abort_uploads(self, prefix: str, *, before: datetime, dry_run: bool = False) -> int:
        """Give up multipart uploads begun before an instant, unless `dry_run`; return how many.

        A process that was killed leaves the parts of its upload behind, unseen by `list`.
        """
        aborted = 0
        with self._reaching():
            # The SDK has both requests, though not among its public names.
            pending = self._client._list_multipart_uploads(self.bucket, prefix=prefix)
            for upload in pending.uploads:
                if upload.initiated_time is not None and upload.initiated_time < before:
                    if not dry_run:
                        self._client._abort_multipart_upload(
                            self.bucket, upload.object_name, cast(str, upload.upload_id)
                        )
                    aborted += 1
        return aborted

    def ping(self) -> None:
        """Raise `Unavailable` unless the server answers and has the bucket."""
        with self._reaching():
            if not self._client.bucket_exists(self.bucket):
                log.error("S3 has no bucket %s", self.bucket)
                raise Unavailable("The file store has no place for files yet.")

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Hold a call to the server: within the circuit, its failures in the domain's words."""
        with self.circuit.call():
            began = time.perf_counter()
            try:
                yield
            except (MinioException, urllib3.exceptions.HTTPError) as error:
                if isinstance(error, S3Error) and error.code == "NoSuchBucket":
                    self._bucket_is_there = False
                failure = _failure(error)
                if not isinstance(failure, Unavailable):
                    self.circuit.succeeded()
                raise failure from error
            finally:
                metrics.S3_REQUESTS.observe(time.perf_counter() - began)


def _failure(error: Exception) -> Conflict | NotFound | Unavailable:
    """Return what a failure means to the caller; log what it means to the operator."""
    if isinstance(error, S3Error):
        if error.code in ABSENT:
            return NotFound("The stored file is not there.")
        if error.code == "NoSuchUpload":
            return Conflict("The upload took too long. Please try again.")
        log.error("S3 refused a request: %s", error.code)
        metrics.S3_FAILURES.labels("refused").inc()
        return Unavailable("The file store refuses requests. Please tell an administrator.")
    # The text of a urllib3 error holds host and path; of a signed URL it would hold the signature.
    log.warning("S3 does not answer: %s", type(error).__name__)
    metrics.S3_FAILURES.labels("no answer").inc()
    return Unavailable(NO_ANSWER)
