"""Clients of kafka-python that leave nothing open when a broker is away.

kafka-python 3.0.12 forgets the socket of every connection attempt that fails, and everything a client opened when its
constructor fails. With a broker away for minutes and an attempt each second that eats up a process's file descriptors.
"""

from typing import Any, TypeVar

from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

from fieldline.log.kafka_settings import KafkaSettings, translated

_Client = TypeVar("_Client")


class _ClosingSocket(KafkaNetSocket):
    """A plain connection whose socket is closed when connecting fails; chosen by its scheme as if it were a proxy."""

    SCHEMES = ("fieldline-direct",)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


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
