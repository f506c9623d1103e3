"""Brokers that do what Mosquitto does not: one that knows no MQTT 5 before a real one, and one that answers as it is told."""

import socket
import threading
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

CONNACK = b"\x20\x02\x00\x00"
"""MQTT 3.1.1: welcome, no session."""


class _Server:
    """A listening socket; each connection has a thread of its own."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            end(sock)
        for thread in self._threads:
            thread.join(10.0)
        for sock in self._sockets:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            self._threads.append(threading.Thread(target=self.serve, args=(sock,), daemon=True))
            self._threads[-1].start()

    def serve(self, sock: socket.socket) -> None:
        raise NotImplementedError


class OldBroker(_Server):
    """Mosquitto for clients of 3.1.1; one of MQTT 5 gets no answer, or is hung up on. `versions` : that were tried."""

    def __init__(self, url: str, is_silent: bool) -> None:
        super().__init__()
        self.versions: list[str] = []
        self._port = urlsplit(url).port or 0
        self._is_silent = is_silent

    def serve(self, sock: socket.socket) -> None:
        first = sock.recv(4096)
        self.versions.append("5" if first[8:9] == b"\x05" else "3.1.1")
        if self.versions[-1] == "5":
            if not self._is_silent:
                end(sock)
            return
        with socket.create_connection(("127.0.0.1", self._port)) as real:
            real.sendall(first)
            back = threading.Thread(target=_copy, args=(real, sock), daemon=True)
            back.start()
            _copy(sock, real)
            end(real)
            back.join(10.0)


class ScriptedBroker(_Server):
    """Gives each packet of a client to `answer`, which gives the bytes that go back."""

    def __init__(self, answer: Callable[[int, bytes], bytes]) -> None:
        super().__init__()
        self._answer = answer

    def serve(self, sock: socket.socket) -> None:
        data = b""
        while True:
            try:
                while len(data) >= 2 and len(data) >= 2 + data[1]:  # no packet here is longer than 127 bytes
                    packet, data = data[: 2 + data[1]], data[2 + data[1] :]
                    sock.sendall(self._answer(packet[0] >> 4, packet[2:]))
                more = sock.recv(4096)
            except OSError:  # the client hung up
                return
            if not more:
                return
            data += more


def end(sock: socket.socket) -> None:
    """Hang up; a socket that is closed already is no matter."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
    except OSError:
        return
    finally:
        end(target)
