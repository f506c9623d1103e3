"""InfluxDB away, Kafka restarted, Mosquitto restarted while devices publish: memory stays bounded, everything arrives."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from deploy.native.server import Server
from ingest.publisher import Publisher
from tests.integration.pipe_rig import STAGE_BYTES, Pipe, fieldline, until

OUTAGE_S = float(os.environ.get("FIELDLINE_TEST_OUTAGE_S", "6"))
ASSETS = tuple(f"plant/hall{number % 4}/line{number % 8}/press{number}" for number in range(20))
_SAMPLES = 25
_START_NS = 1_767_225_600_000_000_000  # 2026-01-01
_STEP_NS = 10_000_000
_MESSAGES_S = 100


class Devices:
    """Publishes 2,500 samples a second in messages of 25, and keeps what the broker acknowledged.

    `points` are InfluxDB's (asset, time, value) of everything that was sent so far.
    """

    def __init__(self, url: str) -> None:
        self._acknowledged: set[int] = set()
        self._publisher = Publisher(url, acknowledged=self._acknowledged.add)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Stop publishing and wait until everything is acknowledged."""
        self._stop.set()
        self._thread.join(90.0)
        assert not self._thread.is_alive() and self._error is None, self._error
        self._publisher.close()
        assert self._acknowledged == set(range(self.sent))

    def points(self) -> set[tuple[str, int, float]]:
        return {
            (ASSETS[number % len(ASSETS)], time_ns, value)
            for number in range(self.sent)
            for time_ns, value in _samples(number)
        }

    def _run(self) -> None:
        try:
            began = time.monotonic()
            while not self._stop.is_set():
                rows = [{"ts": time_ns, "force_kn": value} for time_ns, value in _samples(self.sent)]
                self._publisher.publish(ASSETS[self.sent % len(ASSETS)], msgspec.json.encode(rows))
                self.sent += 1
                self._stop.wait(max(0.0, began + self.sent / _MESSAGES_S - time.monotonic()))
            self._publisher.flush()
        except BaseException as error:
            self._error = error


def _samples(number: int) -> Iterator[tuple[int, float]]:
    """Times and values of a message; no two of an asset have the same time."""
    first = number // len(ASSETS) * _SAMPLES
    for row in range(first, first + _SAMPLES):
        yield _START_NS + row * _STEP_NS, (row * 37 + number) / 8


@pytest.fixture
def running(make_pipe: Callable[[], Pipe]) -> Iterator[Pipe]:
    with make_pipe() as pipe:
        fieldline("topics", "apply", "--log", pipe.log, "--partitions", "3")
        pipe.ingest()
        # Devices whose messages wait for a broker to come back are late by as long, in their own time by more.
        pipe.process(1, "--raw", "*", "--windows", "1m,15m")
        pipe.deliver()
        for process in pipe.processes:
            process.until_ready()
        yield pipe


def test_outages_of_every_server_lose_nothing_and_cost_no_memory(
    running: Pipe, mosquitto: Server, kafka: Server, influxdb: Server
) -> None:
    devices = Devices(mosquitto.url)

    with watched(running):
        devices.start()
        work(devices, 1.0)
        influxdb.stop()
        work(devices, OUTAGE_S)
        influxdb.start()
        work(devices, 1.0)
        kafka.stop()
        work(devices, 1.0)
        kafka.start()
        work(devices, 3.0)
        mosquitto.restart()
        work(devices, 3.0)
        devices.finish()
        running.wait_drained(150.0)

    sources = running.audit()
    assert readings(running) == devices.points()
    assert sum(source["stored"] for source in sources.values()) == devices.sent * _SAMPLES
    assert sum(source["late"] + source["dead_lettered"] for source in sources.values()) == 0
    assert {
        process.name: process.largest_bytes for process in running.processes if process.largest_bytes > STAGE_BYTES
    } == {}
    running.stop()


@contextmanager
def watched(pipe: Pipe) -> Iterator[None]:
    """Sample the stages' memory ten times a second meanwhile."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            for process in pipe.processes:
                process.sample()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5.0)


def work(devices: Devices, seconds: float) -> None:
    """Let the devices publish for so long."""
    until_s = time.monotonic() + seconds
    until(lambda: time.monotonic() >= until_s, seconds + 5.0, lambda: f"{devices.sent} messages sent")


def readings(pipe: Pipe) -> set[tuple[str, int, float]]:
    """What InfluxDB has of `reading`, as (asset, time, value)."""
    found = set()
    for line in pipe.ask('SELECT "value" FROM "reading" GROUP BY "asset"').splitlines():
        head, _, rest = line.partition(",asset=")
        if head == "reading":
            asset, time_ns, value = rest.rsplit(",", 2)
            found.add((asset, int(time_ns), float(value)))
    return found
