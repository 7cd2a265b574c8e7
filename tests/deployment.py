"""What tests of the ways to deploy have in common."""

import json
import re
from pathlib import Path

from pydantic import AliasChoices

from issue_insight.settings import Settings


def read_names() -> set[str]:
    """Name every variable that the settings read."""
    names = {name.upper() for name in Settings.model_fields}
    for field in Settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names |= {str(choice).upper() for choice in field.validation_alias.choices}
    return names


def command_of_the_image(repository: Path) -> list[str]:
    """Return the words by which the image of the backend serves."""
    text = (repository / "Dockerfile").read_text().replace("\\\n", " ")
    [found] = re.findall(r"^CMD (\[.*?\])$", text, re.M)
    words: list[str] = json.loads(found)
    return words
