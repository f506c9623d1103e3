"""A Sparkplug edge node and Fieldline at a real broker: a birth is asked for, and with it what was sent before it can be replayed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from analysis.dead_letters.replay import Replay
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.log import Log, open_log
from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from fieldline.settings import IngestSettings
from ingest.broker.listener import Broker
from ingest.sparkplug.payload import decode_payload
from tests.ingest.codecs.test_sparkplug import T_MS, metric, payload
from tests.integration.ingest_rig import Rig, ingest, letters, rows
from tests.integration.test_broker import Device

PLANT = Plant(PlantFile(topic=(Topic(preset="sparkplug", options={"rebirth": True}),)))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'log.db'}", partitions=2)
    yield opened
    opened.close()


def test_a_rebirth_is_asked_of_an_edge_node_at_mosquitto(mosquitto: Server, log: Log) -> None:
    with ingest(log, PLANT, mqtt=mosquitto.url, subscribe=("spBv1.0/#",), client_id="sparkplug") as rig:
        rig.until_subscribed()
        is_reborn(rig, log, mosquitto.url)


def test_a_rebirth_is_asked_of_an_edge_node_at_the_embedded_broker(log: Log) -> None:
    with Broker(0) as broker, ingest(log, PLANT, broker) as rig:
        rig.until(lambda: rig.health.state == "active")
        is_reborn(rig, log, broker.url)


def is_reborn(rig: Rig, log: Log, url: str) -> None:
    """The node is asked once, and what it says after its birth is on the log."""
    with Device(url, MQTTProtocolVersion.MQTTv5) as node:
        node.subscribe("spBv1.0/G/NCMD/N")

        node.publish("spBv1.0/G/NDATA/N", payload(7, metric(alias=1, double=1.5)))
        asked = decode_payload(node.next().payload)["metrics"]
        node.publish("spBv1.0/G/NBIRTH/N", payload(0, metric("Power", 1, type="Double", double=2.5)))
        node.publish("spBv1.0/G/NDATA/N", payload(1, metric(alias=1, double=3.5, ts=T_MS + 1)))
        rig.until(lambda: rig.total("acknowledged") >= 3)

    assert [(each["name"], each["boolean_value"]) for each in asked] == [("Node Control/Rebirth", True)]
    assert rig.total("requests") == 1
    assert rows(log) == [("G/N", "Power", T_MS * 10**6, 2.5), ("G/N", "Power", (T_MS + 1) * 10**6, 3.5)]
    refused = sorted(letters(log), key=lambda letter: letter.headers["received_ns"])
    assert [letter.headers["count"] for letter in refused] == [
        b"1",
        b"0",
    ]  # what was not read, and the birth that explains it
    replayed = Replay(log, PLANT, IngestSettings(), SystemClock())
    for letter in refused:
        replayed.add(letter)
    replayed.finish()
    assert replayed.report() == {"letters": 1, "readings": 1, "still_unreadable": {}, "not_readings": 0}
    assert ("G/N", "Power", T_MS * 10**6, 1.5) in rows(log)
