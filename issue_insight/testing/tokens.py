"""Tokens for tests: an identity provider of the tests' own, and signing in to the application.

person = sign_in(client, role="maintainer")     # the client acts as that person from now on

with Issuer() as issuer:                        # keys, a key set by URL, tokens of any kind
    app = create_app(issuer.settings(settings))
    client.get("/api/v1/me", headers=bearer(issuer.token_for("user_1")))
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask.testing import FlaskClient

from issue_insight import clock
from issue_insight.auth.permission import ROLES
from issue_insight.auth.state import auth_of
from issue_insight.db import unit_of_work
from issue_insight.settings import Settings

ORIGIN = "http://localhost"
"""The origin that `Issuer.settings` authorises, and that tokens name."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person and their token."""

    id: int
    email: str
    name: str
    role: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of another client needs in order to act as this person."""
        return bearer(self.token)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def sign_in(
    client: FlaskClient,
    role: str = "reporter",
    *,
    email: str | None = None,
    name: str | None = None,
) -> SignedIn:
    """Sign a person in; `client` sends their token from now on. Each call makes another person.

    Needs an application with the local sign-in, as the fixture `app` is. The token is good for a
    day, under any clock of the test's.
    """
    if role not in ROLES:
        raise ValueError(f"there is no role {role!r}")
    number = next(_numbers)
    address = email or f"{role}{number}@example.org"
    local = auth_of(client.application).local
    if local is None:
        raise RuntimeError("this application has no local sign-in")
    called = name or f"{role.capitalize()} {number}"
    with client.application.app_context(), unit_of_work() as session:
        token, _ = local.sign_in(session, address, called, role, timedelta(days=1))
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    answer = client.get("/api/v1/me")
    if answer.status_code != 200 or answer.json is None:
        raise RuntimeError(f"signing in failed: {answer.status_code} {answer.text}")
    me = answer.json
    return SignedIn(me["id"], me["email"], me["name"], me["role"], token)


def token_for(client: FlaskClient, email: str, life: timedelta = timedelta(days=1)) -> str:
    """Return a token for the person of that address; they come into being with their first use."""
    local = auth_of(client.application).local
    if local is None:
        raise RuntimeError("this application has no local sign-in")
    return local.token(email, email.partition("@")[0], life)[0]


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:  # noqa: ARG001
    """Return one of the tests' RSA keys; the same number gives the same key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:  # noqa: ARG001
    """Return one of the tests' P-256 keys."""
    return ec.generate_private_key(ec.SECP256R1())


def jwk_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    """Return the public half as a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        algorithm = "RS256"
    else:
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        algorithm = "ES256"
    kept = {name: value for name, value in jwk.items() if name != "key_ops"}
    return {**kept, "kid": kid, "use": "sig", "alg": algorithm}


def claims_for(issuer: str, subject: str, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good session token; a change to None leaves the claim out."""
    now = int(clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "sid": "sess_0123456789abcdef",
        "azp": ORIGIN,
        "iat": now,
        "nbf": now - 10,
        "exp": now + 60,
        "jti": "0123456789abcdef",
        "sts": "active",
        "fva": [0, -1],
        "v": 2,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


class Issuer:
    """An identity provider on a free loopback port; a context manager.

    `keys` is what its key set holds, `fetches` counts how often that was asked for, `answers` set
    to False makes it fail, `hold` makes it wait. Of its `people`, by subject, it tells as Clerk's
    Backend API does.
    """

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [jwk_of(rsa_key(), "key-0")]
        self.people: dict[str, dict[str, Any]] = {}
        self.fetches = 0
        self.asked_for: list[str] = []
        self.authorizations: list[str | None] = []
        self.answers = True
        self.hold: threading.Event | None = None
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.name = "https://clerk.issuer.example"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.hold is not None:
            self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def settings(self, base: Settings, **changes: Any) -> Settings:
        """Return `base` with this provider in place of the local sign-in."""
        return base.model_copy(
            update={
                "local_sign_in": False,
                "auth_issuer": self.name,
                "auth_jwks_url": f"{self.url}/.well-known/jwks.json",
                "authorized_parties": (ORIGIN,),
                **changes,
            }
        )

    def token_for(
        self,
        subject: str,
        *,
        key: Any = None,
        kid: str | None = "key-0",
        algorithm: str = "RS256",
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a session token; claims set to None are left out, `header` is added to."""
        headers = {"kid": kid, "cat": "cl_B7d4PD111AAA", **(header or {})}
        return jwt.encode(
            claims_for(self.name, subject, **claims),
            key or rsa_key(),
            algorithm,
            headers={name: value for name, value in headers.items() if value is not None},
        )

    def answer(self, path: str, authorization: str | None) -> tuple[int, Any]:
        """Answer a request, as the handler of a thread does."""
        with self._lock:
            self.authorizations.append(authorization)
            if path.endswith(("/jwks.json", "/v1/jwks")):
                self.fetches += 1
            else:
                self.asked_for.append(path)
        if self.hold is not None:
            self.hold.wait()
        if not self.answers:
            return 503, {}
        if path.endswith(("/jwks.json", "/v1/jwks")):
            return 200, {"keys": self.keys}
        person = self.people.get(path.rpartition("/")[2])
        return (404, {}) if person is None else (200, person)


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, value = issuer.answer(self.path, self.headers.get("Authorization"))
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output quiet."""

    return Handler
