"""paho-mqtt's client with large reads and our own decoder of PUBLISH packets.

Of paho it keeps the handshake, keep-alive and TLS. Its own reading costs three system calls and a `Properties` object
a message, five times as much as all else that ingest does. It overrides private methods, so paho is pinned to 2.2.
"""

import socket
import ssl
import time

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

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
