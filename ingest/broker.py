"""The embedded MQTT broker: amqtt on loopback, for `fieldline run` with nothing given and for the demo.

It speaks MQTT 3.1.1, without TLS, without passwords, to this machine only, at some 2,000 QoS 1 messages/s. Known
limits: its sessions and retained messages live in memory; and messages queued behind a publisher that disconnects at
once may be lost, so a publisher should wait for its acknowledgements and a moment more. For anything lasting use
Mosquitto, EMQX or HiveMQ.
"""

import asyncio
import logging
import socket
import threading
import warnings
from types import TracebackType
from typing import Any, Self

from fieldline.errors import SettingsError, Unavailable

_START_S = 10.0
_STOP_S = 5.0


class EmbeddedBroker:
    """A broker in a thread of its own; `start`, then `stop`, or use it as a context manager.

    port : 0 takes a free one, which `port` tells after `start`. Raises SettingsError when the port is taken,
    Unavailable when it does not start in 10 s.
    """

    def __init__(self, port: int = 1883, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._end: asyncio.Event | None = None
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"mqtt://{self.host}:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Return when it takes connections."""
        if self._thread is not None:
            raise Unavailable("the embedded broker was started already")
        self.port = _free_port(self.host, self.port)
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise Unavailable(f"the embedded broker did not start within {_START_S:g} s")
        if self._failure is not None:
            self._thread.join(_STOP_S)
            raise Unavailable(f"the embedded broker did not start: {self._failure}") from self._failure

    def stop(self) -> None:
        """Disconnect all clients and end. Raises Unavailable when it does not within 10 s."""
        thread, loop = self._thread, self._loop
        if thread is None:
            return
        if loop is not None and self._end is not None and thread.is_alive():
            loop.call_soon_threadsafe(self._end.set)
        thread.join(2 * _STOP_S)
        if thread.is_alive():
            raise Unavailable(f"the embedded broker did not stop within {2 * _STOP_S:g} s")
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # amqtt's own deprecations are not our users' business
                asyncio.run(self._serve())
        except BaseException as error:  # handed to `start`, or known by `is_alive`
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from amqtt.broker import Broker

        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_ignore)
        broker = Broker(_configuration(self.host, self.port))
        await asyncio.wait_for(broker.start(), _START_S)
        self._ready.set()
        try:
            await self._end.wait()
        finally:
            try:
                await asyncio.wait_for(broker.shutdown(), _STOP_S)
            except TimeoutError:
                logging.getLogger(__name__).warning("the embedded broker's clients were cut off")


def _configuration(host: str, port: int) -> dict[str, Any]:
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}", "max_connections": 1000}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


def _free_port(host: str, port: int) -> int:
    with socket.socket() as probe:
        # As asyncio does it: else a port whose last connection is just closing counts as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise SettingsError(
                f"mqtt: can't listen on {host}:{port}: {error}; is a broker running there? Then name it: --mqtt mqtt://{host}:{port}"
            ) from error
        return int(probe.getsockname()[1])


def _ignore(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Clients that vanish leave tasks with errors behind in amqtt; its state is right nevertheless."""
