"""The embedded broker for a process that was given none."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from fieldline.errors import Unavailable
from fieldline.settings import Settings
from ingest.broker import EmbeddedBroker

_LOOK_S = 0.5


class BrokerWatch:
    """A stage that ends with an error when the embedded broker does: the process is not to live on without it."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._broker = broker

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set. Raises Unavailable."""
        while not stop.wait(_LOOK_S):
            if not self._broker.is_alive:
                raise Unavailable(f"the embedded broker at {self._broker.url} ended by itself")


@contextmanager
def embedded_broker(settings: Settings, host: str, port: int) -> Iterator[tuple[Settings, BrokerWatch]]:
    """A broker for the time of the block, the settings that use it, and the stage that watches it.

    Port 0 takes a free one. Raises SettingsError when the port is taken.
    """
    with EmbeddedBroker(port, host) as broker:
        # It knows no MQTT 5 and lets a client that begins with it wait in vain.
        ingest = msgspec.structs.replace(settings.ingest, mqtt=broker.url, protocol="3.1.1")
        yield msgspec.structs.replace(settings, ingest=ingest), BrokerWatch(broker)
