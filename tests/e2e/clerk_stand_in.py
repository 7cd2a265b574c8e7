"""A stand-in of Clerk's Frontend API: what clerk-js asks for while somebody signs in and works.

Clerk itself cannot be reached from tests. svelte-clerk, clerk-js and Clerk's components are the
real ones; only what they ask over the network is answered here, with tokens of the tests' own
issuer, which the application verifies through its key set. What is asked, and the shape of the
answers: https://clerk.com/docs/reference/frontend-api
"""

import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from issue_insight.testing.tokens import Issuer

USER, CLIENT = "user_standin", "client_standin"


def _now() -> int:
    return int(time.time() * 1000)


@dataclass
class ClerkStandIn:
    """One person's Clerk: they have an address and a password, and are in one browser."""

    issuer: Issuer
    origin: str
    email: str = "clara@example.org"
    password: str = "a long enough password"
    token_seconds: int = 60
    session: str | None = None
    asked: list[str] = field(default_factory=list)
    """What was asked for, as `POST /client/sign_ins`."""
    tokens: list[str] = field(default_factory=list)
    _attempt: str | None = None
    _numbers: Any = field(default_factory=lambda: count(1))

    def answer(self, method: str, url: str, body: str) -> tuple[int, dict[str, Any]]:
        """Answer a request to `/v1/...`; the status and the JSON of the answer."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        form = {name: values[0] for name, values in parse_qs(body).items()}
        method = query.get("_method", method)
        path = parts.path.partition("/v1")[2]
        self.asked.append(f"{method} {path}")
        match method, path.strip("/").split("/"):
            case _, ["environment"]:
                return 200, ENVIRONMENT
            case "GET" | "PUT", ["client"]:
                return 200, {"response": self._client(), "client": None}
            case "DELETE", ["client"] | ["client", "sessions"]:
                self.session = None
                return 200, {"response": self._client(), "client": None}
            case "POST", ["client", "sign_ins"]:
                return self._attempt_sign_in(form)
            case "POST", ["client", "sign_ins", _, "attempt_first_factor"]:
                return self._attempt_sign_in({"identifier": self._attempt or "", **form})
            case "POST", ["client", "sessions", sid, "tokens", *_] if sid == self.session:
                return 200, {"object": "token", "jwt": self._token()}
            case "POST", ["client", "sessions", sid, "touch"] if sid == self.session:
                return self._with_client(self._session())
            case "POST", ["client", "sessions", sid, "remove" | "end"] if sid == self.session:
                ended = {**self._session(), "status": "removed"}
                self.session = None
                return self._with_client(ended)
            case "GET", ["me"] if self.session:
                return self._with_client(self.user())
            case "GET", ["me", "sessions", *_] if self.session:
                return 200, [self._session()]  # type: ignore[return-value]
        return 404, _refusal("resource_not_found", f"{method} {path} is not there")

    def _attempt_sign_in(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if form.get("identifier", "") != self.email:
            text = "Couldn't find your account."
            return 422, _refusal("form_identifier_not_found", text, "identifier")
        self._attempt = form["identifier"]
        if "password" not in form:
            return self._with_client(self._sign_in("needs_first_factor"))
        if form["password"] != self.password:
            text = "Password is incorrect. Try again, or use another method."
            return 422, _refusal("form_password_incorrect", text, "password")
        self._attempt = None
        self.session = f"sess_standin{next(self._numbers)}"
        return self._with_client(self._sign_in("complete"))

    def _with_client(self, response: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return 200, {"response": response, "client": self._client()}

    def _token(self) -> str:
        now = int(time.time())
        token = self.issuer.token_for(
            USER,
            azp=self.origin,
            sid=self.session,
            iat=now,
            exp=now + self.token_seconds,
            jti=f"token{next(self._numbers)}",
        )
        self.tokens.append(token)
        return token

    def _client(self) -> dict[str, Any]:
        sessions = [self._session()] if self.session else []
        return {
            "object": "client",
            "id": CLIENT,
            "sessions": sessions,
            "sign_in": self._sign_in("needs_first_factor") if self._attempt else None,
            "sign_up": None,
            "last_active_session_id": self.session,
            "last_authentication_strategy": None,
            "captcha_bypass": False,
            "cookie_expires_at": None,
            "created_at": _now(),
            "updated_at": _now(),
        }

    def _session(self) -> dict[str, Any]:
        return {
            "object": "session",
            "id": self.session,
            "status": "active",
            "expire_at": _now() + 7 * 86_400_000,
            "abandon_at": _now() + 30 * 86_400_000,
            "last_active_at": _now(),
            "last_active_token": {"object": "token", "jwt": self._token()},
            "last_active_organization_id": None,
            "actor": None,
            "tasks": None,
            "factor_verification_age": [0, -1],
            "user": self.user(),
            "public_user_data": {
                "user_id": USER,
                "identifier": self.email,
                "first_name": "Clara",
                "last_name": "Clerk",
                "image_url": "",
                "has_image": False,
            },
            "created_at": _now(),
            "updated_at": _now(),
        }

    def _sign_in(self, status: str) -> dict[str, Any]:
        done = status == "complete"
        verification = {"status": "verified", "strategy": "password", "attempts": 1}
        return {
            "object": "sign_in_attempt",
            "id": "sia_standin",
            "status": status,
            "identifier": self.email,
            "supported_identifiers": ["email_address"],
            "supported_first_factors": [{"strategy": "password"}],
            "supported_second_factors": None,
            "first_factor_verification": verification if done else None,
            "second_factor_verification": None,
            "created_session_id": self.session if done else None,
            "user_data": {"first_name": "Clara", "last_name": "Clerk", "has_image": False},
        }

    def user(self) -> dict[str, Any]:
        address = {
            "object": "email_address",
            "id": "idn_standin",
            "email_address": self.email,
            "verification": {"status": "verified", "strategy": "email_code"},
            "linked_to": [],
        }
        none: list[Any] = []
        return {
            "object": "user",
            "id": USER,
            "first_name": "Clara",
            "last_name": "Clerk",
            "username": None,
            "image_url": "",
            "has_image": False,
            "primary_email_address_id": "idn_standin",
            "email_addresses": [address],
            "phone_numbers": none,
            "web3_wallets": none,
            "external_accounts": none,
            "enterprise_accounts": none,
            "passkeys": none,
            "organization_memberships": none,
            "public_metadata": {},
            "unsafe_metadata": {},
            "password_enabled": True,
            "totp_enabled": False,
            "backup_code_enabled": False,
            "two_factor_enabled": False,
            "delete_self_enabled": False,
            "create_organization_enabled": False,
            "last_sign_in_at": _now(),
            "created_at": _now(),
            "updated_at": _now(),
        }


def _refusal(code: str, text: str, parameter: str | None = None) -> dict[str, Any]:
    meta = {"param_name": parameter} if parameter else {}
    return {"errors": [{"code": code, "message": text, "long_message": text, "meta": meta}]}


def _attribute(*factors: str, enabled: bool = False, required: bool = False) -> dict[str, Any]:
    return {
        "enabled": enabled,
        "required": required,
        "used_for_first_factor": bool(factors),
        "first_factors": list(factors),
        "used_for_second_factor": False,
        "second_factors": [],
        "verifications": list(factors),
        "verify_at_sign_up": False,
    }


_OFF = ("phone_number", "username", "first_name", "last_name", "web3_wallet", "passkey")
ENVIRONMENT: dict[str, Any] = {
    "id": "env_standin",
    "maintenance_mode": False,
    "auth_config": {"object": "auth_config", "id": "aconf", "single_session_mode": True},
    "display_config": {
        "object": "display_config",
        "id": "display",
        "instance_environment_type": "production",
        "application_name": "Issue Insight",
        "preferred_sign_in_strategy": "password",
        "branded": False,
        "captcha_public_key": None,
        "logo_image_url": "",
        "favicon_image_url": "",
        "home_url": "/",
        "sign_in_url": "/",
        "sign_up_url": "/",
        "user_profile_url": "/",
        "after_sign_in_url": "/",
        "after_sign_up_url": "/",
        "after_sign_out_all_url": "/",
        "after_sign_out_one_url": "/",
        "theme": {},
    },
    "user_settings": {
        "attributes": {
            "email_address": _attribute("email_code", enabled=True, required=True),
            "password": _attribute(enabled=True, required=True),
            **{name: _attribute() for name in _OFF},
        },
        "social": {},
        "actions": {"delete_self": False, "create_organization": False},
        "sign_in": {"second_factor": {"required": False}},
        "sign_up": {"captcha_enabled": False, "progressive": True, "mode": "restricted"},
        "password_settings": {"min_length": 8, "max_length": 72},
        "enterprise_sso": {"enabled": False},
    },
    "organization_settings": {"enabled": False},
    "commerce_settings": {
        "billing": {
            "user": {"enabled": False, "has_paid_plans": False},
            "organization": {"enabled": False, "has_paid_plans": False},
        }
    },
}
