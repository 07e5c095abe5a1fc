"""The production shape: docker-compose.yml, its image and its variables, as far as can be known without Docker."""

import base64
import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from domain.errors import ConfigurationError
from settings import PREFIX, Settings
from starter.codec_server import codec_app_for
from starter.serving import STOPS_WITHIN
from worker import GRACE

ROOT = Path(__file__).parent.parent
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()

VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")
ON_THIS_MACHINE = re.compile(r"(127\.0\.0\.1|\$\{\w+_BIND:-127\.0\.0\.1\}):")
TAGGED = re.compile(r".+:(?!latest$)[\w.-]+")
SECRETS = {
    *("POSTGRES_PASSWORD", "SEGUE_DATABASE_PASSWORD", "TEMPORAL_DATABASE_PASSWORD"),
    *("SEGUE_SECRET", "SEGUE_WRITE_KEYS"),
}
OPTIONAL_SECRETS = {"SEGUE_CODEC_TOKEN"}
"""Asked for by their process itself: a variable that compose requires it requires without the profile, too."""
PROCESSES = {
    *("postgres", "temporal", "temporal-ui", "inbox", "codec"),
    *("migrate", "search-attributes", "collector", "worker"),
}
FOR_COMPOSE_ITSELF = {"COMPOSE_PROFILES"}

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
each_image = pytest.mark.parametrize("image", re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))


def waits() -> list[tuple[str, str]]:
    """Every (service waited for, condition)."""
    return [
        (name, awaited["condition"])
        for service in SERVICES.values()
        for name, awaited in service.get("depends_on", {}).items()
    ]


ONE_SHOTS = {name for name, condition in waits() if condition == "service_completed_successfully"}


def documented() -> dict[str, str]:
    """The variables of .env.example with their values, optional ones (commented out) included."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {found[1]: found[2] for line in lines if (found := re.fullmatch(r"#?([A-Z_]+)=(.*)", line))}


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())

    jsonschema.Draft202012Validator(schema).validate(COMPOSE)


def test_the_schema_would_catch_a_misspelt_key() -> None:
    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())

    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        jsonschema.validate({"services": {"worker": {"image": "x", "helthcheck": {}}}}, schema)


def test_every_process_is_there() -> None:
    assert set(SERVICES) >= PROCESSES
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert {name: each["profiles"] for name, each in SERVICES.items() if "profiles" in each} == {
        "inbox": ["inbox"],
        "codec": ["codec"],
    }


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_be_asked_for_its_health_or_ends(name: str) -> None:
    assert ("healthcheck" in SERVICES[name]) != (name in ONE_SHOTS)


@pytest.mark.parametrize(("name", "condition"), waits())
def test_what_is_waited_for_can_be_reached(name: str, condition: str) -> None:
    assert name in SERVICES
    assert "profiles" not in SERVICES[name]
    assert condition in {"service_healthy", "service_completed_successfully"}
    assert condition != "service_healthy" or "healthcheck" in SERVICES[name]


@pytest.mark.parametrize("name", SERVICES)
def test_a_one_shot_stays_ended_and_a_service_comes_back(name: str) -> None:
    assert SERVICES[name]["restart"] == ("on-failure:5" if name in ONE_SHOTS else "unless-stopped")


@pytest.mark.parametrize(("name", "needs"), [("collector", STOPS_WITHIN), ("worker", GRACE.total_seconds())])
def test_what_is_under_way_is_finished_before_docker_kills(name: str, needs: float) -> None:
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= 2 * needs


@each_service
def test_no_service_has_more_rights_than_it_needs(service: dict[str, Any]) -> None:
    assert not service.get("privileged")
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"cap_add", "network_mode", "pid", "ipc"} & set(service)
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"temporal-ui"}))
def test_file_systems_are_read_only_and_capabilities_dropped(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]


@each_service
def test_ports_are_published_on_this_machine_unless_a_variable_says_otherwise(service: dict[str, Any]) -> None:
    assert all(ON_THIS_MACHINE.match(port) for port in service.get("ports", []))


@each_service
def test_every_image_is_pinned_to_a_tag(service: dict[str, Any]) -> None:
    assert TAGGED.fullmatch(service["image"])


def test_every_variable_is_documented_and_every_documented_one_is_used() -> None:
    used = {found["name"] for found in VARIABLE.finditer(COMPOSE_TEXT)}

    assert used == set(documented()) - FOR_COMPOSE_ITSELF


def test_a_default_is_documented_as_it_is() -> None:
    defaults = {v["name"]: v["rest"][2:] for v in VARIABLE.finditer(COMPOSE_TEXT) if v["rest"].startswith(":-")}

    assert defaults
    assert {name: documented()[name] for name in defaults} == defaults


def test_secrets_are_required_with_a_hint_and_have_no_example_value() -> None:
    for found in VARIABLE.finditer(COMPOSE_TEXT):
        if found["name"] in SECRETS:
            assert found["rest"].startswith(f":?set {found['name']}"), found[0]
    assert {name: documented()[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
    assert {name: documented()[name] for name in OPTIONAL_SECRETS} == dict.fromkeys(OPTIONAL_SECRETS, "")


def test_the_codec_server_knows_no_secret_but_its_own_and_starts_with_a_token_alone() -> None:
    """Who can ask it gets what Temporal keeps; who breaks in must not get the rest."""
    codec = SERVICES["codec"]
    given = {found["name"] for value in codec["environment"].values() for found in VARIABLE.finditer(value)}
    assert given & (SECRETS | OPTIONAL_SECRETS) == {"SEGUE_CODEC_TOKEN"}
    assert codec["env_file"] == COMPOSE["x-segue"]["env_file"], "where SEGUE_PAYLOAD_KEYS is"
    values = {name: documented().get(name, value) for name, value in codec["environment"].items()}
    fields = {name.removeprefix(PREFIX).lower(): VARIABLE.sub("", value) for name, value in values.items()}
    keys = {"payload_keys": f"k1:{base64.b64encode(bytes(32)).decode()}", "ui_port": 8233}
    with pytest.raises(ConfigurationError, match="SEGUE_CODEC_TOKEN"):
        codec_app_for(Settings.model_validate(fields | keys))
    codec_app_for(Settings.model_validate(fields | keys | {"codec_token": "a" * 24}))


@pytest.mark.parametrize("script", sorted((ROOT / "deploy").rglob("*.sh")), ids=lambda path: path.name)
def test_deployment_scripts_are_executable_shell(script: Path) -> None:
    subprocess.run(["/bin/sh", "-n", script], check=True)
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\./(deploy/[\w./]+):", COMPOSE_TEXT))))
def test_what_is_mounted_exists(path: str) -> None:
    assert (ROOT / path).is_dir()


@each_image
def test_the_base_image_is_pinned_to_a_patch_release(image: str) -> None:
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", image)


def test_the_image_runs_as_an_ordinary_user() -> None:
    users = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)

    assert users
    assert int(users[-1]) >= 10_000


def test_the_image_holds_every_room_and_the_ignore_file_lets_it_through() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    copied = {word for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]}
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert rooms <= copied
    assert copied == let_through


@pytest.mark.skipif(sys.platform != "linux", reason="the container's health check reads Linux's /proc")
@pytest.mark.parametrize(("holds_connection", "status"), [(True, 0), (False, 1)])
def test_a_worker_is_healthy_while_it_is_connected_to_temporal(holds_connection: bool, status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as temporal:
        port = temporal.getsockname()[1]
        worker = socket.create_connection(("127.0.0.1", port)) if holds_connection else None
        check = subprocess.run(
            [sys.executable, ROOT / "deploy/connected.py"], env={"SEGUE_TEMPORAL": f"temporal:{port}"}, check=False
        )
        if worker:
            worker.close()

    assert check.returncode == status


def test_every_variable_a_segue_process_gets_is_one_it_knows() -> None:
    given = {name for service in SERVICES.values() if "build" in service for name in service["environment"]}

    assert {name.split("__")[0] for name in given} <= {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
