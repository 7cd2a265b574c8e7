"""The manifests for Kubernetes: to its schema, to each other, and to the code."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from flask import Flask

from issue_insight.serving import TARGET
from tests.deployment import command_of_the_image, read_names

VERSION = "1.37"
POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "runAsGroup": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "deploy" / "kubernetes"


@pytest.fixture(scope="module")
def kustomization(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "kustomization.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def manifests(folder: Path, kustomization: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every object, as `Kind/name`."""
    return {
        f"{one['kind']}/{one['metadata']['name']}": one
        for name in kustomization["resources"]
        for one in yaml.safe_load_all((folder / name).read_text())
    }


def pods(manifests: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: one["spec"]["template"]
        for name, one in manifests.items()
        if "template" in one.get("spec", {})
    }


def test_every_manifest_is_what_the_schema_says(
    manifests: dict[str, dict[str, Any]], folder: Path
) -> None:
    secret = yaml.safe_load((folder / "secret.example.yaml").read_text())
    for one in (*manifests.values(), secret):
        kubernetes_validate.validate(one, VERSION, strict=True)
    assert len(manifests) == 11


def test_a_field_that_does_not_exist_is_found(manifests: dict[str, dict[str, Any]]) -> None:
    broken = {**manifests["Service/backend"], "specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_every_file_is_used(folder: Path, kustomization: dict[str, Any]) -> None:
    there = {path.name for path in folder.glob("*.yaml")}
    assert there == {*kustomization["resources"], "kustomization.yaml", "secret.example.yaml"}


def test_every_pod_is_locked_away(manifests: dict[str, dict[str, Any]]) -> None:
    found = pods(manifests)
    assert set(found) == {"Job/migrate", "Deployment/backend", "Deployment/scheduler"}
    for name, pod in found.items():
        assert pod["spec"]["securityContext"] == POD_SECURITY, name
        assert pod["spec"]["automountServiceAccountToken"] is False
        [container] = pod["spec"]["containers"]
        assert container["securityContext"] == CONTAINER_SECURITY, name
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]
        assert set(container["resources"]) == {"requests", "limits"}


def test_commands_are_those_there_are(
    manifests: dict[str, dict[str, Any]], repository: Path
) -> None:
    commands = {name: p["spec"]["containers"][0]["command"] for name, p in pods(manifests).items()}
    assert commands["Job/migrate"] == ["flask", "upgrade"]
    assert commands["Deployment/scheduler"] == ["flask", "jobs", "schedule"]
    serving = command_of_the_image(repository)
    assert TARGET in serving
    serving[serving.index("--workers") + 1] = "1"
    assert commands["Deployment/backend"] == serving


def test_every_setting_is_one_that_is_read(folder: Path) -> None:
    names = set(re.findall(r"^(\w+)=", (folder / "settings.properties").read_text(), re.M))
    names |= set(yaml.safe_load((folder / "secret.example.yaml").read_text())["stringData"])
    assert names <= read_names()
    assert {"DATABASE_URL", "CLERK_SECRET_KEY", "PUBLIC_CLERK_PUBLISHABLE_KEY"} <= names


def test_probes_ask_for_what_there_is(manifests: dict[str, dict[str, Any]], app: Flask) -> None:
    [container] = pods(manifests)["Deployment/backend"]["spec"]["containers"]
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    paths = {kind: container[kind]["httpGet"]["path"] for kind in container if "Probe" in kind}
    assert paths == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert set(paths.values()) <= rules


def test_what_selects_finds_its_pods(manifests: dict[str, dict[str, Any]]) -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(manifests).items()}
    selectors = [
        manifests["Service/backend"]["spec"]["selector"],
        manifests["PodDisruptionBudget/backend"]["spec"]["selector"]["matchLabels"],
        manifests["NetworkPolicy/backend-is-asked"]["spec"]["podSelector"]["matchLabels"],
        manifests["Deployment/backend"]["spec"]["selector"]["matchLabels"],
    ]
    for selector in selectors:
        chosen = [name for name, own in labels.items() if selector.items() <= own.items()]
        assert chosen == ["Deployment/backend"]
    outside = manifests["NetworkPolicy/outside"]["spec"]["podSelector"]["matchLabels"]
    assert all(outside.items() <= own.items() for own in labels.values())
    [container] = pods(manifests)["Deployment/backend"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8181}]
    asked = manifests["NetworkPolicy/backend-is-asked"]["spec"]["ingress"][0]["ports"]
    assert asked == [{"protocol": "TCP", "port": 8181}]


def test_jobs_have_one_process_and_the_api_survives_a_disruption(
    manifests: dict[str, dict[str, Any]],
) -> None:
    assert manifests["Deployment/scheduler"]["spec"]["replicas"] == 1
    assert manifests["Deployment/scheduler"]["spec"]["strategy"] == {"type": "Recreate"}
    scaling = manifests["HorizontalPodAutoscaler/backend"]["spec"]
    assert scaling["scaleTargetRef"]["name"] == "backend"
    assert "replicas" not in manifests["Deployment/backend"]["spec"]
    budget = manifests["PodDisruptionBudget/backend"]["spec"]["minAvailable"]
    assert budget < scaling["minReplicas"] < scaling["maxReplicas"]


def test_the_image_is_named_where_it_is_replaced(
    manifests: dict[str, dict[str, Any]], kustomization: dict[str, Any]
) -> None:
    used = {pod["spec"]["containers"][0]["image"] for pod in pods(manifests).values()}
    assert used == {image["name"] for image in kustomization["images"]}
    assert re.fullmatch(r"\d+\.\d+\.\d+", kustomization["images"][0]["newTag"])
