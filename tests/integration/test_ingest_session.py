"""The MQTT session itself: epochs, half-open connections, two clients of one name."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.native.server import Server
from fieldline.log import Log, open_log
from ingest.broker.listener import Broker
from ingest.endpoint import Endpoint
from ingest.packets import DUPLICATE, Message
from ingest.publisher import Publisher
from ingest.session import Session
from ingest.source import Link, Watcher
from tests.integration.broker_rig import CONNACK, ScriptedBroker
from tests.integration.ingest_rig import Rig, ingest


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'log.db'}")
    yield opened
    opened.close()


def session(broker: Server, name: str, **more: int) -> Session:
    return Session(
        Endpoint(host="127.0.0.1", port=urlsplit(broker.url).port or 0, client_id=name, **more), [f"{name}/#"]
    )


def until(polled: Session, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, (polled.link, polled.reason)
        polled.poll(0.01)


def gather(polled: Session, count: int) -> list[Message]:
    messages: list[Message] = []
    deadline = time.monotonic() + 10.0
    while len(messages) < count:
        assert time.monotonic() < deadline, len(messages)
        messages += polled.poll(0.01)
    return messages


def test_acknowledgements_of_an_earlier_connection_are_dropped(mosquitto: Server) -> None:
    one = session(mosquitto, "s1")
    until(one, lambda: "subscribed" in one.reason)
    with Publisher(mosquitto.url) as device:
        for at in range(5):
            device.publish("s1/x", b"%d" % at)
        device.flush()
    first = gather(one, 5)
    epoch = one.epoch

    one.hold("for the test")
    one.resume()
    again = gather(one, 5)

    assert one.epoch == epoch + 1
    assert not one.ack(epoch, [message[2] for message in first])
    assert [message[1] for message in again] == [b"0", b"1", b"2", b"3", b"4"]
    assert all(message[3] & DUPLICATE for message in again)
    assert one.ack(one.epoch, [message[2] for message in again])
    one.close()


def test_the_broker_sends_no_more_than_receive_maximum_unacknowledged(mosquitto: Server) -> None:
    narrow = session(mosquitto, "s2", receive_maximum=7)
    until(narrow, lambda: "subscribed" in narrow.reason)
    with Publisher(mosquitto.url) as device:
        for at in range(20):
            device.publish("s2/x", b"%d" % at)
        device.flush()

    first = gather(narrow, 7)
    more = [message for _ in range(20) for message in narrow.poll(0.01)]
    rest: list[Message] = []
    last = first
    while len(rest) < 13:
        narrow.ack(narrow.epoch, [message[2] for message in last])
        last = gather(narrow, 1)
        rest += last

    assert (len(first), more) == (7, [])
    assert [message[1] for message in first + rest] == [b"%d" % at for at in range(20)]
    narrow.close()


def test_a_broker_that_falls_silent_is_noticed_by_keep_alive_and_found_again(mosquitto: Server) -> None:
    watchful = session(mosquitto, "s3", keepalive_s=1)
    until(watchful, lambda: "subscribed" in watchful.reason)

    mosquitto.freeze()
    try:
        until(watchful, lambda: watchful.link is not Link.UP)
        assert "does not answer" in watchful.reason
    finally:
        mosquitto.thaw()
    until(watchful, lambda: watchful.link is Link.UP)

    assert watchful.epoch == 2
    watchful.close()


def test_a_second_client_of_the_same_name_is_told(mosquitto: Server) -> None:
    one, two = session(mosquitto, "s4"), session(mosquitto, "s4")
    until(one, lambda: one.link is Link.UP)
    until(two, lambda: two.link is Link.UP)

    until(one, lambda: one.link is Link.DOWN)

    assert "using the client id 's4'" in one.reason
    one.close()
    two.close()


def test_an_acknowledgement_that_the_broker_has_is_reported_with_its_keys(mosquitto: Server) -> None:
    reached: list[int] = []

    class Notes(Watcher):
        def reached(self, keys: list[int]) -> None:
            reached.extend(keys)

    one = session(mosquitto, "s5")
    one.watcher = Notes()
    until(one, lambda: "subscribed" in one.reason)
    with Publisher(mosquitto.url) as device:
        device.publish("s5/x", b"1")
        device.flush()
    (message,) = gather(one, 1)
    assert reached == []

    one.ack(one.epoch, [message[2]], [4711])
    until(one, lambda: reached == [4711])

    one.close()


def scripted(answers: dict[int, bytes], log: Log) -> "contextlib.AbstractContextManager[tuple[ScriptedBroker, Rig]]":
    @contextlib.contextmanager
    def both() -> Iterator[tuple[ScriptedBroker, Rig]]:
        with (
            ScriptedBroker(lambda kind, body: answers.get(kind, b"").replace(b"ID", body[:2])) as broker,
            ingest(log, mqtt=broker.url, protocol="3.1.1", subscribe=("plant/#",)) as rig,
        ):
            yield broker, rig

    return both()


CONNECT, SUBSCRIBE = 1, 8


def test_a_subscription_that_is_refused_is_no_active_state(log: Log) -> None:
    with scripted({CONNECT: CONNACK, SUBSCRIBE: b"\x90\x03ID\x80"}, log) as (_, rig):
        rig.until(lambda: rig.health.state == "degraded" and "'plant/#'" in rig.health.reason)

        assert "refuses to let us subscribe" in rig.health.reason


def test_a_subscription_that_is_never_answered_is_no_active_state(log: Log) -> None:
    with scripted({CONNECT: CONNACK}, log) as (_, rig):
        rig.until(lambda: rig.total("connections") == 1)
        assert rig.health.state not in ("active", "idle")
        rig.until(lambda: rig.health.state == "degraded")

        assert "does not answer our subscription to 'plant/#'" in rig.health.reason


def test_a_malformed_packet_is_called_that_and_counted(log: Log) -> None:
    answers = {CONNECT: CONNACK, SUBSCRIBE: b"\x90\x03ID\x01" + b"\x36\x06\x00\x01a\x00\x01x"}
    with scripted(answers, log) as (_, rig):
        rig.until(lambda: "malformed packet" in rig.health.reason)

        assert rig.health.state == "degraded"
        assert rig.total("malformed_packets") >= 1


def test_our_own_broker_refuses_shared_subscriptions_and_the_session_says_so(log: Log, tmp_path: Path) -> None:
    """Both sides of a refusal for real, in MQTT 5."""
    other = open_log(f"sqlite:{tmp_path / 'other.db'}")
    with (
        Broker(0) as broker,
        ingest(other, source=broker),
        ingest(log, mqtt=broker.url, subscribe=("plant/#",), share="group") as rig,
    ):
        rig.until(lambda: rig.health.state == "degraded" and "'$share/group/plant/#'" in rig.health.reason)
    other.close()
