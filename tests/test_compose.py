"""`docker compose up`, as far as it can be told without an engine: what it sets is what is read."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from issue_insight.serving import TARGET
from tests.deployment import read_names


@pytest.fixture(scope="module")
def compose(repository: Path) -> dict[str, Any]:
    return yaml.safe_load((repository / "docker-compose.yml").read_text())


BACKENDS = ("migrate", "backend", "scheduler")


@pytest.mark.parametrize("service", BACKENDS)
def test_every_variable_of_the_backend_is_one_that_it_reads(
    compose: dict[str, Any], service: str
) -> None:
    assert set(compose["services"][service]["environment"]) <= read_names()


def test_only_the_keys_of_clerk_have_to_be_set(repository: Path) -> None:
    text = (repository / "docker-compose.yml").read_text()
    text += (repository / "docker-compose.minio.yml").read_text()
    asked = re.findall(r"(?<!\$)\$\{(\w+)(:-)?", text)
    assert [name for name, default in asked if not default] == []
    example = (repository / ".env.example").read_text()
    of_pages = (repository / "frontend" / ".env.example").read_text()
    assert re.findall(r"^(\w+)=$", example + of_pages, re.M) == [
        "CLERK_SECRET_KEY",
        "PUBLIC_CLERK_PUBLISHABLE_KEY",
    ]
    named = set(re.findall(r"^#? ?(\w+)=", example, re.M))
    assert {name for name, _ in asked} <= named
    assert named - read_names() == {"POSTGRES_PASSWORD", "MINIO_IMAGE"}


def test_the_backend_reads_both_files_and_either_may_hold_the_publishable_key(
    compose: dict[str, Any],
) -> None:
    for name in BACKENDS:
        files = compose["services"][name]["env_file"]
        assert [file["path"] for file in files] == ["frontend/.env", ".env"]
        # What is set here would win over the files.
        assert not {"PUBLIC_CLERK_PUBLISHABLE_KEY", "CLERK_SECRET_KEY"} & set(
            compose["services"][name]["environment"]
        )


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


def test_jobs_run_in_one_process_of_their_own(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["scheduler"]["command"] == ["flask", "jobs", "schedule"]
    assert not any(
        "SCHEDULER_ENABLED" in service.get("environment", {}) for service in services.values()
    )


def test_what_is_ours_is_not_root_and_writes_nowhere_but_in_memory(
    compose: dict[str, Any], repository: Path
) -> None:
    for name in (*BACKENDS, "frontend"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    text = (repository / "Dockerfile").read_text()
    for stage in ("backend", "frontend"):
        rest = text.partition(f" AS {stage}\n")[2].partition("\nFROM ")[0]
        assert re.search(r"^USER 10001:10001$", rest, re.M), stage
    # What is written at run time is told to be below /tmp.
    for name in ("DATA_DIR", "PROMETHEUS_MULTIPROC_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        assert re.search(rf"{name}=/tmp\b", text), name


def test_whoever_is_waited_for_says_when_it_is_well(compose: dict[str, Any]) -> None:
    for name in ("db", "s3", "backend", "frontend"):
        assert compose["services"][name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_images_are_pinned_to_a_release(compose: dict[str, Any], repository: Path) -> None:
    images = [s["image"] for s in compose["services"].values() if "build" not in s]
    images += re.findall(r"^FROM (\S+)", (repository / "Dockerfile").read_text(), re.M)
    for image in images:
        assert re.search(r":\d+(\.\d+)*(-\w+)?$", image), image


def test_minio_takes_the_place_of_the_s3_server_and_nothing_else_changes(
    compose: dict[str, Any], repository: Path
) -> None:
    other = yaml.safe_load((repository / "docker-compose.minio.yml").read_text())
    assert other["services"].keys() == compose["services"].keys()
    for name, service in other["services"].items():
        if name == "s3":
            continue
        assert service["extends"] == {"file": "docker-compose.yml", "service": name}
        changed = {"S3_ENDPOINT": "http://s3:9000"} if name in BACKENDS else None
        assert service.get("environment") == changed
    minio, s3 = other["services"]["s3"], compose["services"]["s3"]
    assert minio["command"][-1] == ":9000"
    assert set(minio["environment"].values()) < set(s3["environment"].values())
    assert "ports" not in minio
    used = {volume.partition(":")[0] for volume in (*minio["volumes"], "database:")}
    assert set(other["volumes"]) == used


@pytest.mark.parametrize("written", ["https://issues.example.org", "https://issues.example.org/"])
def test_pages_may_read_what_the_s3_server_answers_however_their_address_is_written(
    compose: dict[str, Any], written: str, tmp_path: Path
) -> None:
    s3 = compose["services"]["s3"]
    assert s3["environment"]["PUBLIC_URL"] == "${PUBLIC_URL:-http://localhost:4173}"
    started = tmp_path / "entrypoint.sh"
    started.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    started.chmod(0o755)
    # As Compose does: `$$` is a dollar.
    shell = [part.replace("$$", "$") for part in s3["entrypoint"]]
    shell = [part.replace("/entrypoint.sh", str(started)) for part in shell]
    said = subprocess.run(
        [*shell, *s3["command"]], env={"PUBLIC_URL": written}, capture_output=True, check=True
    ).stdout.decode()
    assert said.splitlines() == [
        *s3["command"],
        "-s3.allowedOrigins=https://issues.example.org",
    ]


def test_images_serve_what_make_run_serves_and_not_as_root(repository: Path) -> None:
    text = (repository / "Dockerfile").read_text()
    assert TARGET in text
    assert re.search(r"^USER (?!root)", text, re.M)
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M):
        for path in source.split():
            assert (repository / path).exists(), f"{path} is not there to be copied"
    for stage in re.findall(r"--from=(\w+)", text):
        assert re.search(rf"^FROM .+ AS {stage}$", text, re.M)
