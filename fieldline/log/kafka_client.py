"""Clients of kafka-python that leave nothing open when a broker is away, and take what waits in one go.

kafka-python 3.0.12 forgets the socket of every connection attempt that fails, and everything a client opened when its
constructor fails. With a broker away for minutes and an attempt each second that eats up a process's file descriptors.
It also asks its sockets for 4 kB at a time, which costs a worker that catches up a system call for some 120 readings.
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kafka.admin import KafkaAdminClient
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

from fieldline.errors import Unavailable
from fieldline.log.kafka_probe import explain, is_exposed
from fieldline.log.kafka_settings import KafkaSettings, translated

_log = logging.getLogger(__name__)

_Client = TypeVar("_Client")
_RECEIVED_BYTES = 256 << 10


class _WideSocket(socket.socket):
    """A socket that gives what has come, however little of it is asked for. One with TLS is of another class, and not as fast."""

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        return super().recv(max(bufsize, _RECEIVED_BYTES), flags)


class _ClosingSocket(KafkaNetSocket):
    """A plain connection whose socket is closed when connecting fails; chosen by its scheme as if it were a proxy."""

    SCHEMES = ("fieldline-direct",)

    def socket(self, family: int, sock_type: int, proto: int) -> socket.socket:
        return _WideSocket(family, sock_type, proto)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


def make_first_client(kind: type[_Client], settings: KafkaSettings, **arguments: Any) -> _Client:
    """The client that a process makes first: when there is none, it says why in words. Raises SettingsError, Unavailable.

    A later one that fails is only Unavailable: settings that were right once are right, and a server that starts may refuse for a moment.
    """
    if is_exposed(settings):
        _log.warning(
            "log kafka://%s: user %s logs in without TLS beyond this machine: who listens can read the data, and the password"
            " under PLAIN; add tls=true and ca=FILE",
            settings.place, settings.security["sasl_plain_username"],
        )  # fmt: skip
    try:
        return make_client(kind, settings, **arguments)
    except Unavailable as error:
        raise explain(settings) or error from error


def make_client(kind: type[_Client], settings: KafkaSettings, **arguments: Any) -> _Client:
    """A producer, consumer or admin client for the log's servers. Raises SettingsError, Unavailable."""
    opened: list[KafkaNetClient] = []

    def open_client(**configuration: Any) -> KafkaNetClient:
        opened.append(KafkaNetClient(**configuration))
        return opened[-1]

    configuration = {
        **settings.client(),
        "proxy_url": f"{_ClosingSocket.SCHEMES[0]}://",
        "kafka_client": open_client,
        **arguments,
    }
    with translated(settings.place):
        try:
            return kind(**configuration)
        except Exception:
            for client in opened:
                client.close()
            raise


@contextmanager
def admin_client(settings: KafkaSettings) -> Iterator[KafkaAdminClient]:
    """An admin client within a block. Raises SettingsError, Unavailable."""
    with translated(settings.place):
        admin = make_first_client(KafkaAdminClient, settings)
        try:
            yield admin
        finally:
            admin.close()
