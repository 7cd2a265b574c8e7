"""The base of every model that comes in or goes out over HTTP, and the types they share."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    InstanceOf,
    WithJsonSchema,
)
from werkzeug.datastructures import FileStorage

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _written_out(value: object) -> object:
    """Refuse what pydantic alone would take for an instant: numbers, dates, missing offsets."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        # Parsed here: after a validator of ours, strict pydantic takes no string for an instant.
        return datetime.fromisoformat(value.upper())
    raise ValueError("write an instant like 2026-01-31T13:45:00Z")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:  # the offset leads out of the years 1 to 9999
        raise ValueError("that instant is out of range") from error


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
"""An instant: RFC 3339 on the outside (any offset in, `Z` out), an aware `datetime` in UTC inside.
https://www.rfc-editor.org/rfc/rfc3339"""

Upload = Annotated[
    InstanceOf[FileStorage],
    WithJsonSchema(
        {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    ),
]
"""A file of a multipart form (`location="form"`): read `.stream`, the sender's `.filename`."""


class Model(BaseModel):
    """What comes in or goes out.

    Unknown fields are refused. JSON bodies are read strictly: a number is no string, `1` is no
    boolean; so a `BeforeValidator` on a date or UUID has to return one, not a string. Rows of the
    database go out by their attributes. Error messages do not repeat the input, so that nothing
    personal reaches a log.
    """

    model_config = ConfigDict(
        extra="forbid",
        from_attributes=True,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        # A default spares the sender a field; in an answer the field is always there.
        json_schema_serialization_defaults_required=True,
    )
