"""Methods of requests, as logs, metrics and traces name them: nobody makes up a name for these."""

from flask import request

_KNOWN = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def method_of_request() -> str:
    """Return the method of the current request; `other` for what HTTP does not know."""
    return request.method if request.method in _KNOWN else "other"
