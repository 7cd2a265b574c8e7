"""`/healthz`: the process answers. `/readyz`: so does all it needs, or which part does not."""

from collections.abc import Callable
from typing import Literal, Protocol

import structlog
from flask import Flask, Response
from sqlalchemy import text

from issue_insight.auth.permission import public
from issue_insight.db import db
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.openapi import api_of
from issue_insight.http.problems import problem
from issue_insight.http.schema import Model

log = structlog.get_logger("issue_insight.health")


class FileStore(Protocol):
    """What is asked of the file store here."""

    def ping(self) -> None:
        """Raise unless the store answers."""
        ...


class Health(Model):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(Model):
    """Every part is there."""

    status: Literal["ready"] = "ready"
    parts: dict[str, str]


def register(app: Flask, storage: FileStore, *, pending: Callable[[], list[str]]) -> None:
    """Add both addresses to `app`; `pending` names the lines of migrations that are behind."""

    def database() -> str:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return "ok"

    def migrations() -> str:
        behind = pending()
        return f"behind: {', '.join(behind)}" if behind else "ok"

    def files() -> str:
        storage.ping()
        return "ok"

    checks = {"database": database, "migrations": migrations, "storage": files}
    blueprint = Blueprint(
        "health", __name__, url_prefix="", description="Whether this instance is well."
    )

    @blueprint.get("/healthz")
    @blueprint.response(200, Health)
    @public
    def healthz() -> Health:
        """Tell that the process answers."""
        return Health()

    @blueprint.get("/readyz")
    @blueprint.response(200, Readiness)
    @public
    def readyz() -> Readiness | Response:
        """Tell whether everything needed is there, and which part is not."""
        parts = {}
        for name, check in checks.items():
            try:
                parts[name] = check()
            except Exception as error:  # whatever the part said, it is not ready
                log.warning("not_ready", part=name, exc_info=error)
                parts[name] = "does not answer"
        wrong = [name for name, said in parts.items() if said != "ok"]
        if not wrong:
            return Readiness(parts=parts)
        return problem(
            503,
            "Not ready: " + "; ".join(f"{name} {parts[name]}" for name in wrong) + ".",
            headers={"Retry-After": "5"},
            parts=parts,
        )

    api_of(app).register_blueprint(blueprint)
