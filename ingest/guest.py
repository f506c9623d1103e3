"""A guest at a broker: it listens for a while and leaves nothing behind.

Its client id is random, so that it takes nobody's session over; its session is clean, so that the broker keeps none; it subscribes with
QoS 0, so that no sender waits for it; it has no method that publishes. It speaks MQTT 3.1.1, which every broker knows.
"""

import os
import selectors
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from paho.mqtt.enums import MQTTErrorCode

from fieldline.errors import SettingsError, Unavailable
from ingest.client import BufferedClient, prepared, send_at_once
from ingest.endpoint import Endpoint
from ingest.packets import Message

_TIMEOUT_S = 10.0
_REFUSED_FOR_GOOD = frozenset({"Not authorized", "Bad user name or password", "Client identifier not valid"})


class Guest:
    """One visit to a broker. No thread: the caller's loop calls `poll`. Use as a context manager.

    endpoint : its client id and session are not used; filters : topic filters

    Raises Unavailable where the broker can't be reached or refuses the filters, SettingsError where it refuses the credentials.
    """

    def __init__(self, endpoint: Endpoint, filters: Sequence[str]) -> None:
        self.endpoint = endpoint
        self.client_id = f"fieldline-guest-{os.urandom(5).hex()}"
        self._connack: Any = None
        self._suback: list[Any] | None = None
        self._selector = selectors.DefaultSelector()
        self._next_misc_s = time.monotonic() + 1.0
        self._client = self._new_client()
        try:
            self._enter(filters)
        except BaseException:
            self._client.abandon()
            self._selector.close()
            raise

    def poll(self, timeout_s: float) -> list[Message]:
        """What came, after at most `timeout_s`. Raises Unavailable when the connection is lost."""
        client = self._client
        self._round(timeout_s)
        messages, client.reader.messages = client.reader.messages, []
        if not messages and client.socket() is None:
            raise Unavailable(f"{self.endpoint.url} ended the connection{_because(client.reader.fault)}")
        return messages

    def close(self) -> None:
        """Say goodbye."""
        if self._client.socket() is not None:
            self._client.disconnect()
            self._client.loop_write()
        self._client.abandon()
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _new_client(self) -> BufferedClient:
        try:
            return prepared(
                self.endpoint, self, self.client_id, is_version_5=False, keeps_session=False, timeout_s=_TIMEOUT_S
            )
        except OSError as error:
            raise SettingsError(f"mqtt: can't use the certificates: {error}") from error

    def _enter(self, filters: Sequence[str]) -> None:
        url = self.endpoint.url
        try:
            self._client.connect(self.endpoint.host, self.endpoint.port, self.endpoint.keepalive_s)
        except OSError as error:
            raise Unavailable(f"can't reach {url}: {error.strerror or error}") from error
        self._await("_connack", "the connection")
        if self._connack.is_failure:
            refusal = f"{url} refuses the connection: {self._connack}"
            raise SettingsError(refusal) if str(self._connack) in _REFUSED_FOR_GOOD else Unavailable(refusal)
        self._client.subscribe([(name, 0) for name in filters])
        self._await("_suback", "the subscription")
        refused = [name for name, code in zip(filters, self._suback or (), strict=False) if code.is_failure]
        if refused:
            raise Unavailable(f"{url} refuses to let us subscribe to {', '.join(map(repr, refused))}")

    def _await(self, answer: str, to: str) -> None:
        """Go on until the broker has answered; messages that come meanwhile stay for `poll`."""
        deadline = time.monotonic() + _TIMEOUT_S
        while getattr(self, answer) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unavailable(f"{self.endpoint.url} does not answer {to} within {_TIMEOUT_S:g} s")
            if self._client.socket() is None:
                raise Unavailable(f"{self.endpoint.url} closed {to}{_because(self._client.reader.fault)}")
            self._round(left)

    def _round(self, timeout_s: float) -> None:
        client = self._client
        if client.want_write():
            client.loop_write()
        waits = client.has_pending() or client.socket() is None
        if self._selector.select(0.0 if waits else max(min(timeout_s, 1.0), 0.0)) or client.has_pending():
            client.loop_read()
        if time.monotonic() >= self._next_misc_s:
            self._next_misc_s = time.monotonic() + 1.0
            if client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                client.abandon()

    # -- paho's callbacks: they only note what came

    def on_connect(self, client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        self._connack = code

    def on_subscribe(self, client: Any, userdata: Any, mid: int, codes: list[Any], properties: Any) -> None:
        self._suback = list(codes)

    def on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:
        send_at_once(sock)
        self._selector.register(sock, selectors.EVENT_READ)

    def on_socket_close(self, client: Any, userdata: Any, sock: Any) -> None:
        self._selector.unregister(sock)


def _because(fault: str) -> str:
    return f": {fault}" if fault else ""
