"""Where commands go out: a connection to the broker, which the command line puts in since MQTT belongs to ingest."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Outlet(Protocol):
    """An open connection. Closed without `flush`, what was published may or may not have arrived."""

    def publish(self, topic: str, payload: bytes) -> int:
        """Send a message with QoS 1, not retained. Raises Unavailable, SettingsError."""

    def flush(self, timeout_s: float = ...) -> None:
        """Wait until the broker has it. Raises Unavailable."""


Connect = Callable[[], AbstractContextManager[Outlet]]
"""Opens a connection. Raises Unavailable or SettingsError, and then nothing was sent."""
