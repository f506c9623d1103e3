"""Waiting for a condition, never for time."""

import threading
import time
from collections.abc import Callable

LATE_S = 60.0


def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; AssertionError when it does not within a minute."""
    deadline, pause = time.monotonic() + LATE_S, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "what was waited for did not come"
        pause.wait(0.02)
