"""From the request to the models a view asked for, naming every fault of all of them at once."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from flask import request
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from issue_insight.errors import FieldError, Invalid, UnsupportedType
from issue_insight.http import strict_json
from issue_insight.http.limits import whole_body
from issue_insight.http.operation import Argument, Operation

MESSAGE = "The request is not valid."
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def read(operation: Operation) -> list[Any]:
    """Return one validated value for each argument of the operation, in order.

    Raises `Invalid` with every fault of query and body, `UnsupportedType` for another content
    type, `BadRequest` for a body that cannot be read at all, `RequestEntityTooLarge`.
    """
    faults: list[FieldError] = []
    values: list[Any] = []
    if operation.argument("query") is None:
        # Refused everywhere: a mistyped filter must not answer with everything.
        faults += [
            FieldError(f"?{strict_json.printable(key)}", "is not known here")
            for key in request.args
        ]
    for argument in operation.arguments:
        try:
            values.append(_READERS[argument.location](argument))
        except Invalid as invalid:
            faults += invalid.errors
    if faults:
        raise Invalid(MESSAGE, faults)
    return values


def _json(argument: Argument) -> Any:
    raw = whole_body()
    mimetype = request.mimetype
    if not raw and not mimetype:
        raise BadRequest("A JSON body is missing.")
    if mimetype != "application/json" and not mimetype.endswith("+json"):
        raise UnsupportedType("Send the body as application/json.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedType("Send the body in UTF-8.")
    try:
        value = strict_json.parse(raw)
        faults = list(strict_json.faults(value))
    except strict_json.MalformedJson as error:
        raise BadRequest(str(error)) from error
    if faults:
        raise Invalid(MESSAGE, faults)
    try:
        # Read again by pydantic: only from JSON does it know that a string may stand for an
        # instant or an enum while a number may not stand for a string.
        return adapter(argument.model).validate_json(raw, strict=True)
    except ValidationError as error:
        raise Invalid(MESSAGE, _faults(error, value, "")) from error


def _query(argument: Argument) -> Any:
    return _from_pairs(argument, request.args, "?")


def _form(argument: Argument) -> Any:
    if request.mimetype not in _FORMS:
        raise UnsupportedType(f"Send the body as {' or '.join(_FORMS)}.")
    pairs: MultiDict[str, Any] = MultiDict(request.form)
    pairs.update(request.files)
    return _from_pairs(argument, pairs, "/")


_READERS = {"json": _json, "query": _query, "form": _form}


def _from_pairs(argument: Argument, pairs: MultiDict[str, Any], prefix: str) -> Any:
    """Validate repeated `name=value` pairs: a list where the model has one, one value elsewhere."""
    many = lists_of(argument.model)
    faults: list[FieldError] = []
    data: dict[str, Any] = {}
    for key, values in pairs.lists():
        here = prefix + strict_json.printable(key)
        for text in (key, *values):
            if isinstance(text, str) and (detail := strict_json.fault_of(text)):
                faults.append(FieldError(here, detail))
        if key in many:
            data[key] = values
        else:
            data[key] = values[0]
            if len(values) > 1:
                faults.append(FieldError(here, "may be given only once"))
    if not faults:
        try:
            return adapter(argument.model).validate_python(data)
        except ValidationError as error:
            faults = _faults(error, data, prefix)
    raise Invalid(MESSAGE, faults)


@cache
def adapter(model: Any) -> TypeAdapter[Any]:
    """Return the validator and serialiser of a model or annotated type, made once."""
    return TypeAdapter(model)


@cache
def lists_of(model: Any) -> frozenset[str]:
    """Name the fields that may come several times, by the names they have outside."""
    names = set()
    for name, field in model.model_fields.items():
        origins = {get_origin(t) or t for t in _alternatives(field.annotation)}
        if origins & {list, tuple, set, frozenset, Sequence}:
            names.add(outer_name(name, field))
    return frozenset(names)


def outer_name(name: str, field: FieldInfo) -> str:
    """Return the name a field has in the request."""
    alias = field.validation_alias or field.alias
    return alias if isinstance(alias, str) else name


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself; looks through `Annotated`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return tuple(t for member in get_args(annotation) for t in _alternatives(member))
    return (annotation,)


def _faults(error: ValidationError, data: Any, prefix: str) -> list[FieldError]:
    """Translate pydantic's errors: one per place, pointing into what was sent."""
    found: dict[str, FieldError] = {}
    for fault in error.errors(include_url=False, include_input=False):
        pointer = _pointer(fault["loc"], data, prefix)
        cause = fault.get("ctx", {}).get("error")
        detail = str(cause) if isinstance(cause, ValueError) else fault["msg"]
        if fault["type"] == "extra_forbidden":
            detail = "is not known here"
        elif fault["type"] == "missing":
            detail = "is required"
        found.setdefault(pointer, FieldError(pointer, strict_json.safe(detail)))
    return list(found.values())


def _pointer(location: tuple[int | str, ...], data: Any, prefix: str) -> str:
    """Follow `location` through `data`, without the steps that are pydantic's own (unions)."""
    steps: list[str] = []
    last = len(location) - 1
    for index, part in enumerate(location):
        if isinstance(data, Mapping) and (part in data or index == last):
            data = data.get(str(part))
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            continue
        steps.append(strict_json.step(part))
    if prefix:
        return prefix + "/".join(steps)
    return "".join(f"/{s}" for s in steps)
