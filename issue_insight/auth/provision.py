"""From verified claims to the user's row, made at first sight."""

import json
import logging
import urllib.parse
import urllib.request
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.users import User
from issue_insight.settings import Settings

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 3.0
NAME_MAX = 100
EMAIL_MAX = 254


def user_of(session: Session, settings: Settings, claims: dict[str, Any]) -> User:
    """Return the row of whoever the claims are about, making it at first sight.

    One upsert, so that a hundred first requests at once make one row. The e-mail address comes
    from the claim, or once from the Backend API; where neither knows it, the row has none.
    """
    issuer, subject = str(claims["iss"]), str(claims["sub"])
    by_identity = select(User).where(User.issuer == issuer, User.subject == subject)
    user = session.scalar(by_identity)
    if user is not None:
        return user
    email, name = _text(claims.get("email"), EMAIL_MAX), _text(claims.get("name"), NAME_MAX)
    if email is None and settings.clerk_secret_key is not None:
        email, known_as = ask(settings, subject)
        name = name or known_as
    session.execute(
        insert(User)
        .values(
            issuer=issuer,
            subject=subject,
            email=email,
            name=name or (email or subject).partition("@")[0],
            role="reporter",
            last_seen_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["issuer", "subject"])
    )
    session.commit()
    return session.scalars(by_identity).one()


def seen(session: Session, user: User) -> None:
    """Note that the user was here, at most once an hour: not every read is to become a write."""
    now = clock.now()
    if user.last_seen_at is None or (now - user.last_seen_at).total_seconds() > 3600:
        session.execute(update(User).where(User.id == user.id).values(last_seen_at=now))
        session.commit()


def ask(settings: Settings, subject: str) -> tuple[str | None, str | None]:
    """Return address and name of a Clerk user from the Backend API.

    (None, None) where it does not answer: signing in must not depend on it.
    """
    if settings.clerk_secret_key is None:
        return None, None
    address = (
        f"{settings.clerk_api_url.rstrip('/')}/v1/users/{urllib.parse.quote(subject, safe='')}"
    )
    request = urllib.request.Request(  # noqa: S310 (the operator's own setting)
        address,
        headers={
            "Authorization": f"Bearer {settings.clerk_secret_key.get_secret_value()}",
            "User-Agent": "issue-insight",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            person = json.loads(response.read(256 * 1024))
        return primary_email(person), full_name(person)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        log.warning("the Backend API told nothing of a user: %s", type(error).__name__)
        return None, None


def primary_email(person: dict[str, Any]) -> str | None:
    """Return the primary address of a Clerk user object, else its first."""
    addresses = person.get("email_addresses") or []
    chosen = [a for a in addresses if a.get("id") == person.get("primary_email_address_id")]
    for address in chosen or addresses:
        return _text(address.get("email_address"), EMAIL_MAX)
    return None


def full_name(person: dict[str, Any]) -> str | None:
    """Return the name of a Clerk user object, else its user name."""
    parts = [person.get("first_name"), person.get("last_name")]
    return _text(" ".join(p for p in parts if p) or person.get("username"), NAME_MAX)


def count_admins(session: Session) -> int:
    """Return how many admins there are."""
    return session.execute(
        select(func.count(User.id)).where(User.role == "admin", User.removed_at.is_(None))
    ).scalar_one()


def _text(value: object, most: int) -> str | None:
    if not isinstance(value, str):
        return None
    shown = "".join(c for c in value if c.isprintable()).strip()
    return shown[:most] or None
