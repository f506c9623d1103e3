"""Ingest onto a real Kafka, with the broker of messages and the log ended under it."""

import gc
import warnings
from collections.abc import Callable, Iterator

import pytest

from deploy.native.server import Server
from fieldline.log import open_log
from ingest.publisher import Publisher
from tests.integration.ingest_rig import ingest, letters, rows

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
            device.publish("k1/l/m/x", b"not json")
            device.flush()
            rig.until(lambda: len(set(rows(log))) == 600 and len(letters(log)) >= 1, 60.0)
            rig.until(lambda: rig.health.state == "active", 60.0)
    finally:
        log.close()
