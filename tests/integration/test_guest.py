"""A guest at a real broker: it hears what devices send, and leaves nothing behind."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from typer.testing import CliRunner

from analysis.discovery.findings import findings
from analysis.discovery.survey import Survey
from cli.answers.listening import Heard, Stay, guest_of, listen
from cli.main import app
from deploy.native.server import Server
from deploy.native.servers import Mosquitto
from fieldline.errors import SettingsError, Unavailable
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.endpoint import Endpoint
from ingest.guest import Guest
from ingest.packets import RETAIN, Message
from ingest.publisher import Publisher
from tests.integration.test_certificates import Authority

_MANY = 1 << 30


@pytest.fixture
def prefix() -> str:
    return f"guest/{uuid.uuid4().hex[:8]}"


@pytest.fixture
def device(mosquitto: Server) -> Iterator[Publisher]:
    with Publisher(mosquitto.url) as publisher:
        yield publisher


def endpoint(mosquitto: Server) -> Endpoint:
    return Endpoint(host="127.0.0.1", port=mosquitto.port)


def heard_until(guest: Guest, count: int) -> list[Message]:
    found: list[Message] = []
    for _ in range(100):
        found += guest.poll(0.1)
        if len(found) >= count:
            break
    return found


def has_session(mosquitto: Server, client_id: str) -> bool:
    """Whether the broker keeps a session of that name; drops it."""
    answers: list[bool] = []
    for is_clean in (False, True):
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=is_clean,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.on_connect = lambda _client, _data, flags, _code, _properties: answers.append(flags.session_present)
        before = len(answers)
        client.connect("127.0.0.1", mosquitto.port)
        for _ in range(100):
            client.loop(0.1)
            if len(answers) > before:
                break
        client.disconnect()
    return answers[0]


def test_a_guest_hears_all_publishes_nothing_and_leaves_no_session(
    mosquitto: Server, device: Publisher, prefix: str
) -> None:
    device.publish(f"{prefix}/kept", b"1", retain=True)
    device.flush()

    with Guest(endpoint(mosquitto), [f"{prefix}/#"]) as guest, Guest(endpoint(mosquitto), ["#"]) as observer:
        for number in range(20):
            device.publish(f"{prefix}/live", b"%d" % number)
        device.flush()
        heard = heard_until(guest, 21)
        seen = [message for message in heard_until(observer, 20) if not message[3] & RETAIN]
    device.publish(f"{prefix}/live", b"after")
    device.flush()

    assert [(topic.decode(), payload, bool(flags & RETAIN)) for topic, payload, _, flags, _, _ in heard] == [
        (f"{prefix}/kept", b"1", True),
        *((f"{prefix}/live", b"%d" % number, False) for number in range(20)),
    ]
    assert {flags & 0x06 for _, _, _, flags, _, _ in heard} == {0}  # QoS 0, though it was published with 1
    assert {topic for topic, *_ in seen} == {f"{prefix}/live".encode()}
    assert not has_session(mosquitto, guest.client_id)


def test_two_guests_never_take_each_others_place(mosquitto: Server, device: Publisher, prefix: str) -> None:
    with Guest(endpoint(mosquitto), [prefix]) as one, Guest(endpoint(mosquitto), [prefix]) as other:
        device.publish(prefix, b"1")

        assert len(heard_until(one, 1)) == len(heard_until(other, 1)) == 1


def test_a_broker_that_stops_is_said(mosquitto: Server, prefix: str) -> None:
    with Guest(endpoint(mosquitto), [prefix]) as guest:
        mosquitto.stop()

        with pytest.raises(Unavailable, match="ended the connection"):
            heard_until(guest, 1)


def test_a_guest_enters_by_tls_and_only_a_broker_that_it_can_trust(tmp_path: Path, prefix: str) -> None:
    authority = Authority(tmp_path)
    authority.begin("an authority")
    authority.sign(days=2)
    port = Mosquitto(tmp_path / "unused").port
    broker = Mosquitto(
        tmp_path / "broker",
        extra=f"listener {port} 127.0.0.1\ncertfile {authority.certificate}\nkeyfile {authority.key}",
    )
    broker.start()
    secure = Endpoint(host="127.0.0.1", port=port, is_tls=True, ca_file=str(authority.ca))

    try:
        with Guest(secure, [prefix]) as guest, Publisher(broker.url) as device:
            for number in range(50):
                device.publish(prefix, b"%d" % number * 2_000)
            device.flush()
            heard = heard_until(guest, 50)
        with pytest.raises(Unavailable, match="certificate"):
            Guest(replace(secure, ca_file=None), [prefix])
    finally:
        broker.stop()

    assert [payload for _, payload, *_ in heard] == [b"%d" % number * 2_000 for number in range(50)]


def test_a_guest_that_is_not_let_in_is_told_so(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker", anonymous=False)
    broker.start()

    try:
        with pytest.raises(SettingsError, match="refuses the connection: Not authorized"):
            Guest(Endpoint(host="127.0.0.1", port=broker.port), ["#"])
    finally:
        broker.stop()


def while_sending(device: Publisher, send: Callable[[Publisher], None], work: Callable[[], Any]) -> Any:
    """What `work` gives, in a thread of its own, while messages are sent again and again."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(work()))
    thread.start()
    while thread.is_alive():
        send(device)
        device.flush()
        thread.join(0.01)
    return result[0]


def test_what_is_heard_live_is_found(mosquitto: Server, device: Publisher, prefix: str) -> None:
    def send(to: Publisher) -> None:
        for machine in ("press", "oven", "saw"):
            to.publish(f"{prefix}/{machine}", b'{"power_kw": 1.5, "state": "running"}')

    survey = Survey(Plant(), IngestSettings())
    settings = IngestSettings(mqtt=mosquitto.url, subscribe=(f"{prefix}/#",))
    with guest_of(settings) as guest:
        heard: Heard = while_sending(
            device, send, lambda: listen(guest, Stay(20.0, 60, _MANY), survey.take, threading.Event())
        )
    survey.finish()

    [row] = findings(survey, heard.seconds).topics
    assert (heard.messages, survey.messages) == (60, 60)
    assert "60 messages" in heard.ended
    assert (row.pattern, row.topics, row.shape) == (f"{prefix}/{{line}}", 3, "object")


def test_a_capture_is_what_came_and_is_bounded(
    mosquitto: Server, device: Publisher, prefix: str, tmp_path: Path
) -> None:
    for number in range(3):
        device.publish(f"{prefix}/{number}", b"\xff%d" % number, retain=True)
    device.flush()
    out = tmp_path / "all.jsonl"
    arguments = ["capture", "--mqtt", mosquitto.url, "--topic", f"{prefix}/#", "--for", "20s", "--max-messages", "2"]

    result = CliRunner().invoke(app, [*arguments, "--out", str(out)], prog_name="fieldline")
    again = CliRunner().invoke(app, [*arguments, "--out", str(out)], prog_name="fieldline")

    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert result.exit_code == 0, result.stderr
    assert "2 messages, 4 bytes of payload" in result.stderr
    assert [(line["topic"], line["encoding"], line["retained"], line["qos"]) for line in lines] == [
        (f"{prefix}/{number}", "base64", True, 0) for number in range(2)
    ]
    assert again.exit_code == 2  # the file is there


def test_a_guest_leaves_when_its_time_is_over(mosquitto: Server, prefix: str) -> None:
    result = CliRunner().invoke(
        app, ["capture", "--mqtt", mosquitto.url, "--topic", prefix, "--for", "200ms"], prog_name="fieldline"
    )

    assert (result.exit_code, result.stdout) == (0, "")
    assert "0 messages, 0 bytes of payload, in 0.2 s" in result.stderr


def test_a_guest_shares_no_subscription(mosquitto: Server) -> None:
    with pytest.raises(SettingsError, match="shares no subscription"):
        guest_of(IngestSettings(mqtt=mosquitto.url, share="g"))
