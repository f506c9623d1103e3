"""The whole pipe for the tests, and one undisturbed run of it to compare with."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.native.server import Server
from tests.integration import steel_rig
from tests.integration.pipe_rig import Pipe, fieldline

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def _warm() -> None:
    """Kernels are compiled before anybody waits for a stage."""
    fieldline("warmup", timeout_s=300)


@pytest.fixture
def make_pipe(_warm: None, mosquitto: Server, kafka: Server, influxdb: Server, tmp_path: Path) -> Callable[[], Pipe]:
    """A pipe over Mosquitto, Kafka and InfluxDB with topics and a database of its own."""
    return lambda: pipe_on(mosquitto, kafka, influxdb, tmp_path)


@pytest.fixture(scope="session")
def undisturbed(
    _warm: None, _mosquitto: Server, _kafka: Server, _influxdb: Server, tmp_path_factory: pytest.TempPathFactory
) -> "tuple[Pipe, steel_rig.Results]":
    """The steel plant's file sent once in its own order, drained, stopped: its pipe, and what InfluxDB holds.

    Four rows a message; that a row a message gives the same, `test_crashes` shows.
    """
    for server in (_mosquitto, _kafka, _influxdb):
        server.thaw()
        server.start()
    with pipe_on(_mosquitto, _kafka, _influxdb, tmp_path_factory.mktemp("steel")) as pipe:
        steel_rig.start_stages(pipe)
        steel_rig.send_all(pipe.mqtt, "--batch", "4")
        pipe.wait_drained()
        pipe.stop()
        return pipe, steel_rig.results(pipe)


def pipe_on(mosquitto: Server, kafka: Server, influxdb: Server, folder: Path) -> Pipe:
    name = f"pipe{next(_numbers)}"
    log = f"{kafka.url}?prefix={name}&session_timeout_ms=6000"
    return Pipe(name, folder, mosquitto.url, log, f"{influxdb.url}/{name}?api=v1")
