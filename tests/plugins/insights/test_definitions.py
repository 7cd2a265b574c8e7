"""Definitions in the browser's other language, held to those that they translate."""

import json
from pathlib import Path

from plugins.insights.table import METRICS


def test_every_definition_is_translated_as_it_is_now(repository: Path) -> None:
    """Whoever changes a definition changes its translation, and writes the new text beside it."""
    texts = repository / "frontend" / "src" / "lib" / "insights" / "texts" / "definitions.json"
    translated = json.loads(texts.read_text())
    assert {name: texts["en"] for name, texts in translated.items()} == {
        name: metric.definition for name, metric in METRICS.items()
    }
    assert all(texts["de"] and texts["de"] != texts["en"] for texts in translated.values())
