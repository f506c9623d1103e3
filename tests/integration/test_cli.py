"""The command line as processes of its own, over real servers."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
START_S = 60.0


class Verbs:
    """Runs verbs in a folder; stages it started are stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stages: list[subprocess.Popen[str]] = []
        self._environment = {name: text for name, text in os.environ.items() if not name.startswith("FIELDLINE_")}
        self._environment["PYTHONPATH"] = str(ROOT)

    def run(self, *arguments: str, timeout_s: float = 90.0) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cli.main", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, cwd=self.folder, env=self._environment
        )

    def json(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.stdout, result.stderr
        return json.loads(result.stdout)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        log = (self.folder / f"{arguments[0]}{len(self.stages)}.log").open("w")
        command = [sys.executable, "-m", "cli.main", *arguments]
        stage = subprocess.Popen(command, stdout=log, stderr=log, text=True, cwd=self.folder, env=self._environment)
        log.close()
        self.stages.append(stage)
        return stage

    def said(self, number: int = 0) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob(f"*{number}.log")))


@pytest.fixture
def verbs(_warm: None, tmp_path: Path) -> Iterator[Verbs]:
    """Verbs in an empty folder."""
    verbs = Verbs(tmp_path)
    yield verbs
    for stage in verbs.stages:
        if stage.poll() is None:
            stage.kill()
        stage.wait(10)


def _until(condition: Callable[[], bool], what: Callable[[], str], within_s: float = START_S) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def _write_csv(path: Path, rows: int) -> None:
    """`rows` minutes of a steady 60 kW and 45 kvar: 1 kWh and 0.75 kvarh a minute, power factor 0.8."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["when", "p", "q"])
        writer.writerows(
            [[f"2026-03-01 {minute // 60:02d}:{minute % 60:02d}:00", 60.0, 45.0] for minute in range(rows)]
        )


SEND = ("--asset", "plant/hall1/line1/oven", "--time", "when", "--tag", "p=power:kW", "--tag", "q=reactive_power:kvar")


def test_run_takes_a_file_over_mosquitto_to_energy_and_a_balanced_audit(verbs: Verbs, mosquitto: Any) -> None:
    _write_csv(verbs.folder / "meter.csv", rows=121)
    stage = verbs.start("run", "--mqtt", mosquitto.url, "--subscribe", "plant/#", "--log", "sqlite:plant.db")
    _until(lambda: "subscribed" in verbs.said(), verbs.said)

    sent = verbs.json("send", "meter.csv", *SEND, "--to", mosquitto.url)
    _until(lambda: _has_records(verbs), verbs.said)
    drained = verbs.run("status", "--log", "sqlite:plant.db", "--wait", "60s")
    rows = verbs.json("query", "energy", "--log", "sqlite:plant.db", "--window", "1h")
    audit = verbs.run("audit", "--log", "sqlite:plant.db")
    stage.send_signal(signal.SIGTERM)
    began = time.monotonic()
    code = stage.wait(15)

    assert sent["samples"] == 242
    assert drained.returncode == 0, drained.stdout
    assert [row["time"] for row in rows][:2] == ["2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"]
    for row in rows[:2]:
        assert row["active_energy_kwh"] == pytest.approx(60.0, rel=1e-12)
        assert row["reactive_energy_kvarh"] == pytest.approx(45.0, rel=1e-12)
        assert row["power_factor"] == pytest.approx(0.8, rel=1e-12)
    assert audit.returncode == 0, audit.stdout
    assert audit.stdout.endswith("balanced\n")
    assert code == 0
    assert time.monotonic() - began < 10


def _has_records(verbs: Verbs) -> bool:
    stages = verbs.json("status", "--log", "sqlite:plant.db")["stages"]
    return bool(stages[0]["end"])


def test_a_second_stage_on_one_sqlite_log_is_told_and_leaves_with_4(verbs: Verbs) -> None:
    verbs.start("process", "--log", "sqlite:plant.db")
    _until(lambda: "idle" in verbs.said(), verbs.said)

    second = verbs.run("process", "--log", "sqlite:plant.db")

    assert second.returncode == 4, second.stderr
    assert "Traceback" not in second.stderr
    assert verbs.stages[0].poll() is None


def test_health_is_answered_over_http(verbs: Verbs) -> None:
    import socket
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    verbs.start("process", "--log", "sqlite:plant.db", "--http", address)
    _until(lambda: "idle" in verbs.said(), verbs.said)

    with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as answer:
        stages = json.loads(answer.read())

    assert [(stage["stage"], stage["state"]) for stage in stages] == [("process", "idle")]


def test_the_demo_ends_with_a_balanced_audit_that_equals_the_truth(verbs: Verbs) -> None:
    result = verbs.run("demo", "--minutes", "0.3", "--quiet", "--seed", "7", timeout_s=240)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "balanced" in result.stdout
    agreed = re.search(r"against the simulator's truth: (\d+) of \1 figures agree", result.stdout)
    assert agreed is not None and int(agreed[1]) > 500, result.stdout


def test_status_and_audit_work_on_kafka(verbs: Verbs, kafka_url: Callable[..., str]) -> None:
    url = kafka_url(3)

    status = verbs.json("status", "--log", url)
    audit = verbs.run("audit", "--log", url)

    assert status["drained"] is True
    assert len(status["stages"]) == 6
    assert audit.returncode == 0


def test_kafka_that_is_not_there_is_a_line_and_code_3(verbs: Verbs) -> None:
    result = verbs.run("process", "--log", "kafka://127.0.0.1:1")

    assert result.returncode == 3, result.stderr
    assert "Traceback" not in result.stderr


def test_query_reads_influxdb_as_it_reads_the_local_store(verbs: Verbs, mosquitto: Any, influxdb: Any) -> None:
    _write_csv(verbs.folder / "meter.csv", rows=61)
    influx = f"{influxdb.url}/cli_test?api=v1"
    verbs.start("run", "--mqtt", mosquitto.url, "--subscribe", "plant/#", "--log", "sqlite:plant.db", "--influx", influx,
                "--client-id", "cli-influx-test")  # fmt: skip
    _until(lambda: "subscribed" in verbs.said(), verbs.said)

    verbs.run("send", "meter.csv", *SEND, "--to", mosquitto.url)
    _until(lambda: _has_records(verbs), verbs.said)
    verbs.run("status", "--log", "sqlite:plant.db", "--wait", "60s")
    ours = verbs.json("query", "telemetry", "--window", "15m", "--log", "sqlite:plant.db")
    theirs = verbs.json("query", "telemetry", "--window", "15m", "--influx", influx)

    assert len(ours) == 10
    assert theirs == ours
