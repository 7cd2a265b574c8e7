"""From the settings to a verifier: who issues the tokens, and where their keys are found."""

import base64
import binascii
import re

from issue_insight.auth import key_filter
from issue_insight.auth.clerk import ALWAYS_REQUIRED, Rules, Verifier
from issue_insight.auth.fetching import get_json, is_safe
from issue_insight.auth.keys import FetchedKeys, KeySource, PinnedKey
from issue_insight.auth.misconfigured import Misconfigured
from issue_insight.settings import Settings

_PUBLISHABLE = re.compile(r"pk_(?:test|live)_([A-Za-z0-9+/_-]+)={0,2}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_CLERK = "https://api.clerk.com"


def issuer_of(settings: Settings) -> str:
    """Return who has to have issued a token. Raises `Misconfigured`."""
    if settings.auth_issuer:
        return settings.auth_issuer
    if settings.clerk_publishable_key:
        return f"https://{frontend_host(settings.clerk_publishable_key)}"
    if settings.clerk_api_url.rstrip("/") != _CLERK:
        return settings.clerk_api_url.rstrip("/")  # a stand-in of the Backend API names itself
    raise Misconfigured(
        "Nobody knows who issues the tokens: set PUBLIC_CLERK_PUBLISHABLE_KEY or AUTH_ISSUER."
    )


def frontend_host(publishable_key: str) -> str:
    """Return the host that a publishable key is the base64 of. Raises `Misconfigured`."""
    match = _PUBLISHABLE.fullmatch(publishable_key.strip())
    try:
        coded = match[1].replace("-", "+").replace("_", "/") if match else ""
        text = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    host = text.removesuffix("$")
    if not text.endswith("$") or not _HOST.fullmatch(host):
        raise Misconfigured("PUBLIC_CLERK_PUBLISHABLE_KEY is no publishable key of Clerk.")
    return host


def verifier_of(settings: Settings) -> Verifier:
    """Return the verifier of the configured identity provider. Raises `Misconfigured`."""
    unknown = set(settings.auth_algorithms) - set(key_filter.ALGORITHMS)
    if unknown or not settings.auth_algorithms:
        raise Misconfigured(f"AUTH_ALGORITHMS may be {' and '.join(key_filter.ALGORITHMS)} only.")
    rules = Rules(
        issuer=issuer_of(settings),
        algorithms=settings.auth_algorithms,
        parties=tuple(party.rstrip("/") for party in settings.authorized_parties),
        require_azp=settings.auth_require_azp,
        leeway=settings.auth_leeway_seconds,
        required=ALWAYS_REQUIRED | set(settings.auth_required_claims),
        audiences=settings.auth_audiences,
        # Other issuers mark access tokens as RFC 9068 says; at Clerk these are another class.
        types=frozenset({"jwt", "at+jwt"} if _is_foreign(settings) else {"jwt"}),
    )
    return Verifier(rules, _keys_of(settings, rules))


def _is_foreign(settings: Settings) -> bool:
    return not (settings.clerk_publishable_key or settings.clerk_secret_key)


def _keys_of(settings: Settings, rules: Rules) -> KeySource:
    if settings.clerk_jwt_key is not None:
        try:
            pem = settings.clerk_jwt_key.get_secret_value()
            return PinnedKey(key_filter.from_pem(pem, rules.algorithms))
        except key_filter.UnfitKey as error:
            raise Misconfigured(f"CLERK_JWT_KEY cannot be used: {error}.") from error
    bearer: str | None = None
    if settings.auth_jwks_url:
        url = settings.auth_jwks_url
    elif settings.clerk_secret_key is not None:
        url = f"{settings.clerk_api_url.rstrip('/')}/v1/jwks"
        bearer = settings.clerk_secret_key.get_secret_value()
    else:
        url = f"{rules.issuer.rstrip('/')}/.well-known/jwks.json"
    refuse_unsafe(settings, url)
    return FetchedKeys(
        lambda: key_filter.from_jwk_set(get_json(url, bearer=bearer), rules.algorithms)
    )


def refuse_unsafe(settings: Settings, url: str) -> None:
    """Raise `Misconfigured` for an address where others could listen or answer."""
    if settings.environment == "production" and not is_safe(url):
        raise Misconfigured(f"{url} must begin with https:// in production.")
