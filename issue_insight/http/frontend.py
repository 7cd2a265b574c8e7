"""The frontend on the API's own origin: its pages, its files, and what it has to know at the start.

Where no build is there, the application serves its API alone.
"""

from typing import Literal

from flask import Flask, Response, request
from pydantic import Field
from werkzeug.exceptions import NotFound
from werkzeug.routing import PathConverter

from issue_insight.auth.permission import public
from issue_insight.auth.provider import frontend_host
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.openapi import api_of
from issue_insight.http.schema import Model
from issue_insight.http.site import PAGE, Site
from issue_insight.settings import Settings


class PagePath(PathConverter):
    """Any path but those of the API, which answers for its own unknown addresses."""

    regex = r"(?!(?:api|docs)(?:/|$))[^/].*?"


class ClerkConfig(Model):
    """Where the browser finds Clerk."""

    publishable_key: str
    proxy_url: str | None = Field(description="Where Clerk's Frontend API is called instead.")
    js_url: str | None = Field(description="Where clerk-js is loaded from instead.")


class FrontendConfig(Model):
    """What the frontend has to know before anybody has signed in."""

    sign_in: Literal["clerk", "local", "elsewhere"] = Field(
        description="How people sign in; `elsewhere`: tokens come from an issuer without a page."
    )
    clerk: ClerkConfig | None
    time_zone: str = Field(description="Where a day of the instance begins and ends.")


def register(app: Flask, settings: Settings) -> None:
    """Add the frontend to `app`."""
    blueprint = Blueprint(
        "frontend", __name__, url_prefix="", description="What the frontend needs to begin."
    )
    config = _config(settings)

    @blueprint.get("/config.json")
    @blueprint.response(200, FrontendConfig)
    @public
    def get_config() -> FrontendConfig:
        """Tell how people sign in here."""
        return config

    api_of(app).register_blueprint(blueprint)
    site = Site.read(settings.frontend_dir, settings.path_prefix)
    if site is not None:
        site = site.telling("config", config.model_dump_json())
        _mount(app, site, _policy(site, config, settings.public_files))


def _mount(app: Flask, site: Site, policy: str) -> None:
    @public
    def page(path: str = PAGE) -> Response:
        """Send a file of the build, or the page for an address that a person has opened."""
        if path not in site.files:
            # A script or picture that is gone must not become a page.
            if path.startswith("_app/") or not request.accept_mimetypes.accept_html:
                raise NotFound
            path = PAGE
        response = site.send(path, request)
        response.headers["Content-Security-Policy"] = policy
        return response

    app.url_map.converters["page"] = PagePath
    app.add_url_rule("/", "frontend_start", page)
    app.add_url_rule("/<page:path>", "frontend_page", page)


def _config(settings: Settings) -> FrontendConfig:
    clerk = None
    if settings.clerk_publishable_key:
        clerk = ClerkConfig(
            publishable_key=settings.clerk_publishable_key,
            proxy_url=settings.clerk_proxy_url or None,
            js_url=settings.clerk_js_url or None,
        )
    return FrontendConfig(
        sign_in="clerk" if clerk else "local" if settings.local_sign_in else "elsewhere",
        clerk=clerk,
        time_zone=settings.time_zone,
    )


def _policy(site: Site, config: FrontendConfig, files: str) -> str:
    """Return the policy of the pages: this origin, where files are uploaded to directly, and
    Clerk's hosts only where Clerk is set.
    """
    scripts, connect = ["'self'", *site.script_hashes()], ["'self'", files]
    images, frames, workers = ["'self'", "data:", "blob:"], [], ["'self'"]
    if config.clerk is not None:
        hosts = [
            url
            for url in (config.clerk.proxy_url, config.clerk.js_url)
            if url and not url.startswith("/")
        ]
        if config.clerk.proxy_url is None:
            hosts.append(f"https://{frontend_host(config.clerk.publishable_key)}")
        # https://clerk.com/docs/guides/secure/best-practices/csp-headers
        challenges = "https://challenges.cloudflare.com"
        scripts += [*hosts, challenges]
        connect += hosts
        images.append("https://img.clerk.com")
        frames.append(challenges)
        workers.append("blob:")
    directives = {
        "default-src": ["'none'"],
        "script-src": scripts,
        # Positions and sizes are set as styles of elements.
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": images,
        "font-src": ["'self'"],
        "connect-src": connect,
        "worker-src": workers,
        "frame-src": frames or ["'none'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())
