"""`flask roles`: the first admin, and who has which role."""

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.journal import Event


@pytest.fixture
def someone(session: Session, app: Flask) -> User:
    """Somebody who has signed in once."""
    return add(session, "user_1", "Some.One@example.org", "Someone")


def add(session: Session, subject: str, email: str | None, name: str, **known: object) -> User:
    user = User(issuer="tests", subject=subject, email=email, name=name, **known)
    session.add(user)
    session.commit()
    return user


def roles(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["roles", *arguments])


def test_the_first_admin_is_made(app: Flask, session: Session, someone: User) -> None:
    done = roles(app, "grant", "some.one@EXAMPLE.org", "admin")
    assert (done.exit_code, done.output) == (0, "Some.One@example.org is admin now.\n")
    session.expire_all()
    assert someone.role == "admin"
    event = session.scalars(select(Event)).one()
    assert (event.actor_id, event.actor_kind, event.old, event.new) == (
        None,
        "job",
        "reporter",
        "admin",
    )


def test_a_role_is_revoked_but_not_the_last_admins(
    app: Flask, session: Session, someone: User
) -> None:
    other = add(session, "user_2", None, "", role="admin")
    roles(app, "grant", "user_1", "admin")
    assert roles(app, "revoke", "user_2").output == "user_2 is reporter now.\n"
    refused = roles(app, "revoke", "some.one@example.org")
    assert refused.exit_code == 1
    assert "last admin" in refused.output
    session.expire_all()
    assert (someone.role, other.role) == ("admin", "reporter")


def test_who_is_unknown_is_named(app: Flask, someone: User) -> None:
    refused = roles(app, "grant", "nobody@example.org", "admin")
    assert refused.exit_code == 1
    assert "nobody@example.org" in refused.output


def test_an_address_of_two_people_is_refused_and_their_subjects_tell_them_apart(
    app: Flask, session: Session, someone: User
) -> None:
    twin = add(session, "user_2", "some.one@example.org", "Twin")
    refused = roles(app, "grant", "some.one@example.org", "maintainer")
    assert refused.exit_code == 1
    assert "subject" in refused.output
    listed = roles(app, "list").output
    assert "user_1" in listed
    assert "user_2" in listed
    assert roles(app, "grant", "user_2", "maintainer").exit_code == 0
    session.expire_all()
    assert (someone.role, twin.role) == ("reporter", "maintainer")


def test_there_are_three_roles(app: Flask, someone: User) -> None:
    refused = roles(app, "grant", "user_1", "owner")
    assert refused.exit_code == 2
    assert "'reporter', 'maintainer', 'admin'" in refused.output


def test_everybody_is_listed_but_those_who_left(
    app: Flask, session: Session, someone: User
) -> None:
    add(session, "user_2", None, "", removed_at=someone.created_at)
    lines = roles(app, "list").output.splitlines()
    assert [line.split() for line in lines] == [
        [str(someone.id), "reporter", "Some.One@example.org", "user_1", "Someone"]
    ]
