"""Taking JSON objects apart: what is missing or of the wrong kind is a problem with a line."""

from typing import Any

from plugins.issues.importing.records import ImportProblem


class Shape:
    """One JSON object of a row that begins on `line`; `what` names it in messages."""

    def __init__(self, value: Any, what: str, line: int) -> None:
        if not isinstance(value, dict):
            raise ImportProblem(f"{what} is {_kind(value)}, not an object", line)
        self._members: dict[str, Any] = value
        self._what = what
        self.line = line

    def has(self, name: str) -> bool:
        """Tell whether there is a member of that name other than null."""
        return self._members.get(name) is not None

    def names(self) -> set[str]:
        """Return the names of all members."""
        return set(self._members)

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.text_or_none(name)
        if value is None:
            raise ImportProblem(f"{self._what} has no {name}", self.line)
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return a text, or None where it is absent or null."""
        value = self._members.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(name, value, "a text")
        return value

    def number_or_none(self, name: str) -> int | None:
        """Return a whole number, or None where it is absent or null."""
        value = self._members.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise self._wrong(name, value, "a whole number")
        return value

    def name_or_none(self, name: str) -> str | None:
        """Return what a thing is called: a text, or an object's `login` or `name`."""
        value = self._members.get(name)
        return None if value is None else self._called(name, value)

    def called(self, name: str) -> tuple[str, ...]:
        """Return the names in an array of texts or of objects with a `login` or `name`."""
        return tuple(self._called(name, value) for value in self.array(name))

    def array(self, name: str) -> list[Any]:
        """Return an array, empty where it is absent or null."""
        value = self._members.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, value, "an array")
        return value

    def shapes(self, name: str, what: str) -> list["Shape"]:
        """Return an array of objects."""
        return [Shape(value, what, self.line) for value in self.array(name)]

    def raw(self, name: str) -> Any:
        """Return a member as it is, None where it is absent."""
        return self._members.get(name)

    def _called(self, name: str, value: Any) -> str:
        if isinstance(value, dict):
            value = value.get("login") or value.get("name")
        if not isinstance(value, str):
            raise self._wrong(name, value, "a name")
        return value

    def _wrong(self, name: str, value: Any, expected: str) -> ImportProblem:
        return ImportProblem(f"{name} of {self._what} is {_kind(value)}, not {expected}", self.line)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", str: "a text", bool: "true or false"}
    if value is None:
        return "null"
    return kinds.get(type(value), "a number")
