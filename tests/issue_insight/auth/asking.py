"""What the tests of sign-in ask again and again."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from issue_insight.testing.tokens import bearer

ME = "/api/v1/me"
REFUSED = "The token is not valid, or not any more. Sign in again."
SIGN_IN = "Sign in: this needs `Authorization: Bearer <token>`."


def me(client: FlaskClient, token: str) -> TestResponse:
    """Ask who the bearer of a token is."""
    return client.get(ME, headers=bearer(token))


def is_refusal(answer: TestResponse, detail: str = REFUSED) -> bool:
    """Hold the answer against the one shape a refusal has; nothing of the reason shows in it."""
    assert answer.status_code == 401, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": detail,
        "instance": ME,
        "request_id": answer.headers["X-Request-ID"],
    }
    return True
