"""How often a person, an API token or an address may ask, and how often for what is costly.

Counted by `limits`, the library that Flask-Limiter stands on, directly: a request costs a few
microseconds instead of a hundred (docs/decisions/0009-rate-limits.md). An address counts where
nobody is signed in, and where a sign-in was refused: people behind one address are not each
other's limit. In memory each process counts by itself; in Redis all count as one.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, Literal, TypeVar

import structlog
from flask import Flask, Response, current_app, g, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from issue_insight.circuit import Circuit
from issue_insight.errors import TooMany, Unavailable
from issue_insight.http.operation import amend, operation_of
from issue_insight.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])
Answer = TypeVar("Answer")
Costly = Literal["sign-in", "uploads", "tokens", "exports"]

_UNCOUNTED = ("/healthz", "/readyz", "/metrics")
_PATIENCE = 0.25
"""Seconds that a request waits for Redis at most."""

log = structlog.get_logger("issue_insight.http")


def costly(kind: Costly) -> Callable[[View], View]:
    """Mark a view as one that is asked for less often than others: it has a limit of its own."""

    def mark(view: View) -> View:
        amend(view, rate=kind)
        return view

    return mark


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: `name` is what the headers call it."""

    name: str
    item: RateLimitItem

    @property
    def policy(self) -> str:
        """The limit as a structured field: how many within how many seconds."""
        return f'"{self.name}";q={self.item.amount};w={self.item.get_expiry()}'


class _Sweeper:
    """Forgets what is over, every few seconds, in place of the timer of a `MemoryStorage`.

    That one is a thread, and a new one for almost every request: it costs more than the counting.
    """

    _EVERY = 5.0

    def __init__(self, storage: MemoryStorage) -> None:
        storage.timer.cancel()
        self._sweep: Callable[[], None] = storage._MemoryStorage__expire_events  # type: ignore[attr-defined]
        self._due = time.monotonic() + self._EVERY

    def is_alive(self) -> bool:
        """Tell the storage that it need not start a timer."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._EVERY
            self._sweep()
        return True


def _in_memory() -> MemoryStorage:
    storage = MemoryStorage()
    storage.timer = _Sweeper(storage)  # type: ignore[assignment]
    return storage


class Counters:
    """Counts in the storage that is set; while that does not answer, in this process alone."""

    def __init__(self, uri: str) -> None:
        options: dict[str, Any] = {"wrap_exceptions": True}
        if uri.startswith(("redis", "valkey")):
            options |= {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE}
        self._own = SlidingWindowCounterRateLimiter(_in_memory())
        self._shared = (
            self._own
            if uri == "memory://"
            else SlidingWindowCounterRateLimiter(storage_from_string(uri, **options))
        )
        self._circuit = Circuit("The storage of rate limits does not answer.")

    def hit(self, limit: Limit, who: str) -> bool:
        """Count one request; tell whether it is within the limit."""
        return self._ask(lambda counters: counters.hit(limit.item, limit.name, who))

    def test(self, limit: Limit, who: str) -> bool:
        """Tell whether another request would be within the limit."""
        return self._ask(lambda counters: counters.test(limit.item, limit.name, who))

    def left(self, limit: Limit, who: str) -> tuple[int, int]:
        """Return how many requests are left, and the seconds after which there are more."""
        stats = self._ask(lambda counters: counters.get_window_stats(limit.item, limit.name, who))
        return max(0, stats.remaining), max(1, math.ceil(stats.reset_time - time.time()))

    def _ask(self, question: Callable[[SlidingWindowCounterRateLimiter], Answer]) -> Answer:
        if self._shared is self._own:
            return question(self._own)
        try:
            with self._circuit.call():
                try:
                    return question(self._shared)
                except StorageError as error:
                    log.warning("rate_limit_storage_unavailable", exc_info=error)
                    raise Unavailable("The storage of rate limits does not answer.") from error
        except Unavailable:
            # A limit that cannot be asked must not close the house; this process goes on counting.
            return question(self._own)


class RateLimits:
    """The limits of one application."""

    def __init__(self, settings: Settings) -> None:
        self._counters = Counters(settings.rate_limit_storage)
        rates = {
            "user": settings.rate_limit_user,
            "token": settings.rate_limit_token,
            "address": settings.rate_limit_address,
            "refused": settings.rate_limit_refused,
            "sign-in": settings.rate_limit_sign_in,
            "uploads": settings.rate_limit_uploads,
            "tokens": settings.rate_limit_tokens,
            "exports": settings.rate_limit_exports,
        }
        self._limits = {name: Limit(name, parse(rate)) for name, rate in rates.items() if rate}

    def before_guard(self) -> None:
        """Refuse an address whose sign-ins were refused too often. Raises `TooMany`."""
        refused = self._limits.get("refused")
        if refused is not None and "Authorization" in request.headers and _is_counted():
            address = _address()
            if not self._counters.test(refused, address):
                self._refuse(refused, address)

    def after_guard(self) -> None:
        """Count a request that the guard has let in. Raises `TooMany`."""
        if not _is_counted():
            return
        principal = g.get("principal")
        if principal is None:
            who = {"address": _address()}
        else:
            who = {"user": str(principal.user_id)}
            if principal.token_id is not None:
                who["token"] = str(principal.token_id)
        view = current_app.view_functions.get(request.endpoint or "")
        if view is not None and (kind := operation_of(view).rate):
            who[kind] = next(iter(who.values()))
        for name, key in who.items():
            limit = self._limits.get(name)
            if limit is None:
                continue
            g.rate_limit = (limit, key)  # the narrowest comes last
            if not self._counters.hit(limit, key):
                self._refuse(limit, key)

    def after_request(self, response: Response) -> Response:
        """Count a refused sign-in, and say how much is left."""
        refused = self._limits.get("refused")
        if response.status_code == 401 and refused is not None and _is_counted():
            self._counters.hit(refused, _address())
        if (asked := g.get("rate_limit")) is not None:
            limit, who = asked
            remaining, seconds = self._counters.left(limit, who)
            response.headers["RateLimit-Policy"] = limit.policy
            response.headers["RateLimit"] = f'"{limit.name}";r={remaining};t={seconds}'
        return response

    def _refuse(self, limit: Limit, who: str) -> None:
        g.rate_limit = (limit, who)
        _, seconds = self._counters.left(limit, who)
        log.info("rate_limited", limit=limit.name)
        raise TooMany(
            f"Too many requests: there may be {limit.item.amount} in "
            f"{limit.item.get_expiry()} seconds. Please wait {seconds} seconds.",
            retry_after=seconds,
        )


def _is_counted() -> bool:
    return request.path not in _UNCOUNTED


def _address() -> str:
    """Return who asks: of IPv6 the network of a customer, who has 2**64 addresses."""
    return _network(request.remote_addr or "")


@lru_cache(4096)
def _network(written: str) -> str:
    try:
        address = ip_address(written)
    except ValueError:
        return written
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else address.exploded[:19]
    return written


def register(app: Flask, settings: Settings) -> RateLimits:
    """Let `app` refuse whoever asks too often; the guard is to be put in place right after.

    Then `app.before_request(limits.after_guard)`.
    """
    limits = RateLimits(settings)
    app.before_request(limits.before_guard)
    app.after_request(limits.after_request)
    return limits
