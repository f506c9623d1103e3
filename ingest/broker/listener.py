"""The embedded broker as the source that the ingest stage reads from: the sockets of all clients, in the stage's own thread."""

import selectors
import socket
import time
from collections.abc import Iterable
from itertools import groupby
from types import TracebackType
from typing import Self

import structlog

from fieldline.errors import SettingsError
from fieldline.topic_filters import covers
from ingest.broker.client_session import ClientSession
from ingest.broker.connection import Connection
from ingest.broker.router import Router
from ingest.broker.wire import Connect, Publication, Reason
from ingest.packets import MalformedPacket, Message
from ingest.source import Link, Watcher

_MOST_CONNECTIONS = 500
"""Half of the files that a process may usually open."""
_READ_BYTES = 256 << 10
_READ_AT_ONCE_BYTES = 4 << 20
_LOOK_S = 1.0
_CONNECT_WITHIN_S = 10.0
_GRACE = 1.5
"""Times its keep-alive a client may be silent [MQTT-3.1.2-22]."""
_FOR_EVER_S = 0xFFFFFFFF
_MOST_TOPICS = 100_000

_logger = structlog.get_logger("ingest.broker")


class Broker:
    """A broker on loopback. It listens from the beginning; `poll` does all the work, in one thread.

    filters : the topics that the stage reads; port : 0 takes a free one

    Raises SettingsError when the port is taken.
    """

    def __init__(
        self, port: int = 1883, host: str = "127.0.0.1", filters: Iterable[str] = ("#",), max_payload: int = 1 << 20
    ) -> None:
        self._listener = _listening(host, port)
        self.url = f"mqtt://{host}:{self._listener.getsockname()[1]}"
        self.router = Router()
        self.messages: list[Message] = []
        self.watcher = Watcher()
        self.epoch = 1
        self.has_past = True
        self.link, self.reason = Link.DOWN, "not begun yet"
        self._filters = tuple(filters)
        self._max_payload = max_payload
        self._wanted: dict[bytes, bool] = {}
        self._connections: dict[int, Connection] = {}
        self._wills: dict[str, tuple[float, Publication]] = {}
        self._number = 0
        self._look_s = 0.0
        self._turn = 0
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)

    # -- for the stage

    @property
    def fault(self) -> str | None:
        """Nothing: what is published here is read."""
        return ""

    def poll(self, timeout_s: float) -> list[Message]:
        """Serve all clients once, waiting up to `timeout_s` for one of them, and give what they published."""
        self._change(Link.UP, f"listens on {self.url}")
        is_all_read = self._serve(self._selector.select(max(timeout_s, 0.0)))
        now = time.monotonic()
        if now >= self._look_s and is_all_read:
            self._look_s = now + _LOOK_S
            self._look(now)
        for connection in [each for each in self._connections.values() if each.out or each.is_over]:
            self._write(connection)
        messages, self.messages = self.messages, []
        return messages

    def ack(self, epoch: int, identifiers: list[int], keys: Iterable[int] = ()) -> bool:
        """See `Source`: to each client that is still there what it is owed.

        Nobody is told that a client has it: what came last stays remembered, and on loopback nothing is lost on the way.
        """
        for number, group in groupby(identifiers, key=_connection_number):
            connection = self._connections.get(number)
            if connection is not None:
                connection.settle([identifier & 0xFFFF for identifier in group])
                self._write(connection)
        return True

    def publish(self, topic: str, payload: bytes) -> bool:
        """See `Source`."""
        self.router.publish(Publication(topic.encode(), payload, 0, False, ""))
        return True

    def wake(self) -> None:
        """See `Source`."""
        try:
            self._wake_out.send(b"\0")
        except OSError:
            return  # the buffer is full of wake-ups already, or the broker is closed

    def hold(self, reason: str) -> None:
        """See `Source`: nobody is disconnected, and who does not call `poll` reads from nobody."""
        self._change(Link.DOWN, reason)

    def resume(self) -> None:
        """See `Source`. That a client was not read from is no silence of its own."""
        for connection in self._connections.values():
            connection.heard_s = time.monotonic()

    def close(self, timeout_s: float = 1.0) -> None:
        """Write what is queued, say goodbye to all clients, and listen no more. Calling it again does nothing."""
        if self._listener.fileno() < 0:
            return
        self._listener.close()
        deadline = time.monotonic() + timeout_s
        for connection in list(self._connections.values()):
            connection.end(Reason.SHUTTING_DOWN)
            connection.sock.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                connection.sock.sendall(connection.out)
            except OSError:
                _logger.debug("a client is gone", client=connection.client_id)
            connection.sock.close()
        self._connections.clear()
        self._change(Link.DOWN, "closed")
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- for the connections

    def is_wanted(self, topic: bytes) -> bool:
        """See `Hub`."""
        found = self._wanted.get(topic)
        if found is None:
            if len(self._wanted) >= _MOST_TOPICS:
                self._wanted.clear()
            text = topic.decode("utf-8", "replace")
            found = self._wanted[topic] = any(covers(name, text) for name in self._filters)
        return found

    def enter(self, connection: Connection, connect: Connect) -> bool:
        """See `Hub`. An earlier connection of the same name ends."""
        name, router = connection.client_id, self.router
        session = router.sessions.get(name)
        if session is not None and isinstance(session.connection, Connection):
            earlier = session.connection
            earlier.end(Reason.TAKEN_OVER)
            self._write(earlier)
            session = router.sessions.get(name)
        self._wills.pop(name, None)
        if session is not None and connect.is_clean:
            router.remove(session)
            session = None
        has_session = session is not None
        if session is None:
            session = ClientSession(name)
            router.add(session)
        session.expiry_s = _expiry_s(connect)
        connection.session, session.connection = session, connection
        return has_session

    # -- sockets

    def _serve(self, ready: list[tuple[selectors.SelectorKey, int]]) -> bool:
        """Read from whoever has something, up to a limit together; False when some are left for the next time."""
        left = _READ_AT_ONCE_BYTES
        # Another one is first each time, so that whoever sends most does not keep the others waiting.
        turn = self._turn = (self._turn + 1) % max(len(ready), 1)
        for key, events in ready[turn:] + ready[:turn]:
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wake_in:
                self._wake_in.recv(4096)
            elif isinstance(key.data, Connection) and events & selectors.EVENT_READ and left > 0:
                left -= self._read(key.data)
        return left > 0

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # gone again before we came to it, or no file descriptor is left
        if len(self._connections) >= _MOST_CONNECTIONS:
            sock.close()
            self.watcher.counted("refused_connections", 1)
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number += 1
        connection = Connection(self._number, sock, self, self._max_payload)
        self._connections[self._number] = connection
        self._selector.register(sock, selectors.EVENT_READ, connection)

    def _read(self, connection: Connection) -> int:
        try:
            data = connection.sock.recv(_READ_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""
        if not data:
            connection.out.clear()
            connection.is_over = True
            return 0
        try:
            connection.receive(data)
        except MalformedPacket as error:
            self.watcher.counted("malformed_packets", 1)
            _logger.warning("malformed packet", client=connection.client_id, fault=str(error))
            connection.end(Reason.MALFORMED)
        except Exception:  # a fault of ours must cost one connection, never the broker
            _logger.exception("broker fault", client=connection.client_id)
            connection.end(Reason.UNSPECIFIED)
        return len(data)

    def _write(self, connection: Connection) -> None:
        try:
            connection.flush()
            if connection.session is not None and connection.session.connection is connection:
                connection.session.pump()
                connection.flush()
        except OSError:
            connection.out.clear()
            connection.is_over = True
        if connection.is_over:
            self._drop(connection)
            return
        events = selectors.EVENT_READ if connection.is_readable else 0
        events |= selectors.EVENT_WRITE if connection.out else 0
        if self._selector.get_key(connection.sock).events != events:
            self._selector.modify(connection.sock, events, connection)

    def _drop(self, connection: Connection) -> None:
        """Close a connection whose last words are written, or can't be."""
        if self._connections.pop(connection.number, None) is None:
            return
        self._selector.unregister(connection.sock)
        connection.sock.close()
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        session.ends_s = time.monotonic() + (float("inf") if session.expiry_s >= _FOR_EVER_S else session.expiry_s)
        if connection.will is not None:
            delay_s = min(connection.will_delay_s, session.expiry_s)
            self._wills[session.client_id] = time.monotonic() + delay_s, connection.will
            self._publish_wills(time.monotonic())
        if not session.expiry_s:
            self.router.remove(session)

    # -- once a second

    def _look(self, now: float) -> None:
        for connection in list(self._connections.values()):
            silent_s = now - connection.heard_s
            if connection.session is None:
                if silent_s > _CONNECT_WITHIN_S:
                    connection.is_over = True
            elif connection.keepalive_s and silent_s > _GRACE * connection.keepalive_s:
                connection.end(Reason.KEEP_ALIVE)
        self._publish_wills(now)
        self.router.remove_expired()
        dropped, not_retained = self.router.take_counts()
        if dropped:
            self.watcher.counted("dropped_for_subscribers", dropped)
        if not_retained:
            self.watcher.counted("not_retained", not_retained)

    def _publish_wills(self, now: float) -> None:
        for name, (due_s, will) in list(self._wills.items()):
            if due_s <= now:
                del self._wills[name]
                self.router.publish(will)
                if self.is_wanted(will.topic):
                    self.messages.append((will.topic, will.payload, 0, 0, len(will.payload), 0))

    def _change(self, link: Link, reason: str) -> None:
        if (link, reason) != (self.link, self.reason):
            self.link, self.reason = link, reason
            self.watcher.changed(link, reason)


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    # As servers do it: else a port whose last connection is just closing counts as taken.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SettingsError(
            f"mqtt: can't listen on {host}:{port}: {error}; is a broker running there? Then name it: --mqtt mqtt://{host}:{port}"
        ) from error
    listener.setblocking(False)
    return listener


def _expiry_s(connect: Connect) -> float:
    if connect.session_expiry_s is not None:
        return connect.session_expiry_s
    return 0 if connect.is_clean else _FOR_EVER_S


def _connection_number(identifier: int) -> int:
    return identifier >> 16
