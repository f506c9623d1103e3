"""Clocks: the one place that knows what time it is, so that tests can hold it.

Event times are nanoseconds since 1970-01-01 UTC as int64; waits are measured on a monotonic clock in seconds,
which an NTP step does not move.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """What a stage asks for the time."""

    def now_ns(self) -> int:
        """Wall time [ns, UTC]."""

    def monotonic(self) -> float:
        """Time since an arbitrary moment; never goes back [s]."""


class SystemClock:
    """The machine's clocks."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told to. Not for production; not safe to advance from two threads.

    now_ns : where wall time begins [ns, UTC]; monotonic : where the monotonic clock begins [s]
    """

    def __init__(self, now_ns: int = 1_700_000_000_000_000_000, monotonic: float = 0.0) -> None:
        self._start_ns = now_ns
        self._start_s = monotonic
        self._elapsed_ns = 0
        self._step_ns = 0

    def now_ns(self) -> int:
        return self._start_ns + self._elapsed_ns + self._step_ns

    def monotonic(self) -> float:
        return self._start_s + self._elapsed_ns / 1e9

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks. Raises ValueError for a negative span: use `step` for that."""
        if seconds < 0:
            raise ValueError(f"time passes forwards; got {seconds} s")
        self._elapsed_ns += round(seconds * 1e9)

    def step(self, seconds: float) -> None:
        """Set the wall clock forward or back as NTP does; the monotonic clock stays."""
        self._step_ns += round(seconds * 1e9)
