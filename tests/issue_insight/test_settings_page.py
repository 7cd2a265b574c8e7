"""docs/settings.md, held to the settings."""

import re
from pathlib import Path

from pydantic import AliasChoices

from issue_insight.settings import Settings


def test_the_page_names_every_setting_and_no_other(repository: Path) -> None:
    page = (repository / "docs" / "settings.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}
    expected = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        expected.add(str(alias.choices[1]) if isinstance(alias, AliasChoices) else name.upper())
    assert named == expected | {"DEMO", "PROMETHEUS_MULTIPROC_DIR"}
