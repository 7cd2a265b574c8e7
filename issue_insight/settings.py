"""Every setting of an instance, typed and frozen, from the environment and `.env`."""

import re
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from limits import parse
from pydantic import AfterValidator, AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

_ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"no time zone is named {name!r}") from error
    return name


def _driven(url: str) -> str:
    """Name the driver, which a URL as everybody writes it leaves open."""
    scheme, _, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        url = f"postgresql+psycopg2://{rest}"
    try:
        known = make_url(url).drivername == "postgresql+psycopg2"
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise ValueError("write it as postgresql://user:password@host/name")
    return url


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no origin as browsers write it, wildcards above all."""
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin: write https://host or https://host:port")
    return origins


def _rate(rate: str) -> str:
    """Refuse what is no rate; an empty one, `off`, is none."""
    if rate.strip().lower() in ("", "0", "off"):
        return ""
    try:
        parse(rate)
    except ValueError as error:
        raise ValueError("write it as 600/minute, or off") from error
    return rate


Rate = Annotated[str, AfterValidator(_rate)]


def _words(value: object) -> object:
    """Split `a, b` as it comes from the environment."""
    if isinstance(value, str):
        return tuple(word for word in value.replace(",", " ").split() if word)
    return value


Words = Annotated[tuple[str, ...], NoDecode]

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _known_days(days: tuple[str, ...]) -> tuple[str, ...]:
    """Let through days of the week (`sat`) and dates."""
    known: list[str] = []
    for day in days:
        if day.lower() in _WEEKDAYS:
            known.append(day.lower())
            continue
        try:
            # A date can be written in several ways, `20261225` among them.
            known.append(date.fromisoformat(day).isoformat())
        except ValueError as error:
            raise ValueError(f"{day!r} is neither one of mon to sun nor a date") from error
    if set(known) >= set(_WEEKDAYS):
        raise ValueError("not every day of the week can be off")
    return tuple(known)


def _without_slash(url: str) -> str:
    """Take the slash away that a browser shows: an origin has none."""
    return url.rstrip("/")


Origin = Annotated[str, AfterValidator(_without_slash)]


def _prefix(path: str) -> str:
    path = path.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", path):
        raise ValueError("write it as /tracker")
    return path


def _networks(written: tuple[str, ...]) -> tuple[str, ...]:
    for network in written:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(f"no address or network is written {network!r}") from error
    return written


class Settings(BaseSettings):
    """Read once, at the start; the names in capitals are the environment's."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # passwords are among them
    )

    environment: Literal["development", "production"] = "production"
    """`development` is what `make run` sets; only there can the local sign-in be switched on."""
    cors_origins: Annotated[Words, AfterValidator(_origins)] = ()
    """Origins whose pages may call the API from a browser; empty: only our own."""
    rate_limit_storage: str = "memory://"
    """Where requests are counted: in each process, or for all of them in a `redis://` server."""
    rate_limit_user: Rate = "120000/minute"
    rate_limit_token: Rate = "120000/minute"  # noqa: S105 (no password)
    rate_limit_address: Rate = "60000/minute"
    """Of requests that need no sign-in."""
    rate_limit_refused: Rate = "6000/minute"
    """Of refused sign-ins, by address."""
    rate_limit_sign_in: Rate = "600/minute"
    rate_limit_uploads: Rate = "1200/minute"
    rate_limit_tokens: Rate = "120/hour"
    rate_limit_exports: Rate = "240/minute"
    database_url: Annotated[str, AfterValidator(_driven)] = "postgresql+psycopg2:///issue_insight"
    database_pool_size: int = Field(default=5, ge=1, le=200)
    data_dir: Path = Path(".data")
    """Where the embedded servers and the local sign-in's key live."""
    frontend_dir: Path = Path(__file__).resolve().parents[1] / "frontend" / "build"
    """The built frontend; where there is none, only the API is served."""
    host: str = "127.0.0.1"
    port: int = Field(default=8181, ge=1, le=65535)
    public_url: Origin = ""
    """The address people use (scheme and host), for links; empty: the request's own."""
    path_prefix: Annotated[str, AfterValidator(_prefix)] = ""
    """Below which path of that address all of it stands, as in `/tracker`."""
    trusted_proxies: Annotated[Words, AfterValidator(_networks)] = ()
    """Addresses and networks of the proxies whose `X-Forwarded-*` are believed."""
    secret_key: SecretStr | None = None
    """Seals paging cursors; without one, `CLERK_SECRET_KEY` does. Without either, cursors do not
    outlive the process that made them."""
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """Where a day of the instance begins and ends, for `daily_stats` and `as_of` dates."""
    days_off: Annotated[Words, AfterValidator(_known_days)] = ("sat", "sun")
    """Days of the week, and dates, that durations by the business calendar leave out."""
    plugins: Words = ()
    """Names of the plugins to load; empty: every plugin that is found."""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """Who may read `/metrics` from elsewhere; without one, only this machine may."""
    otel_exporter_otlp_endpoint: str = ""
    """Where traces are sent (OTLP over HTTP); takes the extra `otel`."""
    otel_service_name: str = "issue-insight"
    sentry_dsn: SecretStr | None = None
    """Where unexpected errors are reported; takes the extra `sentry`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    scheduler_enabled: bool = False
    """Whether this process runs the scheduled jobs."""
    live_streams: int = Field(default=2000, ge=1)
    """How many event streams a process keeps open, and how many of them for one person."""
    live_streams_per_user: int = Field(default=10, ge=1)
    live_heartbeat_seconds: float = Field(default=15, gt=0, le=300)
    stats_every_minutes: int = Field(default=30, ge=1, le=1440)

    s3_endpoint: Origin = "http://127.0.0.1:9000"
    """Where this application reaches the S3 server."""
    s3_public_endpoint: Origin = ""
    """Where browsers reach the same server, for presigned URLs; empty: where we do."""
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    s3_bucket: str = "issue-insight"
    s3_region: str = "us-east-1"
    attachment_max_bytes: int = Field(default=25 * 1024 * 1024, ge=1)
    body_max_bytes: int = Field(default=1024 * 1024, ge=1024)
    """The bound on any other request body."""
    bodies_at_once: int = Field(default=48, ge=1)
    """How many requests with a body are let in at once; below the threads of the server (64)."""

    clerk_publishable_key: str = Field(
        default="",
        validation_alias=AliasChoices(
            "clerk_publishable_key", "PUBLIC_CLERK_PUBLISHABLE_KEY", "CLERK_PUBLISHABLE_KEY"
        ),
    )
    clerk_proxy_url: str = Field(
        default="", validation_alias=AliasChoices("clerk_proxy_url", "PUBLIC_CLERK_PROXY_URL")
    )
    """Where the browser calls Clerk's Frontend API instead of Clerk's own host."""
    clerk_js_url: str = Field(
        default="", validation_alias=AliasChoices("clerk_js_url", "PUBLIC_CLERK_JS_URL")
    )
    """Where the browser loads clerk-js from instead of Clerk's own host."""
    clerk_secret_key: SecretStr | None = None
    clerk_jwt_key: SecretStr | None = None
    """A public key in PEM: verifies with no network at all."""
    clerk_api_url: str = "https://api.clerk.com"
    clerk_webhook_signing_secret: SecretStr | None = None
    auth_issuer: str = ""
    """Overrides the issuer that follows from the publishable key; any OIDC issuer will do."""
    auth_jwks_url: str = ""
    auth_algorithms: Words = ("RS256",)
    authorized_parties: Words = ()
    """Origins whose tokens (`azp`) are taken."""
    auth_require_azp: bool = True
    auth_audiences: Words = ()
    """Whom a token may be meant for (`aud`); empty: only tokens that name nobody are taken."""
    auth_required_claims: Words = ("exp", "nbf", "iat", "iss", "sub", "sid")
    """Issuers other than Clerk may leave out `nbf` and `sid`; the others are always required."""
    auth_leeway_seconds: int = Field(default=5, ge=0, le=60)
    local_sign_in: bool = False
    api_token_max_days: int = Field(default=366, ge=1, le=3660)
    """How long an API token may be good for at most."""

    _split = field_validator(
        "plugins",
        "trusted_proxies",
        "cors_origins",
        "days_off",
        "authorized_parties",
        "auth_algorithms",
        "auth_audiences",
        "auth_required_claims",
        mode="before",
    )(_words)

    @property
    def zone(self) -> ZoneInfo:
        """The instance's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `trusted_proxies`."""
        return tuple(ip_network(written) for written in self.trusted_proxies)

    @property
    def public_files(self) -> str:
        """The S3 endpoint that presigned URLs carry."""
        return self.s3_public_endpoint or self.s3_endpoint

    @property
    def identity_provider_configured(self) -> bool:
        """Whether anything of Clerk (or another issuer) is set."""
        return bool(
            self.clerk_publishable_key
            or self.clerk_secret_key
            or self.clerk_jwt_key
            or self.auth_issuer
            or self.auth_jwks_url
        )
