"""A bound on the bytes that are on their way to the log; appending waits when it is reached."""

import threading
import time

from fieldline.errors import Unavailable


class ByteGate:
    """Lets at most `limit` bytes through until they are released. A single larger item passes alone."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def held(self) -> int:
        """Bytes that went in and were not released yet."""
        return self._held

    def acquire(self, size: int, timeout_s: float) -> None:
        """Wait until `size` bytes fit. Raises Unavailable after `timeout_s` or once the gate is closed."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not self._closed and self._held and self._held + size > self.limit:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Unavailable(f"log: {self._held} bytes wait to be written and none was in {timeout_s:g} s")
                self._changed.wait(left)
            if self._closed:
                raise Unavailable("log: closed")
            self._held += size

    def release(self, size: int) -> None:
        """Give `size` bytes back."""
        with self._changed:
            self._held -= size
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more; those who wait get Unavailable."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
