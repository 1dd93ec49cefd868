"""The Kubernetes manifests: by the schemas of the oldest and the newest Kubernetes that we mean, and by intent."""

import re
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from unit.deploy.manifests import ALL, FOLDER, OPTIONS, VERSIONS, containers, get, named, pod, read
from unit.deploy.sources import DEPLOY

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of jsonschema, at import
    import kubernetes_validate

# Kinds that others bring to the cluster; no schema of Kubernetes' own has them.
BROUGHT = {"Kustomization", "Component", "ServiceMonitor", "PodMonitor", "PrometheusRule", "ScaledObject"}
NAME = "app.kubernetes.io/name"


PODS = ["gateway", "nats", "worker"]


def judge(one: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("one", [one for one in ALL if one["kind"] not in BROUGHT], ids=named)
def test_the_schema_takes_it(one, version):
    judge(one, version)


def test_a_field_that_kubernetes_does_not_know_is_found():
    one = get("Deployment", "worker")
    wrong = {**one, "spec": {**one["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        judge(wrong, VERSIONS[-1])


def test_the_kustomization_lists_every_file():
    for folder in [FOLDER, *(FOLDER / "options" / name for name in OPTIONS)]:
        (one,) = read(folder / "kustomization.yaml")
        there = {file.name for file in folder.glob("*.yaml")} - {"kustomization.yaml"}
        assert set(one["resources"]) == there
        assert len(one["resources"]) == len(there)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")
def test_kustomize_builds_it_with_all_that_can_be_added(tmp_path: Path):
    shutil.copytree(FOLDER, tmp_path / "base")
    shutil.copy(FOLDER / "secrets.env.example", tmp_path / "base/secrets.env")
    added = [f"base/options/{name}" for name in OPTIONS]
    overlay = {"resources": ["base"], "components": added, "namespace": "lectern"}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    done = subprocess.run(["kubectl", "kustomize", str(tmp_path)], capture_output=True, text=True, check=True)
    built = list(yaml.safe_load_all(done.stdout))
    assert {"Deployment-gateway", "ScaledObject-worker", "PodMonitor-worker", "Ingress-gateway"} <= set(
        map(named, built)
    )
    for one in built:
        assert one["kind"] == "Namespace" or one["metadata"]["namespace"] == "lectern"
        if one["kind"] in ("ConfigMap", "Secret"):  # the others have been judged, and only get names and labels
            judge(one, VERSIONS[-1])
    pulled = re.findall(r"image: (\S+)", done.stdout)
    assert len(pulled) == 4 and all(re.search(r":\d+\.\d+\.\d+", image) for image in pulled)


def test_what_pods_take_from_secrets_is_in_the_example_and_nothing_else():
    keys = set(re.findall(r"^([a-z-]+)=$", (FOLDER / "secrets.env.example").read_text(), re.MULTILINE))
    taken: set[str] = set()
    for name in PODS:
        for container in containers(name):
            references = [entry.get("valueFrom", {}).get("secretKeyRef") for entry in container.get("env", [])]
            taken |= {reference["key"] for reference in references if reference}
        for volume in pod(name)["spec"].get("volumes", []):
            taken |= {item["key"] for item in volume.get("secret", {}).get("items", [])}
    assert taken == keys


def test_passwords_come_from_the_secret():
    for name in PODS:
        for container in containers(name):
            for entry in container.get("env", []):
                if re.search("PASSWORD|SECRET|STORE_URL", entry["name"]):
                    assert entry["valueFrom"]["secretKeyRef"]["name"] == "lectern"


@pytest.mark.parametrize("name", PODS)
def test_pods_are_as_small_a_risk_as_can_be(name):
    spec = pod(name)["spec"]
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in containers(name):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert "memory" in container["resources"]["limits"] and "cpu" in container["resources"]["requests"]


@pytest.mark.parametrize("name", PODS)
def test_every_container_is_probed_and_every_mount_has_its_volume(name):
    claims = get("StatefulSet", "nats")["spec"]["volumeClaimTemplates"] if name == "nats" else []
    volumes = {one["name"] for one in pod(name)["spec"]["volumes"]} | {one["metadata"]["name"] for one in claims}
    mounted = {one["name"] for container in containers(name) for one in container["volumeMounts"]}
    assert mounted == volumes
    for container in containers(name):
        assert {"startupProbe", "livenessProbe"} <= set(container)
    assert "readinessProbe" in containers(name)[-1]


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "NetworkPolicy"])
def test_whatever_selects_pods_finds_some(kind):
    labels = [pod(name)["metadata"]["labels"] for name in PODS]
    for one in (one for one in ALL if one["kind"] == kind):
        chosen = one["spec"].get("selector") or one["spec"].get("podSelector")
        wanted = chosen.get("matchLabels", chosen)
        assert wanted == {} or wanted in labels


def test_ports_of_services_are_ports_of_their_pods():
    for one in (one for one in ALL if one["kind"] == "Service"):
        name = one["spec"]["selector"][NAME].removeprefix("lectern-")
        there = {port["name"] for container in containers(name) for port in container.get("ports", [])}
        assert {port["targetPort"] for port in one["spec"]["ports"]} <= there


def test_nobody_but_its_worker_reaches_comfyui():
    assert all(one["spec"]["selector"][NAME] != "lectern-worker" for one in ALL if one["kind"] == "Service")
    comfyui, worker = containers("worker")
    assert "ports" not in comfyui and "args" not in comfyui  # the image has it listen on loopback
    assert "--comfyui=http://127.0.0.1:8188" in worker["args"]
    (let_in,) = get("NetworkPolicy", "worker")["spec"]["ingress"]
    assert [port["port"] for port in let_in["ports"]] == [8191]


def test_comfyui_starts_before_its_worker_and_ends_after_it():
    """An init container that restarts always is a sidecar; a sidecar ends once the pod's own containers have."""
    comfyui, worker = containers("worker")
    assert comfyui["restartPolicy"] == "Always" and comfyui["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert pod("worker")["spec"]["terminationGracePeriodSeconds"] >= 1800
    assert "command" not in worker  # a shell in between would keep SIGTERM from it


def test_nothing_is_let_through_by_default():
    spec = get("NetworkPolicy", "nothing")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (outward,) = get("NetworkPolicy", "gateway")["spec"]["egress"]
    assert "169.254.0.0/16" in outward["to"][0]["ipBlock"]["except"]  # where clouds keep credentials
    (to_nats,) = get("NetworkPolicy", "worker")["spec"]["egress"]
    assert [port["port"] for port in to_nats["ports"]] == [4222]


def test_three_nats_servers_keep_what_they_have():
    spec = get("StatefulSet", "nats")["spec"]
    assert spec["replicas"] == 3 and spec["volumeClaimTemplates"]
    config = (FOLDER / "nats.conf").read_text()
    given = {entry["name"] for entry in containers("nats")[0]["env"]}
    assert set(re.findall(r"\$([A-Z_0-9]+)", config.split("\n", 1)[1])) == given
    routes = [entry["value"] for entry in containers("nats")[0]["env"] if entry["name"].startswith("NATS_ROUTE_")]
    assert [route.rpartition("@")[2].partition(":")[0] for route in routes] == [
        f"nats-{n}.nats-peers" for n in range(3)
    ]


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("HorizontalPodAutoscaler", "minReplicas", "maxReplicas"), ("ScaledObject", "minReplicaCount", "maxReplicaCount")],
)
def test_workers_are_scaled_and_one_always_stays(kind, least, most):
    spec = get(kind, "worker")["spec"]
    assert spec["scaleTargetRef"]["name"] == get("Deployment", "worker")["metadata"]["name"]
    assert 1 == spec[least] < spec[most]


def test_the_alerts_for_the_operator_are_the_same():
    assert get("PrometheusRule", "lectern")["spec"] == yaml.safe_load((DEPLOY / "prometheus/rules.yaml").read_text())
