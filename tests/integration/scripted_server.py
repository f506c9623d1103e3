"""An HTTP server on loopback that answers as a test tells it: for what no real server says on request."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """One answer. `delay_s` before it; `reset` closes the connection without one."""

    status: int = 204
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    reset: bool = False
    body: bytes | None = None
    """What is sent as it is, in place of the message."""


class ScriptedServer:
    """`answer` is asked with the lines of each request; `requests` holds all lines that came, request by request.

    vars : what the server says that it is at, as InfluxDB 1.x does; by default it does not
    """

    def __init__(self, answer: Callable[[list[str]], Reply], tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.requests: list[list[str]] = []
        self.paths: list[str] = []
        self.vars: Callable[[], object] | None = None
        self.authorizations: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


@contextmanager
def scripted(answer: Callable[[list[str]], Reply], tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    server = ScriptedServer(answer, tls)
    try:
        yield server
    finally:
        server.close()


def influx2(is_bad: Callable[[str], bool]) -> Callable[[list[str]], Reply]:
    """2.9's way with a line that can't be parsed: 400 that quotes the first one, nothing of the request is stored."""

    def answer(lines: list[str]) -> Reply:
        bad = next((line for line in lines if is_bad(line)), None)
        return Reply() if bad is None else Reply(400, f"unable to parse '{bad}': missing field value")

    return answer


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    body = reply.body or b""
    if reply.message:
        body = json.dumps({"code": "x", "message": reply.message}).encode()
    try:
        handler.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
    except OSError:
        # the other side gave up waiting
        handler.close_connection = True


def _tell(handler: BaseHTTPRequestHandler, server: ScriptedServer) -> None:
    """Say what the server is at, apart from what it answers to lines."""
    body = b"" if server.vars is None else json.dumps(server.vars()).encode()
    handler.send_response(404 if server.vars is None else 200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            lines = body.decode().splitlines()
            server.requests.append(lines)
            server.paths.append(self.path)
            server.authorizations.append(self.headers.get("Authorization"))
            reply = server.answer(lines)
            time.sleep(reply.delay_s)
            if reply.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            _send(self, reply)

        def do_GET(self) -> None:
            if self.path == "/debug/vars":
                _tell(self, server)
            else:
                self.do_POST()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                # the other side gave up, or the answer was a reset
                self.close_connection = True

    return Handler
