"""The compose files: read by Docker Compose where that is installed, and by us."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lectern.settings import read_settings
from unit.deploy.manifests import COMPOSE_FILES, compose, services
from unit.deploy.sources import DEPLOY, ROOT

COMPOSE = shutil.which("docker-compose")
TOGETHER = [COMPOSE_FILES[:1], COMPOSE_FILES[1:2], [COMPOSE_FILES[0], COMPOSE_FILES[2]]]
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:[-?][^}]*)?\}")


def example() -> dict[str, str]:
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.skipif(COMPOSE is None, reason="no docker-compose here")
@pytest.mark.parametrize("files", TOGETHER, ids="+".join)
def test_docker_compose_reads_them(files, tmp_path: Path):
    env = tmp_path / "env"
    env.write_text("".join(f"{name}={value or 'x'}\n" for name, value in example().items()))
    named = [word for file in files for word in ("--file", str(DEPLOY / file))]
    command = [str(COMPOSE), *named, "--env-file", str(env), "--profile", "*", "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_variable_is_explained_in_the_example_and_the_other_way_round():
    used = {found[1] for file in COMPOSE_FILES for found in VARIABLE.finditer((DEPLOY / file).read_text())}
    used |= {secret["environment"] for file in COMPOSE_FILES for secret in compose(file).get("secrets", {}).values()}
    assert used == set(example())


def test_no_secret_is_written_down():
    assert all(not value for name, value in example().items() if re.search("PASSWORD|SECRET|KEY", name))
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|STORE_URL", name):
                (found,) = VARIABLE.finditer(value)
                assert found[2].startswith(":?"), f"{name} may be empty"


def test_images_are_ours_or_one_version():
    for service in services().values():
        assert "build" in service or re.search(r":v?\d+\.\d+", service["image"])
        if "build" in service:
            folder = (DEPLOY / service["build"]["context"]).resolve()
            assert folder == ROOT and (ROOT / service["build"]["dockerfile"]).exists()


def test_what_is_mounted_exists():
    for file in COMPOSE_FILES:
        document = compose(file)
        for service in document["services"].values():
            for mounted in service.get("volumes", []):
                source = VARIABLE.sub("", mounted).split(":")[0]
                if source.startswith("./"):
                    assert (DEPLOY / source).is_file()
                elif source:
                    assert source in document["volumes"]


def test_nothing_listens_to_the_world_unless_somebody_says_so():
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert len(published) == 3  # gateway, NATS, Grafana
    assert all(port.startswith("127.0.0.1:") or ":-127.0.0.1:" in port for port in published)


@pytest.mark.parametrize(("worker", "comfyui"), [("worker", "comfyui"), ("worker-cpu", "comfyui-cpu")])
def test_a_worker_shares_the_network_of_its_comfyui_which_ends_after_it(worker, comfyui):
    pair = compose("compose.worker.yaml")["services"]
    assert pair[worker]["network_mode"] == f"service:{comfyui}"
    assert pair[worker]["depends_on"] == {comfyui: {"condition": "service_healthy"}}
    assert pair[worker]["stop_grace_period"] == "30m"
    assert pair[worker]["profiles"] == pair[comfyui]["profiles"]
    assert "ports" not in pair[comfyui]


def test_one_gpu_is_reserved_for_a_comfyui_with_the_profile_gpu():
    (device,) = services()["comfyui"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert "deploy" not in services()["comfyui-cpu"] and services()["comfyui-cpu"]["command"] == ["--cpu"]


def test_ours_can_neither_write_their_image_nor_gain_rights():
    for name, service in services().items():
        if "build" in service:
            assert service["read_only"] and service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_settings_of_gateways_are_valid_and_ask_for_keys():
    apps = read_settings(DEPLOY / "kubernetes/lectern.toml").apps
    assert apps.access == "keys"
    assert apps.webhook_secret_env in services()["gateway"]["environment"]
