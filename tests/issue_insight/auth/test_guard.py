"""The guard: everything is closed unless a view says it is open, and before a byte is read."""

import io
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from issue_insight.app import create_app
from issue_insight.auth.guard import guard
from issue_insight.auth.permission import PUBLIC, SIGNED_IN, Permission, permission_of
from issue_insight.auth.principal import current_principal, system
from issue_insight.auth.users import User
from issue_insight.errors import Forbidden
from issue_insight.http import problems
from issue_insight.plugin import loader
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer, bearer, sign_in
from tests.issue_insight.auth.asking import SIGN_IN, is_refusal, me

OPEN = {
    "/": {"GET"},
    "/<page:path>": {"GET"},
    "/docs": {"GET"},
    "/docs/<name>": {"GET"},
    "/openapi.json": {"GET"},
    "/config.json": {"GET"},
    "/healthz": {"GET"},
    "/readyz": {"GET"},
    "/metrics": {"GET"},
    "/sign-in": {"GET", "POST"},
    "/sign-in/page.css": {"GET"},
    "/api/v1/sign-in/local": {"POST"},
    "/webhooks/clerk": {"POST"},
}
"""Everything that may be asked by anybody. A new line here is a decision."""

VALUES: dict[str, Any] = {"key": "WEB-1", "name": "x", "change_set": UUID(int=1)}


def address(rule: Rule) -> str:
    """Fill a rule in, so that it can be asked."""
    values = {name: VALUES.get(name, 1) for name in rule.arguments}
    built = rule.build(values)
    assert built is not None
    return built[1]


def asked_without_a_token(app: Flask, rules: Iterable[Rule]) -> dict[tuple[str, str], int]:
    """Ask every address by every method it has; return the statuses by method and rule."""
    client = app.test_client()
    return {
        (method, rule.rule): client.open(address(rule), method=method).status_code
        for rule in rules
        for method in sorted(rule.methods or ())
    }


def unguarded(app: Flask) -> list[str]:
    """Name every method of every rule that answers anybody, though it is not on the list."""
    closed = [
        rule
        for rule in app.url_map.iter_rules()
        if not (rule.methods or set()) - {"HEAD", "OPTIONS"} <= OPEN.get(rule.rule, set())
    ]
    asked = asked_without_a_token(app, closed)
    return sorted(f"{method} {rule}" for (method, rule), status in asked.items() if status != 401)


def test_nothing_answers_anybody_but_what_is_on_the_list(app: Flask) -> None:
    assert unguarded(app) == []


def test_the_same_where_clerk_is_configured(trusting: Flask) -> None:
    assert unguarded(trusting) == []


def test_everything_on_the_list_is_marked_open_and_nothing_else_is(app: Flask) -> None:
    opened = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if permission_of(app.view_functions[rule.endpoint]) == PUBLIC
    }
    assert opened <= OPEN.keys()
    assert {"/docs", "/healthz", "/sign-in"} <= opened


def test_a_route_that_forgot_its_mark_is_found(settings: Settings) -> None:
    """The broken twin: the walk over the URL map can fail, and so does the start."""
    twin = create_app(settings)
    twin.add_url_rule("/forgotten/<int:number>", "forgotten", lambda number: "secrets")
    # It is refused by default, yet by 403: nobody has said who may.
    assert unguarded(twin) == [f"{method} /forgotten/<int:number>" for method in METHODS]
    assert twin.test_client().get("/forgotten/1").status_code == 403
    with pytest.raises(loader.PluginError, match="forgotten"):
        loader.check_marks(twin)


METHODS = ("GET", "HEAD", "OPTIONS")


def test_a_route_outside_the_guard_is_found(settings: Settings) -> None:
    twin = create_app(settings)
    twin.before_request_funcs[None].remove(guard)
    found = unguarded(twin)
    assert "GET /api/v1/users" in found
    assert "OPTIONS /api/v1/me" in found


def test_a_route_of_a_foreign_blueprint_is_closed_even_to_admins(settings: Settings) -> None:
    twin = create_app(settings)
    foreign = Blueprint("foreign", __name__)
    foreign.add_url_rule("/foreign", "view", lambda: "secrets", methods=["GET", "POST"])
    twin.register_blueprint(foreign)
    client = twin.test_client()
    sign_in(client, "admin")
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        answer = client.open("/foreign", method=method)
        assert answer.status_code == 403
        assert b"secrets" not in answer.data


def test_a_mark_that_is_no_permission_is_none(settings: Settings) -> None:
    twin = create_app(settings)

    def view() -> str:
        return "secrets"

    view.__permission__ = "public"  # type: ignore[attr-defined]
    twin.add_url_rule("/odd", "odd", view)
    assert twin.test_client().get("/odd").status_code == 403


class Watched(io.BytesIO):
    """A body that notes whether anybody looked at it."""

    looked_at = False

    def read(self, size: int | None = -1) -> bytes:
        self.looked_at = True
        return super().read(size)

    def readinto(self, buffer: Any) -> int:
        self.looked_at = True
        return super().readinto(buffer)


def posted(client: FlaskClient, headers: dict[str, str]) -> tuple[int, bool]:
    """Post a project; return the status and whether the body was looked at."""
    body = Watched(b'{"key": "WEB", "name": "Web"}')
    answer = client.post(
        "/api/v1/projects", input_stream=body, content_type="application/json", headers=headers
    )
    return answer.status_code, body.looked_at


def test_the_body_is_not_read_before_the_permission_is_checked(app: Flask) -> None:
    reporter, admin = (sign_in(app.test_client(), role) for role in ("reporter", "admin"))
    client = app.test_client()
    assert posted(client, {}) == (401, False)
    assert posted(client, bearer("garbage")) == (401, False)
    assert posted(client, reporter.headers) == (403, False)
    assert posted(client, admin.headers) == (201, True)


def test_neither_is_a_body_that_would_be_too_large(client: FlaskClient) -> None:
    reporter = sign_in(client, "reporter")
    large = {"Content-Length": str(10**9), **reporter.headers}
    assert client.post("/api/v1/projects", headers=large).status_code == 403


def test_head_and_options_take_what_get_takes(client: FlaskClient) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open("/api/v1/users", method=method).status_code == 401
    sign_in(client, "reporter")
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open("/api/v1/users", method=method).status_code == 403
    sign_in(client, "admin")
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open("/api/v1/users", method=method).status_code == 200


def test_a_403_names_what_it_takes(client: FlaskClient) -> None:
    sign_in(client, "maintainer")
    answer = client.get("/api/v1/users")
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"] == "You may not do this: it takes `roles:manage`."


def test_what_is_not_there_is_404_and_405_for_anybody(client: FlaskClient) -> None:
    assert client.get("/api/v1/nowhere").status_code == 404
    assert client.put("/api/v1/me").status_code == 405


def test_no_other_header_changes_the_method_or_the_address(client: FlaskClient) -> None:
    headers = {"X-HTTP-Method-Override": "GET", "X-Original-URL": "/healthz", "X-Rewrite-URL": "/"}
    assert client.post("/api/v1/issues", headers=headers).status_code == 401


def test_without_an_identity_provider_nobody_signs_in(
    build: Any, issuer: Issuer, settings: Settings
) -> None:
    client = build(settings.model_copy(update={"local_sign_in": False})).test_client()
    refusal = "Nobody can sign in here: no identity provider is configured."
    assert is_refusal(me(client, issuer.token_for("user_1")), refusal)
    assert is_refusal(client.get("/api/v1/me"), SIGN_IN)
    assert client.get("/healthz").status_code == 200
    assert client.post("/api/v1/sign-in/local", json={}).status_code == 404


def test_somebody_who_was_removed_is_401(client: FlaskClient, session: Session) -> None:
    person = sign_in(client, "admin")
    user = session.get_one(User, person.id)
    user.removed_at = user.created_at
    session.commit()
    assert is_refusal(client.get("/api/v1/me"))


def test_the_principal_is_whoever_signed_in(client: FlaskClient) -> None:
    person = sign_in(client, "maintainer", email="ada@example.org", name="Ada")
    seen: list[Any] = []
    with client.application.test_request_context("/api/v1/me", headers=person.headers) as context:
        context.request.environ["REMOTE_ADDR"] = "127.0.0.1"
        assert guard() is None
        seen.append(current_principal())
    [principal] = seen
    assert (principal.user_id, principal.name, principal.email) == (person.id, "Ada", person.email)
    assert principal.role == "maintainer"
    assert principal.may("issues:read")
    assert not principal.may("roles:manage")
    principal.must("issues:read", "never said")
    with pytest.raises(Forbidden, match="not you"):
        principal.must("roles:manage", "not you")


def test_a_view_that_asks_who_in_an_open_request_is_401(settings: Settings) -> None:
    app = Flask(__name__)
    problems.register(app)
    app.add_url_rule("/who", "who", lambda: current_principal().name)
    answer = app.test_client().get("/who")
    assert answer.status_code == 401
    assert answer.json["detail"] == "Sign in to use this."


def test_a_job_is_nobody_and_may_what_it_is_given() -> None:
    job = system("import", frozenset({"issues:create"}))
    assert job.user_id is None
    assert job.kind == "import"
    assert job.may("issues:create")
    assert not job.may("issues:delete")


def test_a_permission_for_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="wizard"):
        Permission("spells:cast", "Cast spells", frozenset({"wizard"}))
    assert SIGNED_IN.roles == {"reporter", "maintainer", "admin"}
