"""A publishing MQTT client, as a careful device is one: QoS 1, few messages in flight, none forgotten on a reconnect.

Used by the simulator, by `fieldline send` and by the tests. It speaks MQTT 3.1.1, which every broker knows and which
needs the least work a message.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fieldline.certificates import peer_ends_s
from fieldline.errors import SettingsError, Unavailable
from ingest.endpoint import Login, parse_mqtt_url, tls_context

_KEEPALIVE_S = 30
_ANYBODY = Login()
_REFUSED_FOR_GOOD = frozenset({"Not authorized", "Bad user name or password", "Client identifier not valid"})


class Publisher:
    """Publishes with QoS 1 and knows what was acknowledged. Use from one thread, as a context manager.

    max_inflight : messages that may wait for their acknowledgement; `publish` blocks beyond it. This is all the memory
        there is: while the broker is away, that many messages wait and are sent again when it is back.
    acknowledged : called on the network thread with the number of each message (0, 1, 2, …) that the broker took over;
        tests keep their ledger with it. An exception in it is raised by the next `publish` or `flush`.

    An acknowledgement tells that the broker has the message; our embedded one gives it when the log has it.
    Raises Unavailable when the broker can't be reached within `connect_timeout_s`, SettingsError when it refuses the credentials.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str = "",
        max_inflight: int = 1000,
        login: Login = _ANYBODY,
        connect_timeout_s: float = 10.0,
        acknowledged: Callable[[int], None] | None = None,
    ) -> None:
        if not 1 <= max_inflight <= 20_000:
            raise SettingsError(f"max_inflight: expected 1 to 20000, got {max_inflight}")
        self.sent = 0
        self.acked = 0
        self._host, self._port, self._is_tls, self._user = parse_mqtt_url(url)
        self._max_inflight = max_inflight
        self._notify = acknowledged
        self._slots = threading.Semaphore(max_inflight)
        self._lock = threading.Lock()
        self._all_acked = threading.Condition(self._lock)
        self._inflight: dict[int, int] = {}
        self._early: set[int] = set()
        self._failure: BaseException | None = None
        self._connected = threading.Event()
        self._answer: ReasonCode | None = None
        self._answered = threading.Event()
        self._client = self._make_client(client_id or f"fieldline-{os.getpid()}-{os.urandom(3).hex()}")
        self._configure(login)
        self._connect(connect_timeout_s)

    def publish(self, topic: str, payload: bytes, *, timeout_s: float = 60.0, retain: bool = False) -> int:
        """Send a message and return its number; blocks while `max_inflight` messages are unacknowledged.

        Raises Unavailable when no acknowledgement frees a place within `timeout_s`, SettingsError for a topic that
        can't be published to.
        """
        self._raise_failure()
        if not self._slots.acquire(timeout=timeout_s):
            raise Unavailable(
                f"mqtt {self.address}: {self._max_inflight} messages wait for an acknowledgement since {timeout_s:g} s"
            )
        try:
            info = self._client.publish(topic, payload, qos=1, retain=retain)
        except ValueError as error:
            self._slots.release()
            raise SettingsError(f"mqtt: can't publish to {topic!r}: {error}") from error
        number = self.sent
        self.sent += 1
        with self._lock:
            self._inflight[info.mid] = number
            early = info.mid in self._early
        if early:
            self._acknowledge(info.mid)
        return number

    def flush(self, timeout_s: float = 60.0) -> None:
        """Wait until everything published is acknowledged. Raises Unavailable after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        with self._all_acked:
            while self._inflight and self._failure is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    waiting = len(self._inflight)
                    raise Unavailable(f"mqtt {self.address}: {waiting} messages unacknowledged after {timeout_s:g} s")
                self._all_acked.wait(left)
        self._raise_failure()

    def close(self) -> None:
        """Disconnect; what is unacknowledged by now may or may not have arrived. Call `flush` before."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def address(self) -> str:
        """host:port of the broker, fit for messages: without credentials."""
        return f"{self._host}:{self._port}"

    @property
    def certificate_ends_s(self) -> float | None:
        """When the broker's certificate ends [s since 1970]; None without TLS."""
        return peer_ends_s(self._client.socket())

    @property
    def is_connected(self) -> bool:
        """False while the connection is lost and being made again."""
        return self._connected.is_set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_client(self, client_id: str) -> Client:
        # A clean session: paho sends unacknowledged messages again all the same, and nothing stays on the broker.
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, protocol=MQTTProtocolVersion.MQTTv311
        )
        client.max_inflight_messages_set(self._max_inflight + 16)  # above ours, so that paho never queues
        client.reconnect_delay_set(1, 10)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_socket_open = _without_delay
        return client

    def _configure(self, login: Login) -> None:
        user = login.username or self._user
        if user:
            password = login.password.reveal() if login.password is not None else None
            self._client.username_pw_set(user, password)
        if self._is_tls:
            try:
                self._client.tls_set_context(tls_context(login))
            except OSError as error:
                files = [file for file in (login.ca_file, login.cert_file, login.key_file) if file]
                raise SettingsError(f"mqtt: can't use the certificates {files}: {error}") from error

    def _connect(self, timeout_s: float) -> None:
        self._client.connect_timeout = timeout_s
        try:
            self._client.connect(self._host, self._port, keepalive=_KEEPALIVE_S)
        except OSError as error:
            raise Unavailable(f"mqtt {self.address} can't be reached: {error}") from error
        self._client.loop_start()
        answered = self._answered.wait(timeout_s)
        if self._connected.is_set():
            return
        self.close()
        if not answered or self._answer is None:
            raise Unavailable(f"mqtt {self.address}: no answer to the connection within {timeout_s:g} s")
        refusal = f"mqtt {self.address} refuses the connection: {self._answer}"
        raise SettingsError(refusal) if str(self._answer) in _REFUSED_FOR_GOOD else Unavailable(refusal)

    def _on_connect(
        self, client: Client, data: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._answer = reason
        if not reason.is_failure:
            self._connected.set()
        self._answered.set()

    def _on_disconnect(
        self, client: Client, data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._connected.clear()

    def _on_publish(
        self, client: Client, data: Any, mid: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        with self._lock:
            if mid not in self._inflight:  # the acknowledgement was quicker than the return of `publish`
                self._early.add(mid)
                return
        self._acknowledge(mid)

    def _acknowledge(self, mid: int) -> None:
        with self._all_acked:
            number = self._inflight.pop(mid)
            self._early.discard(mid)
            self.acked += 1
            if not self._inflight:
                self._all_acked.notify_all()
        self._slots.release()
        if self._notify is not None:
            try:
                self._notify(number)
            except Exception as error:  # must not end the network thread: raised by the next call instead
                self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


def _without_delay(client: Client, data: Any, connection: Any) -> None:
    # A WebSocket or TLS wrapper has the option too; a socket that lacks it (a Unix one) needs none.
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
