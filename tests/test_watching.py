"""Dashboard and alerts, held to what `/metrics` tells: each name, and each label, exists."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from issue_insight import metrics as counted

OF_PROMETHEUS = {"up": frozenset({"job", "instance"})}
"""What the scraper itself adds: series, and labels on every one."""
ADDED = {"job", "instance"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",), "gauge": ("",)}
_WORDS = {"by", "without", "and", "or", "unless", "on", "ignoring", "bool", "offset"}


@pytest.fixture
def metrics(client: FlaskClient, app: Flask) -> dict[str, frozenset[str]]:
    """The labels of every series, by its name."""
    assert app.test_cli_runner().invoke(args=["jobs", "run", "stats.aggregate"]).exit_code == 0
    found = dict(OF_PROMETHEUS)
    labels = {c._name: frozenset(c._labelnames) for c in vars(counted).values() if _is_metric(c)}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        seen = frozenset(name for sample in family.samples for name in sample.labels)
        for suffix in SUFFIXES[family.type]:
            own = seen | labels.get(family.name, frozenset())
            found[family.name + suffix] = own | {"le"} if suffix == "_bucket" else own - {"le"}
    return found


def _is_metric(thing: object) -> bool:
    return hasattr(thing, "_labelnames") and hasattr(thing, "collect")


def faults(query: str, metrics: dict[str, frozenset[str]]) -> list[str]:
    """Name what a query asks for that is not there."""
    found, every = [], set(ADDED)
    for name, matchers in re.findall(r"\b([a-z_][a-z0-9_]*)(\{[^}]*\})?", _bare(query)):
        if name not in metrics:
            found.append(f"there is no series {name}")
            continue
        every |= metrics[name]
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        found += [f"{name} has no {label}" for label in sorted(asked - metrics[name] - ADDED)]
    for grouped in re.findall(r"\b(?:by|without)\s*\(([^)]*)\)", query):
        found += [f"nothing has {x}" for x in re.split(r"[\s,]+", grouped) if x and x not in every]
    return found


def _bare(query: str) -> str:
    """Leave only series and their matchers: no functions, groupings, ranges, operators."""
    query = re.sub(r"\b(?:by|without)\s*\([^)]*\)", " ", query)
    query = re.sub(r"\[[^\]]*\]", " ", query)
    query = re.sub(r"\b[a-z_0-9]+\s*(?=\()", " ", query)
    return re.sub(rf"\b(?:{'|'.join(_WORDS)})\b", " ", query)


def of_the_dashboard(repository: Path) -> Iterator[tuple[str, str]]:
    board = json.loads((repository / "deploy/grafana/issue-insight.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def rules(repository: Path) -> list[dict[str, Any]]:
    text = (repository / "deploy/prometheus/alerts.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def test_every_query_of_the_dashboard_asks_for_what_there_is(
    metrics: dict[str, frozenset[str]], repository: Path
) -> None:
    queries = list(of_the_dashboard(repository))
    assert len(queries) > 20
    assert [(title, found) for title, q in queries if (found := faults(q, metrics))] == []


def test_every_metric_of_ours_is_on_the_dashboard(
    metrics: dict[str, frozenset[str]], repository: Path
) -> None:
    shown = " ".join(query for _, query in of_the_dashboard(repository))
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in metrics} - {"up"}
    assert sorted(name for name in families if name not in shown) == []


def test_every_alert_asks_for_what_there_is_and_says_how_to_mend_it(
    metrics: dict[str, frozenset[str]], repository: Path
) -> None:
    for rule in rules(repository):
        assert faults(rule["expr"], metrics) == [], rule["alert"]
        assert rule["annotations"]["mend"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        for label in re.findall(r"\$labels\.(\w+)", str(rule["annotations"])):
            assert label in ADDED or f"by ({label})" in rule["expr"], rule["alert"]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("rate(issue_insight_gone_total[5m])", "there is no series issue_insight_gone_total"),
        ('up{colour="red"}', "up has no colour"),
        ("sum by (colour) (up)", "nothing has colour"),
        ("issue_insight_http_request_duration_seconds", "there is no series"),
    ],
)
def test_a_query_for_what_is_not_there_is_found(
    metrics: dict[str, frozenset[str]], query: str, fault: str
) -> None:
    [found] = faults(query, metrics)
    assert found.startswith(fault)


def test_the_document_names_every_metric(
    metrics: dict[str, frozenset[str]], repository: Path
) -> None:
    page = (repository / "docs" / "watching.md").read_text()
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in metrics} - {"up"}
    named = set(re.findall(r"`(issue_insight_\w+)", page))
    assert named == families
