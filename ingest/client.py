"""paho-mqtt's client with large reads and our own decoder of PUBLISH packets.

Of paho it keeps the handshake, keep-alive and TLS. Its own reading costs three system calls and a `Properties` object
a message, five times as much as all else that ingest does. It overrides private methods, so paho is pinned to 2.2.
"""

import socket
import ssl
import time
from typing import Any, Protocol

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from ingest.arrivals import sender_number
from ingest.endpoint import Endpoint, tls_context
from ingest.packets import PUBACK, MalformedPacket, PacketReader, pubacks

READ_BYTES = 256 << 10
TLS_READ_BYTES = 16 << 10
"""OpenSSL gives no more than a record of 16 kB at once; larger buffers only cost [bytes]."""


class BufferedClient(Client):
    """paho's client with large reads and our own PUBLISH decoder."""

    reader: PacketReader
    read_bytes = READ_BYTES

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        for _ in range(16):
            if self._sock is None:
                return MQTTErrorCode.MQTT_ERR_NO_CONN
            try:
                data = self._sock_recv(self.read_bytes)
            except BlockingIOError:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            except OSError:
                return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
            if not data:
                return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
            with self._msgtime_mutex:
                self._last_bytes_received = time.monotonic()
            try:
                self.reader.feed(data)
            except MalformedPacket as error:
                self.reader.fault = str(error)
                return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)
            # A TLS record holds 16 kB at most, and what OpenSSL has decrypted already wakes no select.
            if self.read_bytes == READ_BYTES or len(data) < self.read_bytes:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        """As paho's, but a handshake that fails leaves no open socket behind."""
        assert self._ssl_context is not None
        wrapped = self._ssl_context.wrap_socket(tcp_sock, server_hostname=self._host, do_handshake_on_connect=False)
        try:
            wrapped.settimeout(self._connect_timeout)
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped

    def handle_other(self, command: int, body: bytes) -> bool:
        """Let paho treat a packet that is not a PUBLISH. False when it closed the connection."""
        self._in_packet = {
            "command": command,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": 0,
        }
        try:
            rc = self._packet_handle()
        except Exception as error:
            # paho raises several kinds for packets it can't decode; all of them mean the same to us.
            raise MalformedPacket(f"packet type {command >> 4}: {error}") from error
        if rc > 0:
            self._loop_rc_handle(rc)
        return self._sock is not None

    def acknowledge(self, identifiers: list[int]) -> None:
        """Queue one PUBACK each, as one write."""
        self._packet_queue(PUBACK, pubacks(identifiers), 0, 1)

    def ping(self) -> bool:
        """Ask for a sign of life now; False, and nothing sent, while an answer is due."""
        if self._ping_t > 0:
            return False
        self._send_pingreq()
        return True

    @property
    def has_answered(self) -> bool:
        """Whether no answer to a ping is due."""
        return self._ping_t == 0

    def abandon(self) -> None:
        """Close the socket at once, without a word to the broker."""
        self._sock_close()

    def has_pending(self) -> bool:
        """Whether decrypted bytes wait that `select` can't see."""
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0


class Owner(Protocol):
    """Who has a client, and is told what happens to it: paho's callbacks of version 2."""

    def on_connect(self, client: Client, userdata: Any, flags: Any, code: Any, properties: Any) -> None: ...

    def on_subscribe(self, client: Client, userdata: Any, mid: int, codes: list[Any], properties: Any) -> None: ...

    def on_socket_open(self, client: Client, userdata: Any, sock: Any) -> None: ...

    def on_socket_close(self, client: Client, userdata: Any, sock: Any) -> None: ...


def prepared(
    endpoint: Endpoint, owner: Owner, client_id: str, *, is_version_5: bool, keeps_session: bool, timeout_s: float
) -> BufferedClient:
    """A client that is ready to connect: its reader, TLS, user and callbacks.

    keeps_session : the broker keeps the session, and messages are acknowledged by `acknowledge` alone

    Make one for each connection, so that renewed certificates are taken up. Raises OSError where these can't be used.
    """
    client = BufferedClient(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if is_version_5 else not keeps_session,
        protocol=MQTTProtocolVersion.MQTTv5 if is_version_5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=keeps_session,
    )
    client.connect_timeout = timeout_s
    client.reader = PacketReader(
        is_version_5, endpoint.max_payload_bytes, client.handle_other, sender_number(client_id)
    )
    if endpoint.is_tls:
        client.tls_set_context(tls_context(endpoint))
        client.read_bytes = TLS_READ_BYTES
    if endpoint.username is not None:
        client.username_pw_set(endpoint.username, endpoint.password)
    client.on_connect = owner.on_connect
    client.on_subscribe = owner.on_subscribe
    client.on_socket_open = owner.on_socket_open
    client.on_socket_close = owner.on_socket_close
    return client


def send_at_once(sock: Any) -> None:
    """Turn Nagle's algorithm off, which paho leaves on: acknowledgements would wait."""
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
