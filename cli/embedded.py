"""The embedded broker for a process that was given none."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from fieldline.settings import Settings
from ingest.broker.listener import Broker


@contextmanager
def embedded_broker(settings: Settings, host: str, port: int) -> Iterator[tuple[Settings, Broker]]:
    """A broker that listens for the time of the block, and the settings that name it; the ingest stage makes it work.

    Port 0 takes a free one. Raises SettingsError when the port is taken.
    """
    with Broker(port, host, settings.ingest.subscribe, settings.ingest.max_payload_bytes) as broker:
        ingest = msgspec.structs.replace(settings.ingest, mqtt=broker.url)
        yield msgspec.structs.replace(settings, ingest=ingest), broker
