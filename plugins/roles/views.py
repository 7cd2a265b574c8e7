"""The HTTP API of users and roles."""

from typing import Any

from flask import current_app

from issue_insight.auth.permission import SIGNED_IN, requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import unit_of_work
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.paging import cursors
from plugins.roles import queries, services
from plugins.roles.policy import ERASE, FIND_PEOPLE, MANAGE_ROLES
from plugins.roles.schemas import (
    Erasure,
    Me,
    PersonListQuery,
    PersonPage,
    RoleChange,
    UserListQuery,
    UserPage,
    UserRead,
)

blp = Blueprint("users", __name__, description="People and their roles.")


@blp.get("/me")
@blp.response(200, Me)
@requires(SIGNED_IN)
def get_me() -> Any:
    """Tell who is asking and what they may do."""
    principal = current_principal()
    return {
        "id": principal.user_id,
        "email": principal.email,
        "name": principal.name,
        "role": principal.role,
        "permissions": sorted(principal.permissions),
    }


@blp.get("/people")
@blp.arguments(PersonListQuery, location="query")
@blp.response(200, PersonPage)
@requires(FIND_PEOPLE)
def find_people(query: PersonListQuery) -> Any:
    """Find people by a part of their name or address, those seen last first."""
    with unit_of_work() as session:
        return PersonPage.model_validate(queries.find_people(session, q=query.q, limit=query.limit))


@blp.get("/users")
@blp.arguments(UserListQuery, location="query")
@blp.response(200, UserPage)
@requires(MANAGE_ROLES)
def list_users(query: UserListQuery) -> Any:
    """List users."""
    with unit_of_work() as session:
        return UserPage.model_validate(
            queries.list_users(
                session, q=query.q, limit=query.limit, cursor=query.cursor, signer=cursors()
            )
        )


@blp.patch("/users/<int:user_id>")
@blp.arguments(RoleChange)
@blp.response(200, UserRead)
@blp.problems(404, 409)
@requires(MANAGE_ROLES)
def change_role(data: RoleChange, user_id: int) -> Any:
    """Change the role of a user."""
    with unit_of_work() as session:
        user = services.set_role(session, current_principal(), user_id, data.role)
        return UserRead.model_validate(user)


@blp.post("/users/<int:user_id>/erase")
@blp.arguments(Erasure)
@blp.response(204)
@blp.problems(404, 409)
@requires(ERASE)
def erase_user(data: Erasure, user_id: int) -> Any:
    """Erase a person for good: name, address, identity, API tokens, sessions and saved views.

    Their issues and comments stay and are counted as before, under nobody's name.
    """
    plugins = current_app.extensions["issue_insight"].plugins
    with unit_of_work() as session:
        services.erase_user(
            session,
            current_principal(),
            user_id,
            [plugin.erase for plugin in plugins if plugin.erase is not None],
            texts=data.texts == "blank",
        )
    return None, 204
