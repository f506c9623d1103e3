"""Files and the simulated plant, published to a real broker and read back by a subscriber."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError, Unavailable
from ingest.decoder import decode_message
from ingest.publisher import Publisher
from ingest.send import Attribute, Columns, EventColumns, Playback, TagColumn, send_file
from ingest.simulator import Faults, Simulation, simulate

STEEL = Path(__file__).parents[1] / "data" / "steel_energy" / "steel_industry_2018_jan_sep.csv.xz"
START_NS = 1_767_225_600_000_000_000  # 2026-01-01


class Subscriber:
    """Everything that is published on the broker, as (topic, payload), in the order of arrival."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._arrived = threading.Condition()
        subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("#", qos=1)
        self._client.loop_start()
        assert subscribed.wait(10)

    def wait_for(self, number: int, timeout_s: float = 20.0) -> list[tuple[str, bytes]]:
        with self._arrived:
            self._arrived.wait_for(lambda: len(self.messages) >= number, timeout_s)
        return self.messages

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, client: Client, data: Any, message: Any) -> None:
        if message.retain:
            return  # left by a test before
        with self._arrived:
            self.messages.append((message.topic, message.payload))
            self._arrived.notify_all()


@pytest.fixture
def subscriber(mosquitto: Server) -> Iterator[Subscriber]:
    found = Subscriber(mosquitto.port)
    yield found
    found.close()


def test_a_file_arrives_in_its_own_order_with_every_sample(mosquitto: Server, subscriber: Subscriber) -> None:
    tags = [TagColumn("Usage_kWh", "interval_energy", "kWh"), TagColumn("Lagging_Current_Power_Factor", "pf")]

    report = send_file(STEEL, "plant/steel/line1", Columns("date", tags), mosquitto.url, playback=Playback(batch=96))

    assert (report.rows, report.samples, report.empty_rows) == (26_208, 52_416, 0)
    messages = subscriber.wait_for(report.messages)
    rows = [row for _, payload in messages for row in json.loads(payload)]
    assert {topic for topic, _ in messages} == {"plant/steel/line1"}
    assert rows[0] == {"ts": 1_514_765_700_000, "values": {"interval_energy_kwh": 3.17, "pf": 73.21}}
    assert len(rows) == 26_208
    assert [row["ts"] for row in rows].index(1_514_764_800_000) == 95  # 00:00 of the first day comes last of it


def test_a_shuffled_file_holds_the_same_rows(mosquitto: Server, subscriber: Subscriber, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("t,p\n" + "".join(f"{1_767_225_600 + 60 * n},{n}\n" for n in range(200)), encoding="utf-8")
    shuffled = Playback(shuffle_within_s=600, seed=3, repeat=2)

    report = send_file(path, "a/b", Columns("t", [TagColumn("p", "p")]), mosquitto.url, playback=shuffled)

    values = [json.loads(payload)["values"]["p"] for _, payload in subscriber.wait_for(report.messages)]
    assert report.messages == 400
    assert sorted(values) == sorted([*range(200), *range(200)])
    assert values[:200] != values[200:] != sorted(values[200:])
    # nothing is displaced by more than ten rows of a minute
    assert max(abs(at - value) for at, value in enumerate(values[:200])) <= 10


def test_empty_cells_and_rows_are_not_sent(mosquitto: Server, subscriber: Subscriber, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("t,p,q\n1767225600,1,\n1767225601,,\n1767225602,,2\n", encoding="utf-8")
    tags = [TagColumn("p", "p"), TagColumn("q", "q")]
    told: list[tuple[int, int]] = []

    report = send_file(path, "a/b", Columns("t", tags), mosquitto.url, progress=lambda *now: told.append(now))

    bodies = [json.loads(payload)["values"] for _, payload in subscriber.wait_for(2)]
    assert bodies == [{"p": 1.0}, {"q": 2.0}]
    assert (report.rows, report.messages, report.samples, report.empty_rows) == (3, 2, 2, 1)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_rows_arrive_as_events_that_ingest_reads(mosquitto: Server, subscriber: Subscriber, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("t,Status,Grund\n1767225600,down,Werkzeug\n,,\n1767225660,running,\n", encoding="utf-8")
    columns = EventColumns("state", [Attribute("state", "Status"), Attribute("reason", "Grund")], START_NS)

    report = send_file(path, "a/b", Columns("t", events=columns), mosquitto.url, playback=Playback(batch=2))

    ((topic, payload),) = subscriber.wait_for(1)
    read = decode_message(topic, payload, START_NS)
    said = [json.loads(each or b"") for each in read.readings.payload or []]
    assert (report.rows, report.messages, report.samples, report.empty_rows) == (3, 1, 2, 1)
    assert read.problem is None and read.readings.tags == ["@state"]
    assert read.readings.time.tolist() == [START_NS, START_NS + 60 * 10**9]
    assert said == [
        {"reason": "Werkzeug", "recorded": "2026-01-01T00:00:00.000Z", "state": "down"},
        {"recorded": "2026-01-01T00:00:00.000Z", "state": "running"},
    ]
    assert (read.readings.value < 0).all()


def test_samples_and_events_are_not_sent_together(mosquitto: Server, tmp_path: Path) -> None:
    events = EventColumns("state", [Attribute("state", "s")])
    both = Columns("t", [TagColumn("p", "p")], events)

    with pytest.raises(SettingsError, match="send the file twice"):
        send_file(tmp_path / "log.csv", "a/b", both, mosquitto.url)


def test_nothing_is_sent_of_a_file_with_a_fault(mosquitto: Server, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("t,p\n1767225600,1\n1767225601,x1\n", encoding="utf-8")

    def connect(url: str) -> Publisher:
        raise AssertionError("connected before the file was read")

    with pytest.raises(SettingsError, match="row 2"):
        send_file(path, "a/b", Columns("t", [TagColumn("p", "p")]), mosquitto.url, connect=connect)


def test_a_speed_paces_by_the_time_of_the_rows(mosquitto: Server, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("t,p\n1767225600,1\n1767225620,2\n1767225610,3\n", encoding="utf-8")

    report = send_file(path, "a/b", Columns("t", [TagColumn("p", "p")]), mosquitto.url, playback=Playback(speed=100.0))

    assert 0.2 <= report.seconds < 5


def test_every_published_message_is_acknowledged_across_a_crash_of_the_broker(mosquitto: Server) -> None:
    acknowledged: set[int] = set()

    with Publisher(mosquitto.url, max_inflight=500, acknowledged=acknowledged.add) as publisher:
        for _ in range(400):
            publisher.publish("a/b", b"1")
        mosquitto.kill()
        for _ in range(100):
            publisher.publish("a/b", b"2")
        mosquitto.start()
        publisher.flush(30)

    assert acknowledged == set(range(500))


def test_publishing_ends_with_an_error_when_the_broker_stays_away(mosquitto: Server) -> None:
    with Publisher(mosquitto.url, max_inflight=1) as publisher:
        mosquitto.kill()
        publisher.publish("a/b", b"1")

        with pytest.raises(Unavailable, match="wait for an acknowledgement"):
            publisher.publish("a/b", b"2", timeout_s=0.05)
        with pytest.raises(Unavailable, match="1 messages unacknowledged"):
            publisher.flush(0.05)


def test_a_broker_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(Unavailable, match="127.0.0.1:1 can't be reached"):
        Publisher("mqtt://127.0.0.1:1")


def test_a_topic_with_a_wildcard_is_refused(mosquitto: Server) -> None:
    with Publisher(mosquitto.url) as publisher, pytest.raises(SettingsError, match="can't publish to 'a/#'"):
        publisher.publish("a/#", b"1")


def test_an_error_in_the_ledger_is_raised_and_does_not_end_the_connection(mosquitto: Server) -> None:
    def ledger(number: int) -> None:
        raise ArithmeticError("broken ledger")

    with Publisher(mosquitto.url, acknowledged=ledger) as publisher:
        publisher.publish("a/b", b"1")

        with pytest.raises(ArithmeticError, match="broken ledger"):
            publisher.flush(10)


def test_the_simulated_plant_arrives_as_its_truth_says(mosquitto: Server, subscriber: Subscriber) -> None:
    faults = Faults(duplicates=0.05, shuffle_s=20, malformed=0.02)
    simulation = Simulation(START_NS, seed=5, faults=faults)

    with Publisher(mosquitto.url) as publisher:
        clock = SystemClock()
        done = simulate(simulation, publisher, seconds=120, clock=clock, stop=threading.Event(), speed=None)

    messages = subscriber.wait_for(done.messages)
    truth = simulation.truth()
    assert len(messages) == done.messages == truth["messages"]["sent"]
    assert len(messages) - len(set(messages)) == truth["messages"]["copies"] > 0


def test_a_stopped_simulation_sends_what_it_held_back(mosquitto: Server) -> None:
    simulation = Simulation(START_NS, seed=5, faults=Faults(shuffle_s=600))
    stop = threading.Event()
    begin = time.monotonic()

    with Publisher(mosquitto.url) as publisher:
        done = simulate(
            simulation,
            publisher,
            seconds=36_000,
            clock=SystemClock(),
            stop=stop,
            speed=1000.0,
            progress=lambda now: stop.set(),
        )

    assert time.monotonic() - begin < 20
    assert done.messages == simulation.truth()["messages"]["sent"]
    assert simulation.end_ns < START_NS + 36_000_000_000_000
