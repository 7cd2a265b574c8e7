"""Reading JSON that leaves nothing to interpretation.

Two programs that read one text differently are a way in: a checker takes the first of two equal
keys, the next reader the last. So what RFC 8259 leaves open is refused here: equal keys, numbers
that no 64-bit integer or double holds, NaN, lone surrogates, NUL, endless nesting.
https://www.rfc-editor.org/rfc/rfc8259
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from issue_insight.errors import FieldError

MAX_DEPTH = 32
_MAX_DIGITS = 19  # what a signed 64-bit integer has at most
_NEVER = re.compile("[\0\ud800-\udfff]")


class MalformedJson(ValueError):
    """The text is no JSON, or JSON that readers disagree about; the message says where or why."""


def parse(raw: bytes) -> Any:
    """Return the value of a JSON text. Raises `MalformedJson`."""
    try:
        return json.loads(
            raw.decode(),
            object_pairs_hook=_no_equal_keys,
            parse_constant=_no_constant,
            parse_int=_int64,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not UTF-8 (byte {error.start}).") from error
    except json.JSONDecodeError as error:
        raise MalformedJson(
            f"The body is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise MalformedJson("The body is nested too deeply.") from error


def _no_equal_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise MalformedJson(f"The key {printable(key)!r} comes twice in one object.")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not JSON.")


def _int64(digits: str) -> int:
    if len(digits.lstrip("-")) <= _MAX_DIGITS and -(2**63) <= (number := int(digits)) < 2**63:
        return number
    raise MalformedJson("A number is too large for a 64-bit integer.")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise MalformedJson("A number is too large.")
    return number


def faults(value: Any, pointer: str = "", depth: int = 0) -> Iterator[FieldError]:
    """Yield what no field may hold, each with its JSON pointer. Raises `MalformedJson` on depth."""
    if depth > MAX_DEPTH:
        raise MalformedJson("The body is nested too deeply.")
    if isinstance(value, str):
        if detail := fault_of(value):
            yield FieldError(pointer, detail)
    elif isinstance(value, dict):
        for key, item in value.items():
            here = f"{pointer}/{step(key)}"
            if detail := fault_of(key):
                yield FieldError(here, detail)
            yield from faults(item, here, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults(item, f"{pointer}/{index}", depth + 1)


def fault_of(text: str) -> str | None:
    """Tell why `text` can be stored nowhere, or None where it can."""
    found = _NEVER.search(text)
    if found is None:
        return None
    return "has a NUL character" if found[0] == "\0" else "has half a surrogate pair"


def step(key: object) -> str:
    """Return one step of a JSON pointer. https://www.rfc-editor.org/rfc/rfc6901#section-3"""
    return printable(str(key)).replace("~", "~0").replace("/", "~1")


def safe(text: str) -> str:
    """Return `text` with half surrogate pairs written out: no answer could carry them."""
    return text.encode(errors="backslashreplace").decode()


def printable(text: str) -> str:
    """Return `text` fit for an answer: surrogates and controls written out, and not endless."""
    shown = safe(text[:100])
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
