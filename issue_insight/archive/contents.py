"""What an archive holds: which tables, columns and objects, and the manifest that vouches for them.

A table or column that is only a cache or bookkeeping says so in its model, by
`info={"archived": False}`; a table that is of this instance alone, as what lets people in is, by
`info={"archived": "in backups"}`; a column that names an S3 object by `info={"object": True}`.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Column, Connection, Select, String, Table, exists, inspect, select, union
from sqlalchemy import table as lightweight

from issue_insight.db import Base

FORMAT = "issue-insight-archive"
VERSION = 1
MANIFEST = "manifest.json"
OBJECTS = "objects.jsonl"

Kind = Literal["archive", "backup"]
"""An archive is whole in one file, and may be opened elsewhere. A backup is for the same instance:
it has the tables that are of it alone as well, and its objects stand in files beside it."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Member(_Part):
    """What is known of one list of rows: `size` in bytes before compression."""

    rows: Size
    size: Size
    sha256: Digest


class TableMember(Member):
    """The rows of a table, and the last id that its sequence gave out, if it has given any."""

    last_id: int | None


class ObjectEntry(_Part):
    """A line of `objects.jsonl`: one object of the bucket that went along."""

    key: Annotated[str, Field(min_length=1)]
    content_type: str
    size: Size
    sha256: Digest


class Heading(BaseModel):
    """What every version of the format begins with."""

    format: Literal["issue-insight-archive"]
    version: int


class Manifest(_Part):
    """What the archive is, what made it, and what every member of it must be."""

    format: Literal["issue-insight-archive"] = "issue-insight-archive"
    version: Literal[1] = 1
    kind: Kind = "archive"
    revisions: dict[str, list[str]]
    """The migrations that the tables are of: `built-in` and every plugin with some of its own."""
    tables: dict[str, TableMember]
    objects: Member


def member_of(table: Table) -> str:
    """Return the name of the file with the rows of a table."""
    return f"tables/{table.name}.jsonl"


def member_of_object(key: str) -> str:
    """Return the name of the file with an object's bytes."""
    return f"objects/{key}"


def tables(connection: Connection, kind: Kind) -> list[Table]:
    """Return the tables that are archived and are there, each after those that it refers to."""
    there = set(inspect(connection).get_table_names())
    wanted = (True, "in backups") if kind == "backup" else (True,)
    return [
        table
        for table in Base.metadata.sorted_tables
        if table.info.get("archived", True) in wanted and table.name in there
    ]


def unknown_tables(connection: Connection) -> Iterator[str]:
    """Name the tables with rows that no loaded plugin knows, so that nobody could archive them."""
    for name in sorted(inspect(connection).get_table_names()):
        if name in Base.metadata.tables or name.startswith("alembic_version"):
            continue
        if connection.execute(select(exists(select(1).select_from(lightweight(name))))).scalar():
            yield name


def columns(table: Table) -> list[Column[object]]:
    """Return the columns that are archived: not those that the database computes or sets anew."""
    return [
        column
        for column in table.columns
        if column.info.get("archived", True) and column.computed is None
    ]


def in_order(table: Table) -> Select[*tuple[object, ...]]:
    """Select the archived columns in the order of the primary key, the same on every server."""
    return select(*columns(table)).order_by(
        *(
            column.collate("C") if isinstance(column.type, String) else column
            for column in table.primary_key.columns
        )
    )


def object_keys(archived: list[Table]) -> Select[str] | None:
    """Select every key of an object that a row names, in the order of bytes."""
    named = [
        select(column.collate("C").label("key")).where(column.is_not(None))
        for table in archived
        for column in columns(table)
        if column.info.get("object")
    ]
    if not named:
        return None
    every = union(*named).subquery()
    return select(every.c.key).order_by(every.c.key)


def identity(table: Table) -> Column[object] | None:
    """Return the column that a sequence fills, if there is one."""
    return next((column for column in table.columns if column.identity is not None), None)
