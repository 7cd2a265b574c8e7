"""Asking the identity provider: one GET of JSON, with bounds on time and size."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

import urllib3

from issue_insight.errors import Unavailable

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
WHOLE_SECONDS = 4.0
LARGEST_BYTES = 512 * 1024

_pool = urllib3.PoolManager(
    num_pools=4,
    timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
    retries=False,
)


class UnexpectedStatus(Unavailable):
    """The identity provider answers with another status than 200."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The identity provider answers with status {status}.")
        self.status = status


def get_json(url: str, *, bearer: str | None = None) -> Any:
    """Return the JSON at `url`. Raises `Unavailable` for anything else, and when it takes long.

    Redirects are not followed: the secret would go along.
    """
    headers = {"Accept": "application/json", "User-Agent": "issue-insight"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    deadline = time.monotonic() + WHOLE_SECONDS
    try:
        response = _pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
        try:
            if response.status != 200:
                raise UnexpectedStatus(response.status)
            return json.loads(_read(response, deadline))
        finally:
            response.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable("The identity provider does not answer.") from error
    except (ValueError, RecursionError) as error:
        raise Unavailable("The identity provider does not answer with JSON.") from error


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    body = b""
    # Piece by piece, as they come: a server that sends a byte a second meets the deadline too.
    while piece := response.read1(64 * 1024):
        body += piece
        if len(body) > LARGEST_BYTES or time.monotonic() > deadline:
            raise Unavailable("The identity provider answers too much or too slowly.")
    return body


def is_safe(url: str) -> bool:
    """Tell whether nobody between here and there can answer in the other's stead."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )
