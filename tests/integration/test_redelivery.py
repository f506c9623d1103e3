"""Messages without a time of their own: each is a reading, and one that is delivered again stays one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from deploy.native.server import Server
from fieldline.errors import Unavailable
from fieldline.log import Log, open_log
from ingest.publisher import Publisher
from tests.integration.broker_rig import CONNACK, ScriptedBroker
from tests.integration.ingest_rig import ingest, rows
from tests.passing_on import PassingOn

T0 = 1_767_225_600_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'log.db'}", partitions=3)
    yield opened
    opened.close()


class DoubtfulLog(PassingOn):
    """A real log that takes a record, and while `is_doubtful` says that it does not know: as Kafka does after a timeout."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self.is_doubtful = False
        self.doubts = 0

    def append(self, *record: Any) -> "Future[int]":
        done = self._real.append(*record)
        if not self.is_doubtful:
            return done
        done.result(20.0)
        self.doubts += 1
        raise Unavailable("log: no answer")


def pulses(device: Publisher, topic: str, count: int) -> None:
    for _ in range(count):
        device.publish(topic, b"1")
    device.flush()


def test_sixty_counts_that_wait_for_ingest_are_sixty_readings_in_order(mosquitto: Server, log: Log) -> None:
    settings: dict[str, Any] = {"mqtt": mosquitto.url, "subscribe": ("r1/#",), "client_id": "r1"}
    with ingest(log, **settings) as rig:
        rig.until_subscribed()
    with Publisher(mosquitto.url) as device:
        pulses(device, "r1/l/m/good_pulse", 60)
        for at in range(60):
            device.publish("r1/l/m/interval_energy_kwh", b"%d" % at)
        device.flush()
    with ingest(log, **settings) as rig:
        rig.until(lambda: rig.total("acknowledged") == 120)

    found = set(rows(log))
    assert len([row for row in found if row[1] == "good_pulse"]) == 60
    energy = sorted((time, value) for _, tag, time, value in found if tag == "interval_energy_kwh")
    assert [value for _, value in energy] == list(range(60))


def test_two_thousand_values_at_full_speed_are_two_thousand_readings(mosquitto: Server, log: Log) -> None:
    with (
        ingest(log, mqtt=mosquitto.url, subscribe=("r2/#",), client_id="r2") as rig,
        Publisher(mosquitto.url) as device,
    ):
        rig.until_subscribed()
        pulses(device, "r2/l/m/x", 2000)
        rig.until(lambda: rig.total("acknowledged") == 2000)

    assert len(set(rows(log))) == 2000


def test_what_the_broker_sends_again_after_a_doubt_stays_one_reading(mosquitto: Server, log: Log) -> None:
    doubtful = DoubtfulLog(log)
    with (
        ingest(doubtful, mqtt=mosquitto.url, subscribe=("r3/#",), client_id="r3") as rig,
        Publisher(mosquitto.url) as device,
    ):
        rig.until_subscribed()
        doubtful.is_doubtful = True
        pulses(device, "r3/l/m/x", 300)
        rig.until(lambda: doubtful.doubts >= 2)
        doubtful.is_doubtful = False
        rig.until(lambda: rig.total("acknowledged") >= 300)

    assert rig.total("redelivered") > 0
    assert len(rows(log)) > 300
    assert len(set(rows(log))) == 300


@pytest.mark.parametrize("point", ["after_recv", "after_append"])
def test_what_the_broker_sends_again_after_a_kill_stays_one_reading(
    mosquitto: Server, tmp_path: Path, point: str
) -> None:
    """Equal payloads on one topic: nothing but MQTT's own flag and number tells two messages from one that came twice."""
    url, topic = f"sqlite:{tmp_path / 'log.db'}", f"plant/{point}/m/good_pulse"
    command = [sys.executable, str(Path(__file__).with_name("ingest_process.py")), mosquitto.url, url]
    log = open_log(url)
    settings: dict[str, Any] = {"mqtt": mosquitto.url, "subscribe": ("plant/#",), "client_id": "killed"}
    with ingest(log, **settings) as rig:
        rig.until_subscribed()
    with Publisher(mosquitto.url) as device:
        for after in (150, 480):
            env = {**os.environ, "FIELDLINE_FAIL_AT": f"{point}:{after}"}
            process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
            pulses(device, topic, 500)
            assert process.wait(60) == -signal.SIGKILL
        with ingest(log, **settings) as rig:
            device.publish(topic, b"2")
            device.flush()
            # The broker has retained messages of others, too.
            rig.until(lambda: any(row[0] == f"plant/{point}/m" and row[3] == 2.0 for row in rows(log)))

    assert len({row for row in rows(log) if row[0] == f"plant/{point}/m"}) == 1001
    log.close()


def test_a_message_that_two_filters_match_is_one_though_the_broker_may_send_it_for_each(log: Log) -> None:
    """The standard leaves it to the broker [MQTT-3.3.5-1]: this one sends a message for each filter."""

    def answer(kind: int, body: bytes) -> bytes:
        count = body.count(b"r4/")
        if kind == 8:
            suback = bytes([0x90, 2 + count]) + body[:2] + b"\x01" * count
            return suback + b"".join(b"\x32\x0d\x00\x08r4/h/m/x\x00%c1" % (at + 1) for at in range(count))
        return CONNACK if kind == 1 else b""

    filters = ("r4/#", "r4/h/#", "r4/h/m/+")
    with ScriptedBroker(answer) as broker, ingest(log, mqtt=broker.url, subscribe=filters, protocol="3.1.1") as rig:
        rig.until(lambda: rig.total("acknowledged") > 0)

    assert [(asset, tag, value) for asset, tag, _, value in rows(log)] == [("r4/h/m", "x", 1.0)]


def test_filters_of_an_earlier_start_are_unsubscribed(mosquitto: Server, log: Log) -> None:
    broker: dict[str, Any] = {"mqtt": mosquitto.url, "client_id": "r5"}
    with Publisher(mosquitto.url) as device:
        with ingest(log, subscribe=("r5/a/#", "r5/b/#"), **broker) as rig:
            rig.until_subscribed()
            pulses(device, "r5/a/m/x", 1)
            pulses(device, "r5/b/m/x", 1)
            rig.until(lambda: len(rows(log)) == 2)

        with ingest(log, subscribe=("r5/a/m/#",), **broker) as rig:
            rig.until_subscribed()
            pulses(device, "r5/b/m/x", 5)
            pulses(device, "r5/a/m/x", 5)
            pulses(device, "r5/a/m/end", 1)
            rig.until(lambda: any(tag == "end" for _, tag, _, _ in rows(log)))

    assert [asset for asset, tag, _, _ in rows(log) if tag == "x"].count("r5/a/m") == 6
    assert [asset for asset, tag, _, _ in rows(log) if tag == "x"].count("r5/b/m") == 1


def test_numbers_that_a_device_passes_over_are_counted_per_asset(mosquitto: Server, log: Log) -> None:
    with (
        ingest(log, mqtt=mosquitto.url, subscribe=("r6/#",), client_id="r6") as rig,
        Publisher(mosquitto.url) as device,
    ):
        rig.until_subscribed()
        for number in (1, 2, 5, 6):
            device.publish("r6/l/m", b'{"ts":%d,"seq":%d,"x":1}' % (T0 + number, number))
        device.flush()
        rig.until(lambda: rig.total("acknowledged") == 4)

    assert rig.health.snapshot()["counters"]['sequence_missing{asset="r6/l/m"}'] == 2
