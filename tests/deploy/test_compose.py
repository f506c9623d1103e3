"""The compose file, its image and the systemd units: what can be checked without an engine."""

import configparser
import re
import subprocess
import sysconfig
import tomllib
from collections import defaultdict
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli.exits import Exit
from cli.main import app

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
STAGES = sorted(name for name, service in SERVICES.items() if service["image"].startswith("fieldline:"))
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def _parses(arguments: list[str]) -> None:
    """Parse a command line as fieldline does, without running it. Raises a usage error."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(command.name, arguments)


def test_there_is_a_service_for_each_part() -> None:
    assert set(SERVICES) == {
        "mosquitto", "kafka", "influxdb", "roles", "grafana", "topics", "ingest", "process", "deliver", "simulator",
    }  # fmt: skip
    assert SERVICES["simulator"]["profiles"] == ["demo"]


@pytest.mark.parametrize("name", STAGES)
def test_a_service_of_fieldline_uses_verbs_and_flags_that_exist(name: str) -> None:
    _parses([str(part) for part in SERVICES[name]["command"]])


def test_an_unknown_flag_would_be_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        _parses(["ingest", "--mqqt", "x"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_pinned_confined_and_bounded(name: str) -> None:
    service = SERVICES[name]

    assert re.fullmatch(r"[\w./-]+:\d+\.\d+[\w.-]*", service["image"]), "an image needs a version"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] and service["mem_limit"]
    assert "privileged" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:") or port == "${FIELDLINE_MQTTS_BIND:-127.0.0.1}:8883:8883", (
            "nothing is open to the network by default, and what is not encrypted never"
        )


@pytest.mark.parametrize("name", STAGES)
def test_a_service_of_fieldline_is_not_root_and_writes_to_memory_and_to_volumes_of_its_own_only(name: str) -> None:
    service = SERVICES[name]
    own = {"rollup:/var/lib/fieldline"} if name == "deliver" else set()

    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert {volume for volume in service.get("volumes", []) if not volume.endswith(":ro")} == own


def test_no_role_holds_the_administrators_token() -> None:
    holders = {name for name, service in SERVICES.items() if "influx_token" in service.get("secrets", [])}
    tokens = {name: v for name, s in SERVICES.items() for v in s.get("volumes", []) if v.startswith("token-")}

    assert holders == {"influxdb", "roles"}
    assert tokens == {
        "roles": "token-grafana:/tokens/grafana",
        "deliver": "token-deliver:/run/tokens:ro",
        "grafana": "token-grafana:/run/tokens:ro",
    }


def test_long_running_services_tell_their_health_and_others_wait_for_it() -> None:
    for name, service in SERVICES.items():
        if name not in ("topics", "roles", "simulator"):
            assert service["healthcheck"]["test"][0] == "CMD", name
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other in ("topics", "roles") else "service_healthy"
            assert how == {"condition": expected}, (name, other)


def test_names_in_the_file_are_declared() -> None:
    used: defaultdict[str, set[str]] = defaultdict(set)
    for service in SERVICES.values():
        used["secrets"].update(service.get("secrets", []))
        used["networks"].update(service["networks"])
        used["volumes"].update(v.split(":")[0] for v in service.get("volumes", []) if not v.startswith("."))
    assert {kind: set(COMPOSE[kind]) for kind in used} == dict(used)


def test_what_is_mounted_from_the_repository_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                source, _, mode = volume.split(":")
                assert (ROOT / source).exists(), source
                assert mode == "ro", source


def test_no_secret_stands_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

    for name, service in SERVICES.items():
        for key, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET", key):
                assert key.endswith("_FILE") and str(value).startswith(("/run/secrets/", "/run/tokens/")), (name, key)
    assert not re.search(r"://[^/\s\"]+:[^/\s\"]+@", text)


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    subprocess.run([ROOT / "deploy" / "secrets", folder], check=True, capture_output=True, timeout=30)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    again = subprocess.run([ROOT / "deploy" / "secrets", folder], check=True, capture_output=True, timeout=30)

    assert set(first) == {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()} | {"authority_key"}
    words = [text for name, text in first.items() if not name.startswith(("mqtts_", "authority_"))]
    assert all(re.fullmatch("[0-9a-f]{64}", text) for text in words) and len(set(words)) == len(words)
    assert {path.name: path.read_text() for path in folder.iterdir()} == first and again.stdout == b""
    assert folder.stat().st_mode & 0o077 == 0


def test_the_entrypoint_brings_the_kernels_and_becomes_fieldline(tmp_path: Path) -> None:
    kernels, cache, programs = tmp_path / "kernels", tmp_path / "cache", tmp_path / "bin"
    (kernels / "abc").mkdir(parents=True)
    (kernels / "abc" / "energy.nbi").write_bytes(b"kernel")
    programs.mkdir()
    (programs / "fieldline").write_text('#!/bin/sh\necho "$@"\n')
    (programs / "fieldline").chmod(0o755)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "NUMBA_CACHE_DIR": str(cache), "KERNELS": str(kernels)}

    done = subprocess.run(
        [ROOT / "deploy" / "entrypoint", "process", "--log", "kafka://kafka:9092"],
        env=environment, check=True, capture_output=True, text=True, timeout=30,
    )  # fmt: skip

    assert done.stdout == "process --log kafka://kafka:9092\n"
    assert (cache / "abc" / "energy.nbi").read_bytes() == b"kernel"


def test_the_image_has_every_room_that_the_wheel_has_and_its_licences() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = {room.rstrip("*") for room in project["tool"]["setuptools"]["packages"]["find"]["include"]}

    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \./\S*$", (ROOT / "Dockerfile").read_text())

    assert project["project"]["license-files"] == ["LICENSE", "NOTICE"]
    assert rooms | {"LICENSE", "NOTICE"} <= set(" ".join(copied).split())


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE"])
def test_what_is_installed_has_its_licences(name: str) -> None:
    # A checkout holds metadata of its own, so look only where packages are installed.
    (installed,) = distributions(name="fieldline", path=[sysconfig.get_path("purelib")])

    assert installed.read_text(f"licenses/{name}") == (ROOT / name).read_text(encoding="utf-8")


def test_the_image_copies_only_what_its_context_lets_in() -> None:
    copied = {
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        for source in [part for part in line.split() if not part.startswith("--")][:-1]
    }
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert copied == let_in


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_verb_that_exists_confined(path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(path.read_text(encoding="utf-8"))
    service = unit["Service"]

    started = service["ExecStart"].removeprefix("/bin/sh -c 'exec ").removesuffix("'")
    program, *arguments = started.replace("$$((8090 + %i))", str(8090 + 10)).split()

    assert program == "/opt/fieldline/venv/bin/fieldline"
    _parses(arguments)
    assert service["Restart"] == "always" and service["RestartPreventExitStatus"] == str(Exit.SETTINGS.value)
    assert service["User"] == "fieldline"
    assert service["NoNewPrivileges"] == "yes" and service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    # numba needs memory that is written and then run; nothing else does
    writes_code = "warmup" in path.read_text(encoding="utf-8")
    assert ("MemoryDenyWriteExecute" in service) != writes_code
