"""Ingest with a real broker and a real log."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.native.server import Server
from deploy.native.servers import Mosquitto
from fieldline.log import Log, open_log
from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from fieldline.tables import Secret
from ingest.publisher import Publisher
from tests.damage.structure import damage_table
from tests.integration.broker_rig import OldBroker
from tests.integration.ingest_rig import FaultyLog, frames, ingest, letters, rows
from tests.integration.pipe_rig import fieldline

T0 = 1_767_225_600_000  # 2026-01-01T00:00:00Z [ms]
NS = 1_000_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'log.db'}", partitions=3)
    yield opened
    opened.close()


def sample(at: int, value: float = 0.5) -> bytes:
    return b'{"ts":%d,"value":%r}' % (T0 + at, value)


def test_messages_are_on_the_log_before_they_are_acknowledged(mosquitto: Server, log: Log) -> None:
    with (
        ingest(log, mqtt=mosquitto.url, subscribe=("a1/#",), client_id="a1") as rig,
        Publisher(mosquitto.url) as device,
    ):
        rig.until_subscribed()

        for at in range(500):
            device.publish(f"a1/hall/line{at % 4}/press/power_kw", sample(at))
        device.flush()
        rig.until(lambda: rig.total("acknowledged") == 500)

    expected = sorted((f"a1/hall/line{at % 4}/press", "power_kw", (T0 + at) * NS, 0.5) for at in range(500))
    assert rows(log) == expected
    assert rig.health.state == "stopped"


def test_what_can_not_be_read_is_set_aside_and_the_stream_goes_on(mosquitto: Server, log: Log) -> None:
    with (
        ingest(log, mqtt=mosquitto.url, subscribe=("a2/#",), client_id="a2") as rig,
        Publisher(mosquitto.url) as device,
    ):
        rig.until_subscribed()

        device.publish("a2/l/m/press", b"\xff\x00")
        device.publish("a2/l/m/press", b'{"ts":%d,"good_kw":1,"bad_kw":NaN}' % T0)
        device.publish("a2/l/m/press", b"[" * 5000)
        device.publish("a2/l/m/press/power_kw", b"1" * (1 << 21))
        device.publish("a2//m", b"1")
        device.publish("a2/l/m/press", b'{"ts":"1970-01-01T00:00:12Z","x":1}')
        device.publish("a2/l/m/press", sample(1))
        device.flush()
        rig.until(lambda: rig.total("acknowledged") == 7)

    reasons = sorted(record.headers["reason"] for record in letters(log))
    assert reasons == [b"clock", b"depth", b"size", b"syntax", b"topic", b"value"]
    named = next(record for record in letters(log) if record.headers["reason"] == b"value")
    assert named.value == b'{"ts":%d,"good_kw":1,"bad_kw":NaN}' % T0
    assert b"bad_kw" in named.headers["detail"]
    assert (named.key, named.headers["topic"], named.headers["count"]) == (b"a2/l/m", b"a2/l/m/press", b"1")
    assert [(asset, tag) for asset, tag, _, _ in rows(log)] == [("a2/l/m", "press"), ("a2/l/m/press", "good_kw")]
    assert rig.total("received") == 2 + 6


def test_topics_that_the_plant_file_ignores_are_counted_and_dropped(mosquitto: Server, log: Log) -> None:
    plant = Plant(PlantFile(topic=(Topic(pattern="a9/debug/#", ignore=True),)))
    with (
        ingest(log, plant, mqtt=mosquitto.url, subscribe=("a9/#",), client_id="a9") as rig,
        Publisher(mosquitto.url) as device,
    ):
        rig.until_subscribed()

        device.publish("a9/debug/press", b"no json")
        device.publish("a9/hall/line1/press/power_kw", sample(1))
        device.flush()
        rig.until(lambda: rig.total("acknowledged") == 2)

    assert rig.total("ignored") == 1
    assert rows(log) == [("a9/hall/line1/press", "power_kw", (T0 + 1) * NS, 0.5)]
    assert letters(log) == []


def test_retained_messages_are_no_new_samples(mosquitto: Server, log: Log) -> None:
    with Publisher(mosquitto.url) as device:
        device.publish("a3/l/m/power_kw", sample(0), retain=True)
        device.flush()
        with ingest(log, mqtt=mosquitto.url, subscribe=("a3/#",), client_id="a3") as rig:
            rig.until_subscribed()
            device.publish("a3/l/m/power_kw", sample(1), retain=True)
            device.flush()
            rig.until(lambda: rig.total("acknowledged") == 2)

        device.publish("a3/l/m/power_kw", b"", retain=True)
        device.flush()

    assert [time for _, _, time, _ in rows(log)] == [(T0 + 1) * NS]
    assert rig.total("retained") == 1


def test_what_devices_send_while_ingest_is_away_comes_when_it_is_back(mosquitto: Server, log: Log) -> None:
    with ingest(log, mqtt=mosquitto.url, subscribe=("a4/#",), client_id="a4") as rig:
        rig.until_subscribed()

    with Publisher(mosquitto.url) as device:
        for at in range(100):
            device.publish("a4/l/m/x", sample(at))
        device.flush()
    with ingest(log, mqtt=mosquitto.url, subscribe=("a4/#",), client_id="a4") as rig:
        rig.until(lambda: rig.total("acknowledged") == 100)

    assert len(rows(log)) == 100


def test_a_restarted_broker_is_found_again(log: Log, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    with ingest(log, mqtt=broker.url, subscribe=("#",), client_id="a5") as rig:
        rig.until(lambda: rig.health.state == "degraded" and "can't reach" in rig.health.reason)

        try:
            broker.start()
            rig.until_subscribed()
            broker.restart()
            rig.until(lambda: rig.total("connections") == 2 and rig.health.state == "active")
            with Publisher(broker.url) as device:
                device.publish("a5/l/m/x", sample(0))
                device.flush()
            rig.until(lambda: rig.total("acknowledged") == 1)
        finally:
            broker.stop()

    assert len(rows(log)) == 1


def test_nothing_is_acknowledged_while_the_log_is_down_and_all_arrives_afterwards(mosquitto: Server, log: Log) -> None:
    faulty = FaultyLog(log)
    with (
        ingest(faulty, mqtt=mosquitto.url, subscribe=("a6/#",), client_id="a6") as rig,
        Publisher(mosquitto.url) as device,
    ):
        rig.until_subscribed()
        faulty.is_down = True

        for at in range(200):
            device.publish("a6/l/m/x", sample(at))
        device.flush()
        rig.until(lambda: faulty.refused >= 2)
        assert rig.total("acknowledged") == 0
        assert "no space left" in rig.health.reason
        faulty.is_down = False
        rig.until(lambda: len(set(rows(log))) == 200)
        rig.until(lambda: rig.health.state == "active")

    assert set(rows(log)) == {("a6/l/m", "x", (T0 + at) * NS, 0.5) for at in range(200)}


def test_a_refused_password_is_told_with_advice(log: Log, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "ann", "right"], check=True, timeout=10)
    passwords.chmod(0o644)
    broker = Mosquitto(tmp_path / "broker", anonymous=False, extra=f"password_file {passwords}")
    broker.start()
    try:
        wrong = {"mqtt": broker.url, "username": "ann", "password": Secret("wrong")}
        with ingest(log, client_id="a7", **wrong) as rig:
            rig.until(lambda: rig.health.state == "degraded")
            assert "'ann'" in rig.health.reason and "password" in rig.health.reason
        with ingest(log, client_id="a7", **{**wrong, "password": Secret("right")}) as rig:
            rig.until_subscribed()
    finally:
        broker.stop()


def test_tls_carries_large_and_many_messages(log: Log, tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*request, *names], check=True, timeout=30, capture_output=True)
    key.chmod(0o644)
    plain = Mosquitto(tmp_path / "broker")
    port = Mosquitto(tmp_path / "unused").port
    secure = Mosquitto(
        tmp_path / "broker", plain.port, extra=f"listener {port} 127.0.0.1\ncertfile {cert}\nkeyfile {key}"
    )
    secure.start()
    try:
        url = f"mqtts://127.0.0.1:{port}"
        with ingest(log, mqtt=url, client_id="a8", tls_ca=str(cert)) as rig, Publisher(secure.url) as device:
            rig.until_subscribed()

            for at in range(300):
                device.publish("a8/l/m/x", sample(at))
            many = b"[" + b",".join(sample(1000 + at) for at in range(9_000)) + b"]"
            device.publish("a8/l/m/x", many)
            device.flush()
            rig.until(lambda: rig.total("acknowledged") == 301)
        with ingest(log, mqtt=url, client_id="a8") as rig:
            rig.until(lambda: "certificate" in rig.health.reason.lower())
    finally:
        secure.stop()

    assert len(rows(log)) == 9_300


def test_shared_subscriptions_give_each_message_to_one_of_two(mosquitto: Server, log: Log) -> None:
    shared = {"mqtt": mosquitto.url, "subscribe": ("a9/#",), "share": "group"}
    with (
        ingest(log, client_id="a9x", **shared) as one,
        ingest(log, client_id="a9y", **shared) as two,
        Publisher(mosquitto.url) as device,
    ):
        one.until_subscribed()
        two.until_subscribed()

        for at in range(200):
            device.publish("a9/l/m/x", sample(at))
        device.flush()
        one.until(lambda: one.total("acknowledged") + two.total("acknowledged") == 200)

    assert len(rows(log)) == 200
    assert one.total("messages") > 0 and two.total("messages") > 0


@pytest.mark.parametrize("is_silent", [True, False])
def test_brokers_without_mqtt_5_are_served_in_3_1_1(mosquitto: Server, log: Log, is_silent: bool) -> None:
    with OldBroker(mosquitto.url, is_silent) as old, ingest(log, mqtt=old.url, client_id=f"b1{is_silent}") as rig:
        rig.until_subscribed()

        with Publisher(mosquitto.url) as device:
            for at in range(50):
                device.publish("b1/l/m/x", sample(at))
            device.flush()
            rig.until(lambda: len(rows(log)) == 50)

    assert "3.1.1" in old.versions and "5" in old.versions


def test_events_texts_and_waveforms_keep_their_payload_on_the_log(mosquitto: Server, log: Log) -> None:
    with (
        ingest(log, mqtt=mosquitto.url, subscribe=("b2/#",), client_id="b2") as rig,
        Publisher(mosquitto.url) as device,
    ):
        rig.until_subscribed()

        device.publish("b2/l/m", b'{"ts":%d,"event":"state","state":"producing"}' % T0)
        device.publish("b2/l/m", b'{"ts":%d,"rate_hz":25600,"waveform":[0.5,1.5]}' % T0)
        device.publish("b2/l/m/mode", b'"auto"')
        device.flush()
        rig.until(lambda: rig.total("acknowledged") == 3)

    kept = {
        (frame.tags[tag], payload)
        for frame in frames(log)
        for tag, payload in zip(frame.tag, frame.payload or [], strict=True)
    }
    wave = bytes.fromhex("0000000000 00d940".replace(" ", "")) + bytes.fromhex("0000003f0000c03f")
    assert kept == {("@state", b'{"state":"producing"}'), ("@waveform", wave), ("@text/mode", b"auto")}


@pytest.mark.parametrize("point", ["after_recv", "after_append"])
def test_a_killed_ingest_loses_nothing_that_was_acknowledged(mosquitto: Server, tmp_path: Path, point: str) -> None:
    """Ledger: what the broker acknowledged to the device is on the log once ingest, killed three times, has caught up."""
    url, topic = f"sqlite:{tmp_path / 'log.db'}", "plant/l/m/" + point
    command = [sys.executable, str(Path(__file__).with_name("ingest_process.py")), mosquitto.url, url]
    chance = random.Random(20260101)
    acknowledged: set[int] = set()
    log = open_log(url)
    with ingest(log, mqtt=mosquitto.url, subscribe=("plant/#",), client_id="killed") as rig:
        rig.until_subscribed()
    with Publisher(mosquitto.url, acknowledged=acknowledged.add) as device:
        for _ in range(3):
            env = {**os.environ, "FIELDLINE_FAIL_AT": f"{point}:{chance.randrange(100, 900)}"}
            process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
            for _ in range(1000):
                device.publish(topic, sample(device.sent))
            device.flush()
            assert process.wait(30) == -signal.SIGKILL
        with ingest(log, mqtt=mosquitto.url, subscribe=("plant/#",), client_id="killed") as rig:
            rig.until(lambda: len({time for _, _, time, _ in rows(log)}) >= 3000, 30.0)

    found = {time // NS - T0 for _, _, time, _ in rows(log)}
    assert len(acknowledged) == 3000
    assert acknowledged <= found
    log.close()


def test_a_log_whose_structure_is_damaged_ends_ingest_with_code_5_and_the_broker_keeps_what_came(
    mosquitto: Server, tmp_path: Path
) -> None:
    path = tmp_path / "log.db"
    session = {"mqtt": mosquitto.url, "subscribe": ("a9/#",), "client_id": "a9"}
    log = open_log(f"sqlite:{path}")
    with ingest(log, **session) as rig:
        rig.until_subscribed()
    log.close()
    with Publisher(mosquitto.url) as device:
        device.publish("a9/l/m/press", b"\xff\x00")
        device.flush()
    whole = path.read_bytes()
    damage_table(path, "deadletter")

    flags = ("--mqtt", mosquitto.url, "--subscribe", "a9/#", "--client-id", "a9", "--log", f"sqlite:{path}")
    fieldline("ingest", *flags, code=5, timeout_s=30.0)

    for name in tmp_path.iterdir():
        name.unlink()
    path.write_bytes(whole)
    log = open_log(f"sqlite:{path}")
    with ingest(log, **session) as rig:
        rig.until(lambda: rig.total("acknowledged") == 1)
    assert len(letters(log)) == 1
    log.close()
