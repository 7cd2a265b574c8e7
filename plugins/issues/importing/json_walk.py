"""Walking through JSON with the line of every object, which the parsers' messages name."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from plugins.issues.importing.records import Unreadable

_SPACE = " \t\r\n"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def value_of(text: str, line: int) -> Any:
    """Return the one JSON value of `text`, which stands on `line`; raise `Unreadable`."""
    walk = _Walk(text, line)
    value = walk.value()
    walk.end()
    return value


def members(text: str, arrays: frozenset[str]) -> Iterator[tuple[str, int, Any]]:
    """Yield (name, line, value) for every member of the one JSON object in `text`.

    A member named in `arrays` that is an array comes element by element, each with the line it
    begins on. Raises `Unreadable` where the JSON is broken; what came before it has been yielded.
    """
    walk = _Walk(text, 1)
    walk.take("{", "a JSON object")
    if walk.peek() == "}":
        walk.take("}", "}")
    else:
        while True:
            line = walk.line()
            name = walk.value()
            if not isinstance(name, str):
                raise Unreadable("broken JSON: a name in quotes is expected", line)
            walk.take(":", "':'")
            if name in arrays and walk.peek() == "[":
                yield from walk.elements(name)
            else:
                line = walk.line()
                yield name, line, walk.value()
            if walk.take(",}", "',' or '}'") == "}":
                break
    walk.end()


class _Walk:
    """A position in a JSON text, and the line it is on."""

    def __init__(self, text: str, line: int) -> None:
        self._text = text
        self._at = 0
        self._counted = 0
        self._line = line

    def line(self) -> int:
        """Return the line of the next character that is not white space."""
        self.peek()
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def peek(self) -> str:
        """Return the next character that is not white space, or nothing at the end."""
        text, at, end = self._text, self._at, len(self._text)
        while at < end and text[at] in _SPACE:
            at += 1
        self._at = at
        return text[at : at + 1]

    def take(self, characters: str, expected: str) -> str:
        """Step over one of `characters`."""
        found = self.peek()
        if not found or found not in characters:
            here = f"{found!r} stands" if found else "the file ends"
            raise Unreadable(f"broken JSON: {here} where {expected} is expected", self.line())
        self._at += 1
        return found

    def value(self) -> Any:
        """Step over one value and return it."""
        start = self.line()
        try:
            value, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            line = start + self._text.count("\n", self._counted, error.pos)
            raise Unreadable(f"broken JSON: {error.msg}", line) from error
        except RecursionError as error:
            raise Unreadable("broken JSON: nested too deeply", start) from error
        except ValueError as error:
            # A number of thousands of digits, NaN or Infinity.
            raise Unreadable(f"broken JSON: {error}", start) from error
        return value

    def elements(self, name: str) -> Iterator[tuple[str, int, Any]]:
        """Step over an array, yielding its elements."""
        self.take("[", "'['")
        if self.peek() == "]":
            self.take("]", "']'")
            return
        while True:
            line = self.line()
            yield name, line, self.value()
            if self.take(",]", "',' or ']'") == "]":
                return

    def end(self) -> None:
        """Refuse anything that follows."""
        if self.peek():
            raise Unreadable("broken JSON: something follows the end", self.line())
