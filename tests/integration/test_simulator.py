"""The simulated plant through a real broker and the ingest stage: the log holds what the truth says."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.log import Log, open_log
from ingest.publisher import Publisher
from ingest.simulator import Faults, Simulation, pack_for, simulate
from tests.integration.ingest_rig import ingest, letters, rows

START_NS = 1_767_225_600_000_000_000  # 2026-01-01


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'log.db'}", partitions=3)
    yield opened
    opened.close()


def test_the_log_holds_every_reading_of_the_truth(mosquitto: Server, log: Log) -> None:
    faults = Faults(duplicates=0.03, shuffle_s=60, late=0.2, gaps=0.2, counter_resets=0.5, malformed=0.01)
    simulation = Simulation(START_NS, seed=11, pack_s=pack_for(None), faults=faults)
    topics = ("plant/#", "farm/#")

    with ingest(log, mqtt=mosquitto.url, subscribe=topics, client_id="sim") as rig, Publisher(mosquitto.url) as devices:
        rig.until_subscribed()

        clock, stop = SystemClock(), threading.Event()
        done = simulate(simulation, devices, seconds=1800, clock=clock, stop=stop, speed=None)
        rig.until(lambda: rig.total("acknowledged") >= done.messages)

    truth = simulation.truth()
    found = Counter((asset, tag) for asset, tag, _, _ in rows(log))
    expected = {(a, t): s["readings"] + s["copies"] for a, tags in truth["series"].items() for t, s in tags.items()}
    assert done.readings > 90_000
    assert found == expected
    assert len(letters(log)) == truth["messages"]["malformed"] > 0


def test_unique_readings_of_the_log_are_those_of_the_truth(mosquitto: Server, log: Log) -> None:
    simulation = Simulation(START_NS, seed=12, faults=Faults(duplicates=0.3))

    with (
        ingest(log, mqtt=mosquitto.url, subscribe=("plant/#", "farm/#"), client_id="sim2") as rig,
        Publisher(mosquitto.url) as devices,
    ):
        rig.until_subscribed()

        clock, stop = SystemClock(), threading.Event()
        done = simulate(simulation, devices, seconds=60, clock=clock, stop=stop, speed=None)
        rig.until(lambda: rig.total("acknowledged") >= done.messages)

    unique = Counter((asset, tag) for asset, tag, _, _ in set(rows(log)))
    truth = simulation.truth()
    assert unique == {(a, t): s["readings"] for a, tags in truth["series"].items() for t, s in tags.items()}
