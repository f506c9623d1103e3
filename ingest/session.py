"""The MQTT session: messages in, acknowledgements out, over a connection that mends itself.

No thread: the caller's loop calls `poll`. What it promises: QoS 1, a persistent session with a fixed client id, no
acknowledgement but by `ack`, and none for a connection that is gone (its packet identifiers mean other messages by
then). Unacknowledged messages come again after a reconnect.
"""

import random
import selectors
import socket
import time
from collections.abc import Iterable
from typing import Any

import structlog
from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from fieldline.certificates import file_ends_s, peer_ends_s
from ingest.client import BufferedClient, prepared, send_at_once
from ingest.endpoint import Endpoint
from ingest.packets import Message
from ingest.source import Link, Watcher

_CONNECT_TIMEOUT_S = 5.0
_FIRST_ANSWER_S = 2.0
"""How long a broker that never spoke MQTT 5 may think about it: some just say nothing to it."""
_SUBACK_S = 5.0
_RESUBSCRIBE_S = 30.0
_LONGEST_BACK_OFF_S = 30.0
_LASTED_S = 10.0
"""A connection that held this long ended for a new reason: back-off begins anew."""

_logger = structlog.get_logger("ingest.session")


class Session:
    """One client of one broker. Not safe to use from several threads, `wake` apart.

    filters : topic filters, `$share/group/filter` for shared subscriptions
    unwanted : filters that the broker may still have of an earlier start; they are unsubscribed
    epoch : grows with every connection; belongs to the messages that `poll` gave since
    """

    def __init__(self, endpoint: Endpoint, filters: Iterable[str], unwanted: Iterable[str] = ()) -> None:
        self.endpoint = endpoint
        self.filters = tuple(filters)
        self.unwanted = tuple(name for name in unwanted if name not in self.filters)
        self.epoch = 0
        self.link = Link.DOWN
        self.reason = "not connected yet"
        self.has_past = False
        self.watcher = Watcher()
        self._client: BufferedClient | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._interest = 0
        self._random = random.Random()
        self._version_5 = endpoint.protocol != "3.1.1"
        self._spoke_5 = False
        self._attempts = 0
        self._next_attempt_s = 0.0
        self._since_s = 0.0
        self._next_misc_s = 0.0
        self._is_held = False
        self._subscribed_once = False
        self._certificate_ends_s: float | None = None
        self._resubscribe_s: float | None = None
        self._answer_by_s: float | None = None
        self._fault: str | None = None
        self._refused: set[str] = set()
        self._pending_filters: list[str] = []
        self._told: list[int] = []
        self._asked: list[int] | None = None
        self._connack: tuple[Any, bool] | None = None
        self._suback: list[Any] | None = None
        self._farewell = ""

    # -- for the caller's loop

    def poll(self, timeout_s: float) -> list[Message]:
        """One round of the loop: connect if due, write, wait up to `timeout_s`, read.

        Never raises for the network's sake.
        """
        now = time.monotonic()
        if self._client is None:
            if self._is_held or now < self._next_attempt_s:
                due = timeout_s if self._is_held else min(timeout_s, self._next_attempt_s - now)
                self._wait(due)
                return []
            self._connect()
            return []
        try:
            return self._round(self._client, timeout_s)
        except Exception as error:  # a fault in paho or here must cost one connection, never the loop
            _logger.exception("session fault", broker=self.endpoint.url)
            self._lose(f"fault in the session: {type(error).__name__}: {error}")
            return []

    def ack(self, epoch: int, identifiers: list[int], keys: Iterable[int] = ()) -> bool:
        """Acknowledge messages of `epoch`; False, and nothing sent, when that connection is gone.

        keys : reported to the watcher when the broker is known to have the acknowledgements
        """
        if epoch != self.epoch or self._client is None or self.link is not Link.UP:
            return False
        if identifiers:
            self._client.acknowledge(identifiers)
        self._told += keys
        return True

    def publish(self, topic: str, payload: bytes) -> bool:
        """See `Source`. Raises ValueError for what is no topic."""
        if self._client is None or self.link is not Link.UP:
            return False
        self._client.publish(topic, payload, qos=0)
        return True

    @property
    def fault(self) -> str | None:
        """Why some of what was subscribed to does not come, nothing where all does; None until the broker has answered."""
        return self._fault

    def wake(self) -> None:
        """End the wait of `poll`. Safe from any thread."""
        try:
            self._wake_out.send(b"\0")
        except (BlockingIOError, OSError):
            return  # the buffer is full of wake-ups already, or the session is closed

    def hold(self, reason: str) -> None:
        """Close the connection and stay away until `resume`; what is unacknowledged stays with the broker."""
        self._is_held = True
        if self._client is not None:
            self._lose(reason)
        else:
            self._change(Link.DOWN, reason)

    def resume(self) -> None:
        """Connect again at the next `poll`."""
        self._is_held = False
        self._next_attempt_s = 0.0

    def close(self, timeout_s: float = 1.0) -> None:
        """Send what is queued and say goodbye; the broker keeps the session."""
        client, deadline = self._client, time.monotonic() + timeout_s
        if client is not None and self.link is Link.UP:
            client.disconnect()
            while client.socket() is not None and time.monotonic() < deadline:
                if client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    break
                if client.want_write():
                    self._watch(client)
                    self._wait(0.05)
        self._drop_client()
        self._change(Link.DOWN, "closed")
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    # -- one round

    def _round(self, client: BufferedClient, timeout_s: float) -> list[Message]:
        self._watch(client)
        ready = self._wait(0.0 if client.has_pending() else timeout_s)
        if ready & selectors.EVENT_WRITE:
            client.loop_write()
        if ready & selectors.EVENT_READ or client.has_pending():
            client.loop_read()
        now = time.monotonic()
        if now >= self._next_misc_s:
            self._next_misc_s = now + 1.0
            client.loop_misc()
            self._ask(client)
        messages = client.reader.messages
        if messages:
            client.reader.messages = []
        if self._connack is not None or self._suback is not None or client.socket() is None or self.link is not Link.UP:
            self._follow(client, now)
        elif self._resubscribe_s is not None and now >= self._resubscribe_s:
            self._subscribe(client)
        elif self._answer_by_s is not None and now >= self._answer_by_s:
            self._answer_by_s, self._resubscribe_s = None, now + _RESUBSCRIBE_S
            self._find(f"{self.endpoint.url} does not answer our subscription to {_named(self._pending_filters)}")
        return messages

    def _ask(self, client: BufferedClient) -> None:
        """Ask for a sign of life behind the acknowledgements: when it comes, the broker has them, and may use their identifiers anew."""
        if client.has_answered and self._asked is not None:
            reached, self._asked = self._asked, None
            self.watcher.reached(reached)
        if self._told and self._asked is None and self.link is Link.UP and client.ping():
            self._asked, self._told = self._told, []

    def _wait(self, timeout_s: float) -> int:
        """Which of EVENT_READ and EVENT_WRITE the connection is ready for."""
        ready = 0
        for key, events in self._selector.select(max(timeout_s, 0.0)):
            if key.fileobj is self._wake_in:
                self._wake_in.recv(4096)
            else:
                ready |= events
        return ready

    def _watch(self, client: BufferedClient) -> None:
        sock = client.socket()
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
        if sock is not None and wanted != self._interest:
            self._selector.modify(sock, wanted)
            self._interest = wanted

    def _follow(self, client: BufferedClient, now: float) -> None:
        """Act on what the callbacks noted."""
        if self._connack is not None:
            (code, has_session), self._connack = self._connack, None
            if code.is_failure:
                self._refuse(str(code))
                return
            self._welcome(client, has_session, now)
        if self._suback is not None:
            self._note_subscriptions(self._suback)
            self._suback = None
        if client.socket() is None:
            is_silent = not self._farewell and self.link is Link.CONNECTING
            if client.reader.fault:
                self.watcher.counted("malformed_packets", 1)
                self._farewell = f"{self.endpoint.url} sent a malformed packet: {client.reader.fault}"
            self._lose(self._farewell or f"{self.endpoint.url} closed the connection{self._suspicion(now)}", is_silent)
        elif self.link is Link.CONNECTING and now - self._since_s > self._answer_s():
            self._lose(f"{self.endpoint.url} took the connection but does not answer", is_silent=True)

    # -- connecting

    def _connect(self) -> None:
        endpoint = self.endpoint
        self._connack, self._suback, self._farewell = None, None, ""
        self._told, self._asked, self._fault, self._answer_by_s = [], None, None, None
        try:
            client = self._new_client()
            self._client = client
            self._since_s = time.monotonic()
            self._next_misc_s = self._since_s + 1.0
            self._change(Link.CONNECTING, self.reason)
            client.connect(
                endpoint.host,
                endpoint.port,
                endpoint.keepalive_s,
                clean_start=False if self._version_5 else 3,
                properties=self._properties() if self._version_5 else None,
            )
        except (OSError, ValueError) as error:  # ssl.SSLError and socket.gaierror are OSErrors
            self._lose(f"can't reach {endpoint.url}: {getattr(error, 'strerror', None) or error}")

    def _new_client(self) -> BufferedClient:
        endpoint = self.endpoint
        client = prepared(
            endpoint,
            self,
            endpoint.client_id,
            is_version_5=self._version_5,
            keeps_session=True,
            timeout_s=_CONNECT_TIMEOUT_S,
        )
        if endpoint.is_tls:
            self._certificate_ends_s = file_ends_s(endpoint.cert_file) if endpoint.cert_file else None
        client.on_disconnect = self._on_disconnect
        client.on_socket_register_write = _nothing  # else paho writes at once, one packet a system call
        return client

    def _properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)
        properties.ReceiveMaximum = self.endpoint.receive_maximum
        properties.SessionExpiryInterval = self.endpoint.session_expiry_s
        return properties

    def _welcome(self, client: BufferedClient, has_session: bool, now: float) -> None:
        self.epoch += 1
        self.has_past = has_session
        self._since_s = now
        for whose, ends_s in (("broker", peer_ends_s(client.socket())), ("client", self._certificate_ends_s)):
            if ends_s is not None:
                self.watcher.certified(whose, ends_s)
        self._spoke_5 = self._spoke_5 or self._version_5
        # A new process may have other filters than the session of the last one: subscribe once in any case.
        if not has_session or not self._subscribed_once:
            self._subscribe(client)
        else:
            self._fault = ""
        self._change(Link.UP, f"connected to {self.endpoint.url}, MQTT {'5' if self._version_5 else '3.1.1'}")

    def _subscribe(self, client: BufferedClient) -> None:
        self._pending_filters = [name for name in self.filters if not self._refused or name in self._refused]
        self._resubscribe_s, self._answer_by_s = None, time.monotonic() + _SUBACK_S
        if self._version_5:
            client.subscribe([(name, SubscribeOptions(qos=1)) for name in self._pending_filters])
        else:
            client.subscribe([(name, 1) for name in self._pending_filters])
        if self.unwanted and not self._subscribed_once:
            # Behind the new ones: a message that both match may come twice, but none can be missed in between.
            client.unsubscribe(list(self.unwanted))

    def _note_subscriptions(self, codes: list[Any]) -> None:
        refused = [(name, code) for name, code in zip(self._pending_filters, codes, strict=False) if code.is_failure]
        self._refused = {name for name, _ in refused}
        self._subscribed_once, self._answer_by_s = not refused, None
        if refused:
            self._resubscribe_s = time.monotonic() + _RESUBSCRIBE_S
            named = ", ".join(f"{name!r} ({code})" for name, code in refused)
            self._find(f"{self.endpoint.url} refuses to let us subscribe to {named}")
        else:
            self._fault = ""
            self._change(Link.UP, f"subscribed at {self.endpoint.url}")

    def _find(self, fault: str) -> None:
        """Note why messages do not come; the subscription is tried again after 30 s."""
        self._fault = fault
        self._change(Link.UP, fault)

    # -- losing

    def _refuse(self, code: str) -> None:
        endpoint = self.endpoint
        if code == "Unsupported protocol version" and endpoint.protocol == "auto" and self._version_5:
            self._lose(f"{endpoint.url} does not speak MQTT 5, trying 3.1.1", is_silent=True)
            return
        advice = ""
        if code in ("Not authorized", "Bad user name or password", "Bad authentication method"):
            who = f"user {endpoint.username!r}" if endpoint.username else "an anonymous client"
            advice = f": it lets {who} not in; check the user name and password of the mqtt settings"
        elif code == "Unsupported protocol version":
            advice = f": it does not speak MQTT {endpoint.protocol}"
        self._lose(f"{endpoint.url} refuses the connection ({code}){advice}")

    def _suspicion(self, now: float) -> str:
        """Brokers (Mosquitto 2.0) seldom say why; a connection ended soon after it was up is most often taken over."""
        if self.link is not Link.UP or now - self._since_s >= _LASTED_S:
            return ""
        return f" so soon that another client may be using the client id {self.endpoint.client_id!r}"

    def _answer_s(self) -> float:
        is_trial = self.endpoint.protocol == "auto" and self._version_5 and not self._spoke_5
        return _FIRST_ANSWER_S if is_trial else _CONNECT_TIMEOUT_S

    def _lose(self, reason: str, is_silent: bool = False) -> None:
        """Give the connection up and plan the next. `is_silent` : the broker ended it without a word of MQTT."""
        was_up, now = self.link is Link.UP, time.monotonic()
        self._drop_client()
        if was_up and now - self._since_s >= _LASTED_S:
            self._attempts = 0
        is_downgrade = False
        if self.endpoint.protocol == "auto":
            # Old brokers hang up on MQTT 5, or fall silent: then 3.1.1 is next, at once, and 5 again after that.
            is_downgrade = is_silent and self._version_5 and not self._spoke_5
            self._version_5 = not is_downgrade
        self._attempts += not is_downgrade
        back_off = 0.0 if is_downgrade else min(_LONGEST_BACK_OFF_S, 0.25 * 2.0 ** min(self._attempts, 10))
        self._next_attempt_s = now + back_off * self._random.uniform(0.5, 1.0)
        self._change(Link.DOWN, reason)

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.abandon()

    def _change(self, link: Link, reason: str) -> None:
        if (link, reason) != (self.link, self.reason):
            self.link, self.reason = link, reason
            self.watcher.changed(link, reason)

    # -- paho's callbacks: they only note what came

    def on_connect(self, client: Client, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        self._connack = (code, bool(flags.session_present))

    def _on_disconnect(self, client: Client, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            advice = ""
            if str(code) == "Session taken over":
                advice = f": another client is using the client id {self.endpoint.client_id!r}"
            self._farewell = f"{self.endpoint.url} ended the connection ({code}){advice}"
        elif code.is_failure and str(code) == "Keep alive timeout":
            self._farewell = f"{self.endpoint.url} does not answer any more (keep-alive)"

    def on_subscribe(self, client: Client, userdata: Any, mid: int, codes: list[Any], properties: Any) -> None:
        self._suback = list(codes)

    def on_socket_open(self, client: Client, userdata: Any, sock: Any) -> None:
        send_at_once(sock)
        self._selector.register(sock, selectors.EVENT_READ)
        self._interest = selectors.EVENT_READ

    def on_socket_close(self, client: Client, userdata: Any, sock: Any) -> None:
        self._selector.unregister(sock)
        self._interest = 0


def _nothing(client: Client, userdata: Any, sock: Any) -> None:
    return None


def _named(filters: Iterable[str]) -> str:
    return ", ".join(map(repr, filters))
