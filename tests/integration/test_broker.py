"""The embedded broker, with real clients of MQTT 3.1.1 and 5, and bytes that no client would send."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, Queue
from typing import Any
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from fieldline.errors import SettingsError
from fieldline.log import Log, open_log
from ingest.broker.listener import Broker
from tests.integration.ingest_rig import FaultyLog, Rig, ingest, letters, rows
from tests.passing_on import PassingOn

T0 = 1_767_225_600_000
OLD, NEW = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
both = pytest.mark.parametrize("version", [OLD, NEW], ids=["3.1.1", "5"])


class Device:
    """A paho client whose callbacks go into queues; waits have a deadline."""

    def __init__(self, url: str, version: MQTTProtocolVersion, name: str = "", **connect: Any) -> None:
        self.messages: Queue[MQTTMessage] = Queue()
        self.connected: Queue[tuple[str, bool]] = Queue()
        self.subscribed: Queue[list[int]] = Queue()
        self.published: Queue[int] = Queue()
        self.lost: Queue[str] = Queue()
        is_clean = connect.pop("clean_session", None)
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=version,
            clean_session=is_clean,
            reconnect_on_failure=False,
        )
        self.client.on_message = lambda client, data, message: self.messages.put(message)
        self.client.on_connect = lambda client, data, flags, reason, more: self.connected.put(
            (str(reason), flags.session_present)
        )
        self.client.on_subscribe = lambda client, data, mid, codes, more: self.subscribed.put([c.value for c in codes])
        self.client.on_publish = lambda client, data, mid, reason, more: self.published.put(mid)
        self.client.on_disconnect = lambda client, data, flags, reason, more: self.lost.put(str(reason))
        self._url, self._connect = url, connect

    def __enter__(self) -> "Device":
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def open(self) -> "Device":
        self.client.connect("127.0.0.1", urlsplit(self._url).port or 0, **self._connect)
        self.client.loop_start()
        self.welcome = self.connected.get(timeout=20)
        assert self.welcome[0] == "Success"
        return self

    def drop(self) -> None:
        """Lose the connection without a word."""
        sock = self.client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        self.lost.get(timeout=20)
        self.client.loop_stop()

    def publish(self, topic: str, payload: bytes, qos: int = 1, **more: Any) -> None:
        """Publish and wait until the handshake is done."""
        info = self.client.publish(topic, payload, qos, **more)
        if qos:
            info.wait_for_publish(20.0)
            assert info.is_published()

    def subscribe(self, name: str, qos: int = 1) -> list[int]:
        self.client.subscribe(name, qos)
        return self.subscribed.get(timeout=20)

    def next(self) -> MQTTMessage:
        return self.messages.get(timeout=20)

    def none(self) -> bool:
        """Whether nothing came; ask after something that was published later has come."""
        try:
            return self.messages.get_nowait() is None
        except Empty:
            return True


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'log.db'}")
    yield opened
    opened.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker(0) as opened:
        yield opened


@pytest.fixture
def rig(log: Log, broker: Broker) -> Iterator[Rig]:
    with ingest(log, source=broker) as running:
        yield running


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20.0
    look = threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        look.wait(0.01)


@both
@pytest.mark.parametrize("qos", [1, 2])
def test_what_is_acknowledged_is_on_the_log(
    rig: Rig, broker: Broker, log: Log, version: MQTTProtocolVersion, qos: int
) -> None:
    with Device(broker.url, version) as device:
        for at in range(20):
            device.publish("a/l/m/x", b'{"ts":%d,"value":1}' % (T0 + at), qos)
            assert len(rows(log)) == at + 1  # at the moment of the acknowledgement, not a moment later


@both
@pytest.mark.parametrize("qos", [1, 2])
def test_nothing_is_acknowledged_while_the_log_is_down(
    log: Log, broker: Broker, version: MQTTProtocolVersion, qos: int
) -> None:
    faulty = FaultyLog(log)
    with ingest(faulty, source=broker) as rig, Device(broker.url, version) as device:
        faulty.is_down = True
        for at in range(50):
            device.client.publish("a/l/m/x", b'{"ts":%d,"value":1}' % (T0 + at), qos)
        rig.until(lambda: faulty.refused >= 2)

        assert device.published.empty()
        assert "no space left" in rig.health.reason
        faulty.is_down = False
        for _ in range(50):
            device.published.get(timeout=20)

        rig.until(lambda: rig.health.state == "active")
    assert len(set(rows(log))) == 50


@both
def test_qos_0_is_taken_too_and_what_nobody_reads_is_acknowledged(log: Log, version: MQTTProtocolVersion) -> None:
    with (
        Broker(0, filters=["plant/#"]) as broker,
        ingest(log, source=broker) as rig,
        Device(broker.url, version) as device,
    ):
        device.publish("plant/l/m/x", b"1", 0)
        device.publish("other/l/m/x", b"1", 1)
        device.publish("$private/x", b"1", 2)
        rig.until(lambda: len(rows(log)) == 1)

    assert [(asset, tag) for asset, tag, _, _ in rows(log)] == [("plant/l/m", "x")]


@both
def test_subscribers_get_what_is_published_as_far_as_they_asked(
    rig: Rig, broker: Broker, version: MQTTProtocolVersion
) -> None:
    with Device(broker.url, version) as listener, Device(broker.url, version) as device:
        assert listener.subscribe("a/+/x", 0) == [0]
        assert listener.subscribe("b/#", 1) == [1]
        assert listener.subscribe("c", 2) == [1]  # QoS 2 is taken from devices, not given

        for topic, qos in (("a/1/x", 1), ("a/1/y", 1), ("b", 1), ("b/1/2", 2), ("c", 0), ("a/2/x", 2)):
            device.publish(topic, topic.encode(), qos)

        got = [listener.next() for _ in range(5)]
    assert [(each.topic, each.payload, each.qos) for each in got] == [
        ("a/1/x", b"a/1/x", 0),
        ("b", b"b", 1),
        ("b/1/2", b"b/1/2", 1),
        ("c", b"c", 0),
        ("a/2/x", b"a/2/x", 0),
    ]


@both
def test_filters_that_overlap_deliver_once_and_an_unsubscribed_one_not_at_all(
    rig: Rig, broker: Broker, version: MQTTProtocolVersion
) -> None:
    with Device(broker.url, version) as device:
        device.subscribe("a/#")
        device.subscribe("a/b")
        device.subscribe("c")
        device.client.unsubscribe("c")
        device.publish("a/b", b"1")
        device.publish("c", b"2")
        device.publish("a/c", b"3")

        assert [device.next().payload for _ in range(2)] == [b"1", b"3"]
        assert device.none()


@both
def test_a_retained_message_waits_for_its_subscribers_until_it_is_cleared(
    rig: Rig, broker: Broker, version: MQTTProtocolVersion
) -> None:
    with Device(broker.url, version) as device:
        device.publish("a/l/m/x", b"1", retain=True)
        device.publish("a/l/m/x", b"2", retain=True)
        with Device(broker.url, version) as listener:
            listener.subscribe("a/#")
            first = listener.next()
            device.publish("a/l/m/x", b"", retain=True)
            cleared = listener.next()
        with Device(broker.url, version) as late:
            late.subscribe("a/#")
            device.publish("a/l/m/x", b"3")
            live = late.next()

    assert (first.payload, first.retain) == (b"2", True)
    assert (cleared.payload, cleared.retain) == (b"", False)
    assert (live.payload, live.retain) == (b"3", False)
    rig.until(lambda: rig.total("messages") == 4)
    assert rig.total("retained") == 0  # each of them was a new sample when it came


@both
def test_a_will_is_published_when_its_client_is_lost_and_not_when_it_says_goodbye(
    rig: Rig, broker: Broker, log: Log, version: MQTTProtocolVersion
) -> None:
    with Device(broker.url, version) as listener:
        listener.subscribe("will/#")
        for name, is_lost in (("polite", False), ("lost", True)):
            device = Device(broker.url, version, name)
            device.client.will_set(f"will/l/m/{name}", b'{"ts":%d,"value":1}' % T0, 1, True)
            device.open()
            if is_lost:
                device.drop()
            else:
                device.__exit__()

        got = listener.next()
        assert got.topic == "will/l/m/lost"
        assert listener.none()
    rig.until(lambda: len(rows(log)) == 1)


@both
def test_a_session_that_is_kept_gets_what_came_while_its_client_was_away(
    rig: Rig, broker: Broker, version: MQTTProtocolVersion
) -> None:
    keep: dict[str, Any] = {"clean_session": False}
    if version == NEW:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600
        keep = {"clean_start": False, "properties": properties}
    with Device(broker.url, version, "kept", **keep) as listener:
        assert not listener.welcome[1]
        listener.subscribe("a/#")
    with Device(broker.url, version) as device:
        device.publish("a/1", b"1", 0)
        for at in range(200):
            device.publish("a/1", b"%d" % at, 1)
    with Device(broker.url, version, "kept", **keep) as listener:
        assert listener.welcome[1]
        assert [listener.next().payload for _ in range(200)] == [b"%d" % at for at in range(200)]
    with Device(broker.url, version, "kept", clean_session=True if version == OLD else None) as fresh:
        assert not fresh.welcome[1]


@both
def test_a_second_client_of_the_same_name_takes_over(rig: Rig, broker: Broker, version: MQTTProtocolVersion) -> None:
    with Device(broker.url, version, "same") as one, Device(broker.url, version, "same") as two:
        reason = one.lost.get(timeout=20)
        two.publish("a/l/m/x", b"1")

    assert version == OLD or reason == "Session taken over"


@both
def test_a_client_that_falls_silent_is_let_go_and_one_that_pings_is_not(
    rig: Rig, broker: Broker, version: MQTTProtocolVersion
) -> None:
    with Device(broker.url, version, keepalive=1) as lively, Device(broker.url, version) as listener:
        listener.subscribe("will/#")
        silent = Device(broker.url, version, "silent", keepalive=1)
        silent.client.will_set("will/silent", b"1")
        silent.open()
        silent.client.loop_stop()  # reads and pings no more, its connection stays open

        assert listener.next().topic == "will/silent"
        lively.publish("a/l/m/x", b"1")
        assert lively.lost.empty()


def test_a_version_5_publisher_s_properties_reach_version_5_subscribers(rig: Rig, broker: Broker) -> None:
    told = Properties(PacketTypes.PUBLISH)
    told.ContentType, told.UserProperty, told.MessageExpiryInterval = "json", [("k", "v"), ("k", "w")], 100
    with Device(broker.url, NEW) as listener, Device(broker.url, OLD) as old, Device(broker.url, NEW) as device:
        listener.client.subscribe([("a", SubscribeOptions(qos=1, retainAsPublished=True))])
        listener.subscribed.get(timeout=20)
        old.subscribe("a")
        device.client.subscribe([("a", SubscribeOptions(qos=1, noLocal=True))])
        device.subscribed.get(timeout=20)
        device.publish("a", b"1", properties=told, retain=True)
        got, plain = listener.next(), old.next()
        device.publish("a", b"2")
        listener.next()

        assert device.none()
    assert got.properties is not None
    assert (got.properties.ContentType, got.properties.UserProperty) == ("json", [("k", "v"), ("k", "w")])
    assert 90 <= got.properties.MessageExpiryInterval <= 100
    assert (got.retain, plain.retain, plain.payload) == (True, False, b"1")


@both
def test_shared_subscriptions_are_refused_and_so_are_filters_that_are_none(
    rig: Rig, broker: Broker, version: MQTTProtocolVersion
) -> None:
    with Device(broker.url, version) as device:
        assert device.subscribe("$share/g/a/#") == [0x9E if version == NEW else 0x80]


@both
def test_a_subscriber_that_does_not_read_costs_a_bounded_queue_and_nobody_waits_for_it(
    rig: Rig, broker: Broker, log: Log, version: MQTTProtocolVersion
) -> None:
    payload = b'"' + b"x" * 20_000 + b'"'
    with Device(broker.url, version, "slow") as slow, Device(broker.url, version) as device:
        slow.subscribe("a/#")
        slow.client.loop_stop()
        for _ in range(2_500):
            device.client.publish("a/l/m/x", payload, 0)
        device.publish("a/l/m/x", payload, 1)
        rig.until(lambda: rig.total("dropped_for_subscribers") > 0)

        assert broker.router.sessions["slow"]._queued_bytes < 10 << 20
    rig.until(lambda: len(rows(log)) == 2_501)


class PatientLog(PassingOn):
    """A real log that writes nothing until it is `released`, as one whose disk is busy does."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self._waiting: list[tuple[Future[int], tuple[Any, ...]]] = []
        self._is_released = False
        self._lock = threading.Lock()

    def append(self, *record: Any) -> "Future[int]":
        done: Future[int] = Future()
        with self._lock:
            if self._is_released:
                return self._real.append(*record)
            self._waiting.append((done, record))
        return done

    def release(self) -> None:
        with self._lock:
            self._is_released = True
            for done, record in self._waiting:
                done.set_result(self._real.append(*record).result(20.0))


def test_devices_are_slowed_down_to_what_the_log_takes(log: Log, broker: Broker) -> None:
    """60 MB at once: no more than 32 MiB are on their way to the log, one batch and what was read with it beside them."""
    patient, size, count = PatientLog(log), 20_000, 3_000
    body = b"\x00\x07a/l/m/x%b" + b'"' + b"x" * (size - 2) + b'"'
    header = b"\x32" + bytes([(size + 11) & 0x7F | 0x80, (size + 11) >> 7 & 0x7F | 0x80, (size + 11) >> 14])
    stream = CONNECT + b"".join(header + body % at.to_bytes(2, "big") for at in range(1, count + 1))
    address = "127.0.0.1", urlsplit(broker.url).port or 0
    with ingest(patient, source=broker) as rig, socket.create_connection(address, timeout=60) as sock:
        sender = threading.Thread(target=sock.sendall, args=(stream,), daemon=True)
        sender.start()
        rig.until(lambda: rig.health.snapshot()["gauges"].get("in_flight_bytes", 0) > 32 << 20)

        read = rig.total("messages")
        patient.release()
        assert _read(sock, 4 + 4 * count)[-4:] == b"\x40\x02" + count.to_bytes(2, "big")
        sender.join(20.0)

    assert read * size < (32 + 8 + 4 + 1) << 20
    assert len(set(rows(log))) == count


def test_many_devices_at_once_lose_nothing(rig: Rig, broker: Broker, log: Log) -> None:
    devices = [Device(broker.url, OLD if at % 2 else NEW).open() for at in range(12)]
    for at in range(100):
        for number, device in enumerate(devices):
            device.client.publish(f"a/l/m{number}/x", b'{"ts":%d,"value":1}' % (T0 + at), 1 + number % 2)
    for device in devices:
        for _ in range(100):
            device.published.get(timeout=30)
        device.__exit__()

    assert len(set(rows(log))) == 1200


def test_a_payload_over_the_limit_is_a_dead_letter_and_a_bad_topic_too(rig: Rig, broker: Broker, log: Log) -> None:
    with Device(broker.url, OLD) as device:
        device.publish("a/l/m/x", b"1" * (3 << 20))
        device.publish("a//x", b"1")

    assert sorted(letter.headers["reason"] for letter in letters(log)) == [b"size", b"topic"]


CONNECT = bytes.fromhex("100d00044d5154540402003c0001") + b"x"
CONNECT_5 = bytes.fromhex("100e00044d5154540502003c000001") + b"x"


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x30\x05\x00\x01a12",  # PUBLISH before CONNECT
        b"\x10\x03\x00\x04M",
        CONNECT + CONNECT,
        CONNECT + b"\x36\x06\x00\x01a\x00\x01x",  # QoS 3
        CONNECT + b"\x32\x06\x00\x01a\x00\x00x",  # QoS 1 without an identifier
        CONNECT + b"\x82\x02\x00\x01",  # SUBSCRIBE of nothing
        CONNECT + b"\x80\x06\x00\x01\x00\x01a\x00",  # SUBSCRIBE with wrong flags
        CONNECT + b"\x82\x06\x00\x01\x00\x01a\x03",
        CONNECT + b"\xf0\x00",
        CONNECT_5 + b"\x30\x07\x00\x01a\x03\x23\x00\x01",  # a topic alias
        CONNECT_5 + b"\x30\x06\x00\x01a\x02\x7e\x01",  # no such property
        CONNECT_5 + b"\x30\xff\xff\xff\xff\x01",
    ],
)
def test_malformed_packets_end_their_connection_and_are_counted(rig: Rig, broker: Broker, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(broker.url).port or 0), timeout=20) as sock:
        sock.sendall(data)
        while sock.recv(4096):
            pass

    assert rig.total("malformed_packets") == 1
    with Device(broker.url, OLD) as device:
        device.publish("a/l/m/x", b"1")


@pytest.mark.parametrize("begin", [CONNECT, CONNECT_5], ids=["3.1.1", "5"])
def test_changed_bytes_end_a_connection_at_most_and_are_no_fault_of_ours(
    rig: Rig, broker: Broker, begin: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(20261129)
    is_5 = begin is CONNECT_5
    packets = [
        b"\x32" + (b"\x0f\x00\x07a/l/m/x\x00\x05\x02\x01\x01" if is_5 else b"\x0c\x00\x07a/l/m/x\x00\x05") + b"1",
        b"\x34" + (b"\x0d\x00\x07a/l/m/x\x00\x06\x00" if is_5 else b"\x0c\x00\x07a/l/m/x\x00\x06") + b"1",
        b"\x82" + (b"\x09\x00\x01\x00\x00\x03a/#\x01" if is_5 else b"\x08\x00\x01\x00\x03a/#\x01"),
        b"\xa2" + (b"\x08\x00\x02\x00\x00\x03a/#" if is_5 else b"\x07\x00\x02\x00\x03a/#"),
        b"\x62\x02\x00\x06",
        b"\x40\x02\x00\x01",
        b"\xc0\x00",
        b"\xe0\x00",
    ]
    for _ in range(300):
        stream = bytearray(begin + b"".join(chance.choices(packets, k=6)))
        for _ in range(chance.randrange(3)):
            stream[chance.randrange(len(stream))] = chance.randrange(256)
        with socket.create_connection(("127.0.0.1", urlsplit(broker.url).port or 0), timeout=20) as sock:
            sock.sendall(stream[: chance.randrange(1, len(stream) + 1)])

    with Device(broker.url, NEW if is_5 else OLD) as device:
        device.publish("end/l/m/x", b"1")
    assert "broker fault" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("connect", "answer"),
    [
        (b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00", b"\x20\x02\x00\x01"),  # MQTT 3.1
        (b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x3c\x00\x00", b"\x20\x02\x00\x02"),  # a session to be kept for nobody
        (b"\x10\x12\x00\x04MQTT\x05\x02\x00\x3c\x05\x15\x00\x02ab\x00\x00", b"\x20\x07\x00\x8c"),
    ],
)
def test_what_can_not_be_offered_is_refused_with_its_code(
    rig: Rig, broker: Broker, connect: bytes, answer: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(broker.url).port or 0), timeout=20) as sock:
        sock.sendall(connect)
        told = b""
        while more := sock.recv(4096):
            told += more

    assert told[: len(answer)] == answer


@both
def test_acknowledgements_go_out_in_the_order_in_which_messages_came(log: Log, version: MQTTProtocolVersion) -> None:
    """A message that nobody reads is done at once, but waits for its turn [MQTT-4.6.0-2]."""
    with Broker(0, filters=["a/#"]) as broker, ingest(log, source=broker), Device(broker.url, version) as device:
        mids = [device.client.publish("a/x" if at % 3 else "b/x", b"1", 1).mid for at in range(60)]

        assert [device.published.get(timeout=20) for _ in mids] == mids


def test_a_qos_2_message_that_comes_again_before_its_release_is_one(rig: Rig, broker: Broker, log: Log) -> None:
    publish = b"\x34\x0c\x00\x07a/l/m/x\x00\x051"
    port = urlsplit(broker.url).port or 0
    connect = bytes.fromhex("100f00044d5154540400003c0003") + b"abc"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(connect + publish)
        assert _read(sock, 8) == b"\x20\x02\x00\x00\x50\x02\x00\x05"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(connect + b"\x3c" + publish[1:])
        assert _read(sock, 8) == b"\x20\x02\x01\x00\x50\x02\x00\x05"
        sock.sendall(b"\x62\x02\x00\x05" + publish)
        assert _read(sock, 8) == b"\x70\x02\x00\x05\x50\x02\x00\x05"

    assert len(rows(log)) == 2


def test_a_taken_port_is_told_before_anything_starts(broker: Broker) -> None:
    with pytest.raises(SettingsError, match="is a broker running there"):
        Broker(urlsplit(broker.url).port or 0)


def _read(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += sock.recv(count - len(data))
    return data
