"""A tiny application with one blueprint, for everything that HTTP promises."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import SimpleNamespace
from typing import Annotated, Any

import psycopg2
from flask import Flask, Response
from pydantic import BeforeValidator, Field, model_validator
from sqlalchemy import text

from issue_insight import errors
from issue_insight.auth.permission import Permission, at_least, public, requires
from issue_insight.db import db, unit_of_work
from issue_insight.http import openapi, problems, request_log
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.conditional import etag, expected_version
from issue_insight.http.paging import Page, cursors
from issue_insight.http.schema import Instant, Model, Upload
from issue_insight.settings import Settings

PLAY = Permission("toys:play", "Play with toys", at_least("reporter"))


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "dark_blue"


def _forgiving(value: object) -> object:
    return value.lower().replace(" ", "_") if isinstance(value, str) else value


class Wheel(Model):
    size: int = Field(ge=1, le=99, examples=[7])


class ToyWrite(Model):
    name: str = Field(min_length=1, max_length=100, examples=["Bear"])
    colour: Annotated[Colour, BeforeValidator(_forgiving)] | None = None
    made_at: Instant | None = None
    born: date | None = None
    price: float | None = None
    fragile: bool = False
    tags: list[str] = Field(default=[])
    wheels: list[Wheel] = Field(default=[])


class ToyRead(ToyWrite):
    id: int


class ToyPage(Page[ToyRead]):
    """One page of toys."""


class ToyQuery(Model):
    limit: int = Field(default=20, ge=1, le=100, description="At most so many.")
    tag: list[str] = Field(default=[])
    since: Instant | None = None
    cursor: str | None = None
    lowest: int | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _sensible(self) -> "ToyQuery":
        if self.lowest is not None and self.lowest > self.limit:
            raise ValueError("from must not be above limit")
        return self


class Parcel(Model):
    file: Upload
    note: str = ""


class Received(Model):
    name: str | None
    size: int
    note: str


@dataclass
class Row:
    """What a row of a table looks like from here."""

    id: int
    name: str
    colour: str = "red"
    made_at: Any = None
    born: Any = None
    price: float | None = None
    fragile: bool = False
    tags: tuple[str, ...] = ()
    wheels: tuple[Any, ...] = ()


class OddError(errors.Conflict):
    """A subclass of a plugin's own."""


FAULTS: dict[str, Exception] = {
    "unauthenticated": errors.Unauthenticated("Sign in."),
    "forbidden": errors.Forbidden("Not yours."),
    "not_found": errors.NotFound("No such toy."),
    "conflict": errors.Conflict("Taken."),
    "odd": OddError("Odd."),
    "stale": errors.Stale("Changed meanwhile."),
    "precondition": errors.PreconditionRequired("Which version?"),
    "too_large": errors.TooLarge("Too big."),
    "type": errors.UnsupportedType("Not that."),
    "invalid": errors.Invalid("Wrong.", [errors.FieldError("/name", "is taken")]),
    "unavailable": errors.Unavailable("Away.", retry_after=9),
    "bare": errors.DomainError("Neither this nor that."),
    "lost": psycopg2.OperationalError("server closed the connection"),
    "closed": psycopg2.InterfaceError("connection already closed"),
    "crash": ZeroDivisionError("the secret is hunter2"),
}


def blueprint() -> Blueprint:
    blp = Blueprint("toys", __name__, description="Toys and what is done with them.")

    @blp.get("/toys")
    @blp.arguments(ToyQuery, location="query")
    @blp.response(200, ToyPage)
    @requires(PLAY)
    def list_toys(query: ToyQuery) -> dict[str, Any]:
        """List toys.

        Newest first.
        """
        if query.cursor is not None:
            cursors().open(query.cursor, "toys")
        items = [Row(n, f"{tag} {query.since or ''}") for n, tag in enumerate(query.tag)]
        return {"items": items, "next": cursors().seal([1], "toys"), "total": len(items)}

    @blp.post("/toys")
    @blp.arguments(ToyWrite, description="The toy to make.")
    @blp.response(201, ToyRead, headers=("Location", "ETag"))
    @blp.problems(409)
    @requires(PLAY)
    def create_toy(data: ToyWrite) -> Any:
        """Make a toy."""
        made = ToyRead(id=7, **data.model_dump())
        return made, 201, {"Location": "/api/v1/toys/7", "ETag": etag(1)}

    @blp.post("/toys/<int:toy_id>/swap")
    @blp.arguments(ToyQuery, location="query")
    @blp.arguments(ToyWrite)
    @blp.response(200, ToyRead)
    @requires(PLAY)
    def swap_toy(query: ToyQuery, data: ToyWrite, toy_id: int) -> Row:
        """Swap a toy."""
        return Row(toy_id, f"{data.name} {query.limit}")

    @blp.get("/toys/<int:toy_id>")
    @blp.response(200, ToyRead, headers=("ETag",))
    @public
    def get_toy(toy_id: int) -> Any:
        return Row(toy_id, "Bear"), {"ETag": etag(3)}

    @blp.patch("/toys/<int:toy_id>")
    @blp.if_match
    @blp.arguments(ToyWrite)
    @blp.response(200, ToyRead)
    @requires(PLAY)
    def change_toy(data: ToyWrite, toy_id: int) -> Row:
        """Change a toy."""
        return Row(toy_id, f"{data.name} {expected_version()}")

    @blp.delete("/toys/<int:toy_id>")
    @blp.response(204)
    @requires(PLAY)
    def delete_toy(toy_id: int) -> None:
        """Throw a toy away."""

    @blp.post("/parcels")
    @blp.arguments(Parcel, location="form")
    @blp.response(201, Received)
    @requires(PLAY)
    def receive_parcel(parcel: Parcel) -> Received:
        """Receive a parcel."""
        return Received(
            name=parcel.file.filename, size=len(parcel.file.stream.read()), note=parcel.note
        )

    @blp.get("/parcels/<int:parcel_id>/content")
    @blp.response(200, content_type="application/octet-stream", headers=("Content-Disposition",))
    @requires(PLAY)
    def open_parcel(parcel_id: int) -> Response:
        """Open a parcel."""
        return Response(b"\0\1", mimetype="application/octet-stream")

    @blp.put("/parcels/<int:parcel_id>/content")
    @blp.uploads("file")
    @blp.response(204)
    @requires(PLAY)
    def fill_parcel(parcel_id: int) -> None:
        """Fill a parcel."""

    @blp.post("/messages")
    @blp.body("application/json")
    @blp.response(204)
    @public
    def take_message() -> None:
        """Take a signed message."""

    @blp.get("/names")
    @blp.response(200, list[str])
    @public
    def list_names() -> list[str]:
        """List names."""
        return ["Bear", "Äffle"]

    @blp.get("/faults/<name>")
    @blp.response(204)
    @public
    def fail(name: str) -> None:
        """Fail in a way of your choice."""
        if name not in FAULTS:
            raise errors.NotFound("No such fault.")
        raise FAULTS[name]

    @blp.get("/misfit")
    @blp.response(200, ToyRead)
    @public
    def misfit() -> dict[str, Any]:
        """Answer what does not fit."""
        return {"id": "seven"}

    @blp.get("/sql/<int:number>")
    @blp.response(204)
    @public
    def run_sql(number: int) -> None:
        """Ask the database for something it will not do."""
        statement = [
            "SELECT 1",
            "SELECT CAST(9999999999 AS integer)",
            "INSERT INTO toys_taken VALUES (1), (1)",
            "INSERT INTO toys_taken VALUES (-1)",
            "SELECT pg_terminate_backend(pg_backend_pid())",
            "SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)",
        ][number]
        with unit_of_work() as session:
            session.execute(
                text(
                    "CREATE TEMP TABLE toys_taken (n int PRIMARY KEY CHECK (n > 0)) ON COMMIT DROP"
                )
            )
            session.execute(text(statement))

    return blp


def application(settings: Settings) -> Flask:
    """Build the application as the factory does, without plugins and without a guard."""
    app = Flask("toy", static_folder=None)
    app.extensions["issue_insight"] = SimpleNamespace(settings=settings)
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"connect_timeout": 2}},
        PROPAGATE_EXCEPTIONS=False,
    )
    request_log.register(app, settings)
    problems.register(app)
    db.init_app(app)
    openapi.register(app).register_blueprint(blueprint())
    return app
