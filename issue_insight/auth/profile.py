"""Names and addresses as Clerk's Backend API and webhooks write them.

https://clerk.com/docs/reference/backend-api (User)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from issue_insight.auth.clerk import clean
from issue_insight.auth.fetching import UnexpectedStatus, get_json
from issue_insight.auth.provider import refuse_unsafe
from issue_insight.circuit import Circuit
from issue_insight.settings import Settings


@dataclass(frozen=True, slots=True)
class Profile:
    """What the provider knows of a person, as of `at`."""

    email: str | None
    name: str | None
    at: datetime | None


def read_profile(user: Any) -> Profile:
    """Read Clerk's user object; what is missing or odd in it is None."""
    if not isinstance(user, Mapping):
        return Profile(None, None, None)
    names = [user.get("first_name"), user.get("last_name")]
    joined = " ".join(part for part in names if isinstance(part, str))
    return Profile(_email(user), clean(joined) or clean(user.get("username")), _changed(user))


def _email(user: Mapping[str, Any]) -> str | None:
    """Return the primary address, unless it is known not to be proved."""
    addresses = user.get("email_addresses")
    for address in addresses if isinstance(addresses, list) else []:
        if isinstance(address, Mapping) and address.get("id") == user.get(
            "primary_email_address_id"
        ):
            proof = address.get("verification")
            if isinstance(proof, Mapping) and proof.get("status") != "verified":
                return None
            return clean(address.get("email_address"))
    return None


def _changed(user: Mapping[str, Any]) -> datetime | None:
    """Return `updated_at`, which is in milliseconds since 1970."""
    value = user.get("updated_at")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**14:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


class Profiles:
    """Asks the Backend API for a person. While it is down, nobody waits for it."""

    def __init__(self, settings: Settings) -> None:
        """Take address and secret key from the settings. Raises `Misconfigured`."""
        self._base = f"{settings.clerk_api_url.rstrip('/')}/v1/users"
        self._secret = settings.clerk_secret_key
        if self._secret is not None:
            refuse_unsafe(settings, self._base)
        self._circuit = Circuit("The identity provider does not answer.")

    def fetch(self, subject: str) -> Profile | None:
        """Return the profile of a subject; None where there is no secret key to ask with.

        Raises `Unavailable`.
        """
        if self._secret is None:
            return None
        url = f"{self._base}/{quote(subject, safe='')}"
        user: Any = None
        with self._circuit.call():
            try:
                user = get_json(url, bearer=self._secret.get_secret_value())
            except UnexpectedStatus as error:
                if error.status != 404:  # nobody of that subject is there: it does answer
                    raise
        return read_profile(user)
