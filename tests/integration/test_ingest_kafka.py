"""Ingest onto a real Kafka, with the broker of messages and the log ended under it."""

import gc
import warnings
from collections.abc import Callable, Iterator

import pytest

from deploy.native.server import Server
from fieldline.log import Stream, open_log
from fieldline.log.kafka import KafkaLog
from ingest.publisher import Publisher
from tests.integration.ingest_rig import ingest, letters, rows
from tests.integration.kafka_rig import limit_topic

T0 = 1_767_225_600_000


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """kafka-python 3.0 leaves the sockets of refused connections to the garbage collector, which warns of them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_a_restarted_kafka_loses_nothing_that_was_acknowledged(
    mosquitto: Server, kafka: Server, kafka_url: Callable[..., str]
) -> None:
    log = open_log(kafka_url(3))
    try:
        with (
            ingest(log, mqtt=mosquitto.url, subscribe=("k1/#",), client_id="k1") as rig,
            Publisher(mosquitto.url) as device,
        ):
            rig.until_subscribed()

            for at in range(600):
                device.publish(f"k1/l/m{at % 5}/x", b'{"ts":%d,"value":%d}' % (T0 + at, at))
                if at == 300:
                    kafka.restart()
            device.publish("k1/l/m/x", b"{not json")
            device.flush()
            rig.until(lambda: len(set(rows(log))) == 600 and len(letters(log)) >= 1, 60.0)
            rig.until(lambda: rig.health.state == "active", 60.0)
    finally:
        log.close()


def test_what_is_over_a_topic_s_limit_is_a_dead_letter_and_costs_no_connection(
    mosquitto: Server, kafka: Server, kafka_url: Callable[..., str]
) -> None:
    log = open_log(kafka_url(1))
    assert isinstance(log, KafkaLog)
    limit_topic(kafka, log.settings.topic(Stream.READINGS), 100_000)
    text = b"x" * 150_000
    try:
        with (
            ingest(log, mqtt=mosquitto.url, subscribe=("k2/#",), client_id="k2") as rig,
            Publisher(mosquitto.url) as device,
        ):
            rig.until_subscribed()

            for at in range(20):
                device.publish(f"k2/l/m{at}/x", b'{"ts":%d,"value":%d}' % (T0 + at, at))
                device.publish(f"k2/l/m{at}/note", b'{"ts":%d,"value":"%b"}' % (T0 + at, text))
            device.flush()
            rig.until(lambda: len(rows(log)) == 20 and len(letters(log)) == 20, 60.0)
            assert rig.health.total("connections") == 1
            assert b"over the log's limit of 87500" in letters(log)[0].headers["detail"]
    finally:
        log.close()
