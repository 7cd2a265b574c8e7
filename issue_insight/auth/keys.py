"""Where the keys come from that tokens are checked with: one pinned key, or a key set by URL.

A key set that is fetched is kept and served on while a newer one is being fetched behind the
requests' backs, however long that fails: an identity provider that is down locks nobody out. Only
a process that has never had keys must say so (`Unavailable`).
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from issue_insight.auth.key_filter import PublicKey, UnfitKey
from issue_insight.errors import Unavailable

log = structlog.get_logger("issue_insight.auth.keys")

FRESH_SECONDS = 600.0
"""A key set older than this is fetched anew, while it goes on being used."""
RETRY_SECONDS = 5.0
"""Between two attempts, when the last has failed."""
UNKNOWN_SECONDS = 30.0
"""Between two fetches made because of a key id nobody knows: forged ones cost nothing more."""
PATIENCE_SECONDS = 4.0
"""How long a request waits for a fetch, counted from the beginning of the fetch."""
WAITING = 8
"""How many requests at once wait for a key that nobody knows yet; more are refused right away, or
forged ones could hold every thread while the provider is slow."""


class KeySource(Protocol):
    """Finds the key of a token."""

    def find(self, kid: str | None) -> PublicKey | None:
        """Return the key of that id, None for one that is not known.

        Raises `Unavailable` where no keys are to be had at all.
        """
        ...


class PinnedKey:
    """One key, given in the settings: no network, and the token's key id does not matter."""

    def __init__(self, key: PublicKey) -> None:
        self._key = key

    def find(self, kid: str | None) -> PublicKey | None:  # noqa: ARG002
        """Return the key."""
        return self._key


class FetchedKeys:
    """A key set kept up to date. Safe to share between threads.

    `fetch` returns the keys by id and raises `Unavailable` or `UnfitKey`; it runs in a thread of
    its own, one at a time, so that nothing it does (a resolver that hangs) can hold a request for
    longer than `patience` seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], Mapping[str, PublicKey]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._patience = patience
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(WAITING)
        self._keys: Mapping[str, PublicKey] | None = None
        self._fetched_at = 0.0
        self._failed_at: float | None = None
        self._asked_for_unknown_at: float | None = None
        self._under_way: tuple[threading.Event, float] | None = None

    def find(self, kid: str | None) -> PublicKey | None:
        """Return the key of that id; see `KeySource`."""
        if self._keys is None:
            return self._find_first(kid)
        key = self._known(kid)
        if key is None:
            return self._find_new(kid)
        if self._monotonic() - self._fetched_at > FRESH_SECONDS:
            self._begin()
        return key

    def _known(self, kid: str | None) -> PublicKey | None:
        return None if kid is None or self._keys is None else self._keys.get(kid)

    def _find_first(self, kid: str | None) -> PublicKey | None:
        self._wait(self._begin())
        if self._keys is None:
            raise Unavailable(
                "The keys to check sign-ins with are not to be had right now.",
                retry_after=int(RETRY_SECONDS),
            )
        if (key := self._known(kid)) is None:
            # This very fetch has shown that nobody knows the id.
            with self._lock:
                if self._asked_for_unknown_at is None:
                    self._asked_for_unknown_at = self._fetched_at
        return key

    def _find_new(self, kid: str | None) -> PublicKey | None:
        """Look once more for a key that may have been added; seldom, whatever is asked for."""
        if kid is None:
            return None
        with self._lock:
            last = self._asked_for_unknown_at
            due = last is None or self._monotonic() - last > UNKNOWN_SECONDS
            if due:
                self._asked_for_unknown_at = self._monotonic()
        under_way = self._begin() if due else self._under_way
        if self._places.acquire(blocking=False):
            try:
                self._wait(under_way)
            finally:
                self._places.release()
        return self._known(kid)

    def _begin(self) -> tuple[threading.Event, float] | None:
        """Start a fetch unless one is under way, or failed a moment ago; return the one that is."""
        with self._lock:
            if self._under_way is not None:
                return self._under_way
            now = self._monotonic()
            if self._failed_at is not None and now - self._failed_at < RETRY_SECONDS:
                return None
            self._under_way = (threading.Event(), now)
            begun = self._under_way
        try:
            threading.Thread(target=self._run, args=(begun[0],), name="keys", daemon=True).start()
        except RuntimeError:  # the process is out of threads; it may have some later
            log.warning("keys_not_fetched", error="no thread", had=self._keys is not None)
            self._end(begun[0], None)
            return None
        return begun

    def _run(self, done: threading.Event) -> None:
        keys: Mapping[str, PublicKey] | None = None
        try:
            keys = self._fetch()
        except (Unavailable, UnfitKey) as error:
            log.warning("keys_not_fetched", error=type(error).__name__, had=self._keys is not None)
        finally:
            self._end(done, keys)

    def _end(self, done: threading.Event, keys: Mapping[str, PublicKey] | None) -> None:
        with self._lock:
            if keys is None:
                self._failed_at = self._monotonic()
            else:
                self._keys, self._fetched_at, self._failed_at = keys, self._monotonic(), None
            self._under_way = None
        done.set()

    def _wait(self, under_way: tuple[threading.Event, float] | None) -> None:
        if under_way is not None:
            done, began = under_way
            done.wait(max(0.0, began + self._patience - self._monotonic()))
