"""What was there before: projects and issues, made by the API as somebody would have."""

from typing import Any

import urllib3


class World:
    """An admin with an HTTP client."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._tokens: dict[tuple[str, str], str] = {}

    def call(
        self,
        method: str,
        path: str,
        *,
        who: str = "setup",
        role: str = "admin",
        headers: dict[str, str] | None = None,
        **body: Any,
    ) -> Any:
        """Send a request as somebody; return the body of the answer. A refusal is an error."""
        answer = urllib3.request(
            method,
            f"{self._origin}/api/v1{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {self._token(who, role)}", **(headers or {})},
            timeout=30,
        )
        assert answer.status < 400, answer.data.decode()
        return answer.json() if answer.data else None

    def project(self, key: str = "WEB", visibility: str = "all") -> None:
        """Make a project."""
        self.call("POST", "/projects", key=key, name=f"Project {key}", visibility=visibility)

    def issue(self, title: str, *, project: str = "WEB", who: str = "setup", **fields: Any) -> str:
        """Report an issue; return its key."""
        role = "admin" if who == "setup" else "reporter"
        made = self.call(
            "POST", "/issues", who=who, role=role, project=project, title=title, **fields
        )
        return str(made["key"])

    def change(self, key: str, **fields: Any) -> None:
        """Change an issue, whatever version it has."""
        version = self.call("GET", f"/issues/{key}")["version"]
        self.call("PATCH", f"/issues/{key}", headers={"If-Match": f'"{version}"'}, **fields)

    def _token(self, who: str, role: str) -> str:
        if (who, role) not in self._tokens:
            answer = urllib3.request(
                "POST",
                f"{self._origin}/api/v1/sign-in/local",
                json={"email": f"{who.lower()}@example.org", "name": who, "role": role},
                timeout=30,
            )
            assert answer.status < 400, answer.data.decode()
            self._tokens[who, role] = answer.json()["token"]
        return self._tokens[who, role]
