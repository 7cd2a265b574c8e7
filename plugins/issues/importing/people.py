"""The people of another tracker: placeholder users, or the real ones a mapping file names."""

from collections.abc import Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from plugins.issues.importing.records import Unreadable

PLACEHOLDER = "import:"
"""What issuers of placeholder identities begin with; no identity provider's does."""


class People:
    """Finds, and where asked makes, the users that logins of one source stand for."""

    def __init__(self, issuer: str, addresses: Mapping[str, str]) -> None:
        self._issuer = issuer
        self._addresses = {login.casefold(): mail.lower() for login, mail in addresses.items()}
        self._ids: dict[str, int] = {}

    def find(self, session: Session, logins: Iterable[str]) -> set[str]:
        """Look the logins up and return those nobody stands for yet.

        Raises `Unreadable` if the mapping file gives one of them an address nobody here has.
        """
        unknown = {login for login in logins if login not in self._ids}
        mapped = {
            login: self._addresses[login.casefold()]
            for login in unknown
            if login.casefold() in self._addresses
        }
        if mapped:
            self._find_real(session, mapped)
        placeholders = unknown - set(mapped)
        if placeholders:
            found = session.execute(
                select(User.subject, User.id).where(
                    User.issuer == self._issuer, User.subject.in_(placeholders)
                )
            )
            self._ids.update({row.subject: row.id for row in found})
        return placeholders - set(self._ids)

    def ids(self, session: Session, logins: Iterable[str]) -> Mapping[str, int]:
        """Return the user id of every login, making placeholders where there is nobody."""
        if missing := self.find(session, logins):
            # Another import may make the same person at this moment: the second insert waits, does
            # nothing, and the look-up finds the first one's.
            session.execute(
                insert(User).on_conflict_do_nothing(index_elements=["issuer", "subject"]),
                [
                    {"issuer": self._issuer, "subject": login, "name": login, "role": "reporter"}
                    for login in sorted(missing)
                ],
            )
            self.find(session, missing)
        return self._ids

    def _find_real(self, session: Session, mapped: Mapping[str, str]) -> None:
        address = func.lower(User.email)
        rows = session.execute(
            select(address.label("mail"), func.min(User.id).label("id"))
            .where(
                address.in_(set(mapped.values())),
                User.removed_at.is_(None),
                User.issuer.not_like(f"{PLACEHOLDER}%"),
            )
            .group_by(address)
        )
        found: dict[str, int] = {row.mail: row.id for row in rows}
        for login, mail in mapped.items():
            if mail not in found:
                raise Unreadable(
                    f"[users] of the mapping file: nobody with the address {mail!r} "
                    f"(for {login!r}) has signed in here yet"
                )
            self._ids[login] = found[mail]
