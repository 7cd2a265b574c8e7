"""`docker compose up`, as far as it can be told without an engine: what it sets is what is read."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from issue_insight.serving import TARGET
from tests.deployment import read_names


@pytest.fixture(scope="module")
def compose(repository: Path) -> dict[str, Any]:
    return yaml.safe_load((repository / "docker-compose.yml").read_text())


@pytest.mark.parametrize("service", ["migrate", "backend", "scheduler"])
def test_every_variable_of_the_backend_is_one_that_it_reads(
    compose: dict[str, Any], service: str
) -> None:
    assert set(compose["services"][service]["environment"]) <= read_names()


def test_only_the_keys_of_clerk_have_to_be_set(repository: Path) -> None:
    text = (repository / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w+):\?", text)) == {
        "PUBLIC_CLERK_PUBLISHABLE_KEY",
        "CLERK_SECRET_KEY",
    }
    example = (repository / ".env.example").read_text()
    assert set(re.findall(r"\$\{(\w+)", text)) == set(re.findall(r"^#? ?(\w+)=", example, re.M))


def test_the_frontend_is_on_4173_and_the_api_on_8181_and_nothing_else_is_published(
    compose: dict[str, Any],
) -> None:
    ports = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert ports == {"backend": ["8181:8181"], "frontend": ["4173:4173"]}


def test_migrations_run_once_and_before_whatever_needs_them(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["migrate"]["command"] == ["flask", "upgrade"]
    for name in ("backend", "scheduler"):
        needs = services[name]["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            if how == {"condition": "service_healthy"}:
                assert "healthcheck" in services[needed], f"{name} waits for {needed} for ever"


def test_jobs_run_in_one_process(compose: dict[str, Any]) -> None:
    running = [
        name
        for name, service in compose["services"].items()
        if service.get("environment", {}).get("SCHEDULER_ENABLED") == "1"
    ]
    assert running == ["scheduler"]


def test_images_serve_what_make_run_serves_and_not_as_root(repository: Path) -> None:
    text = (repository / "Dockerfile").read_text()
    assert TARGET in text
    assert re.search(r"^USER (?!root)", text, re.M)
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M):
        for path in source.split():
            assert (repository / path).exists(), f"{path} is not there to be copied"
    for stage in re.findall(r"--from=(\w+)", text):
        assert re.search(rf"^FROM .+ AS {stage}$", text, re.M)
