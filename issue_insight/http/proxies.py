"""Behind a proxy: whose word about the client is taken, and below which path we stand.

`X-Forwarded-*` can be written by anybody. They count only where the connection itself comes from
one of `TRUSTED_PROXIES`, and only as far as trusted proxies wrote them: the client is the last
address that is not one of theirs.
"""

from collections.abc import Callable, Iterable, MutableMapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from flask import Flask

from issue_insight.settings import Settings

Environ = MutableMapping[str, Any]
Application = Callable[[Any, Any], Iterable[bytes]]
Networks = tuple[IPv4Network | IPv6Network, ...]


def register(app: Flask, settings: Settings) -> None:
    """Let `app` see requests as the client sent them to the proxy."""
    if settings.trusted_networks:
        app.wsgi_app = _forwarded(app.wsgi_app, settings.trusted_networks)  # type: ignore[assignment, method-assign]
    if settings.path_prefix:
        app.wsgi_app = _below(app.wsgi_app, settings.path_prefix)  # type: ignore[assignment, method-assign]


def _below(application: Application, prefix: str) -> Application:
    """Answer below `prefix`, whether the proxy passes it on or takes it off."""

    def answer(environ: Environ, start: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        environ["SCRIPT_NAME"] = prefix
        return application(environ, start)

    return answer


def _forwarded(application: Application, trusted: Networks) -> Application:
    def answer(environ: Environ, start: Any) -> Iterable[bytes]:
        if _is_in(environ.get("REMOTE_ADDR", ""), trusted):
            _believe(environ, trusted)
        return application(environ, start)

    return answer


def _believe(environ: Environ, trusted: Networks) -> None:
    client = environ["REMOTE_ADDR"]
    for address in reversed(_listed(environ, "HTTP_X_FORWARDED_FOR")):
        if not _is_address(address):
            break  # nothing beyond it can be told
        client = address
        if not _is_in(address, trusted):
            break
    environ["REMOTE_ADDR"] = client
    # Of several, the nearest proxy's word.
    scheme = (_listed(environ, "HTTP_X_FORWARDED_PROTO") or [""])[-1].lower()
    if scheme in ("http", "https"):
        environ["wsgi.url_scheme"] = scheme
    if host := (_listed(environ, "HTTP_X_FORWARDED_HOST") or [""])[-1]:
        environ["HTTP_HOST"] = host


def _listed(environ: Environ, name: str) -> list[str]:
    return [part.strip() for part in environ.get(name, "").split(",") if part.strip()]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(text: str, networks: Networks) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
