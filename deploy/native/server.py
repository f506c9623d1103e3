"""A server process on this machine: started, checked, stopped, killed, with its data in a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

HOST = "127.0.0.1"
_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin"


class ServerError(Exception):
    """A server's program is missing, or it did not start or stop; the message ends with its last words."""


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def find_program(name: str) -> str:
    """The path of an installed program. Raises ServerError that says how to get it."""
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM_FOLDERS)
    if found is None:
        raise ServerError(f"{name} is not installed; run deploy/native/install")
    return found


class Server(ABC):
    """One server on `port` (a free one by default) of loopback with its data under `folder`.

    `start` after `kill` or `stop` brings it back on the same port with the same data. Not safe to use from two threads.
    """

    name: str

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.output = folder / "output.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it."""

    @abstractmethod
    def prepare(self) -> list[str]:
        """Write the configuration into the folder and give the command line."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers its clients."""

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self, timeout_s: float = 60.0) -> None:
        """Start it and wait until it answers. Raises ServerError. Does nothing when it runs."""
        if self.pid is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        command = self.prepare()
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                start_new_session=True,  # Ctrl-C at a terminal must not reach it before its clients
            )
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if self._process.poll() is not None:
                raise ServerError(f"{self.name} ended with {self._process.returncode}: {self.last_words()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"{self.name} did not answer within {timeout_s:g} s: {self.last_words()}")
            time.sleep(0.05)

    def environment(self) -> dict[str, str]:
        """The variables that the process gets."""
        return dict(os.environ)

    def stop(self, timeout_s: float = 30.0) -> None:
        """Ask it to end, and wait. Raises ServerError, after killing it, when it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise ServerError(f"{self.name} did not stop within {timeout_s:g} s") from error

    def kill(self) -> None:
        """End it at once, as a power cut would (but for what the operating system still holds)."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10.0)

    def freeze(self) -> None:
        """Stop it from running, connections stay open: a server that hangs."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one run again."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGCONT)

    def restart(self, timeout_s: float = 60.0) -> None:
        """Stop and start."""
        self.stop()
        self.start(timeout_s)

    def last_words(self, size: int = 2000) -> str:
        """The end of what it printed."""
        if not self.output.exists():
            return "(no output)"
        return self.output.read_bytes()[-size:].decode(errors="replace").strip()

    def accepts(self) -> bool:
        """Whether somebody listens on the port."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1.0):
                return True
        except OSError:
            return False
