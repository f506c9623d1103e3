"""Stages as threads of one process: a stage that ends by itself ends the process, with its reason.

SIGTERM and SIGINT stop the stages in the order in which the data flows, so that what ingest appended last is still
processed and delivered; together they have `DRAIN_S`. A second signal ends the process at once: everything
acknowledged is on the log, and the next start goes on from there.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from cli.exits import Exit
from cli.terminal import say
from fieldline.errors import FieldlineError, Unavailable

DRAIN_S = 9.5
_LOOK_S = 0.2
_NOTICE = "stopping; once more to stop without draining"


class Stage(Protocol):
    """What the supervisor runs."""

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then drain and return."""


class StageFailed(FieldlineError):
    """A stage ended with an error that is not one of Fieldline's own, or without one and without being asked to stop."""


class Supervised(threading.Thread):
    """One stage in its thread. `error` is what ended it, None while it runs and when it drained."""

    def __init__(self, name: str, stage: Stage) -> None:
        super().__init__(name=name, daemon=True)
        self.stopping = threading.Event()
        self.error: BaseException | None = None
        self._stage = stage

    def run(self) -> None:
        try:
            self._stage.run(self.stopping)
        except BaseException as error:  # it is kept, and the supervisor raises it
            self.error = error
            return
        if not self.stopping.is_set():
            self.error = StageFailed(f"{self.name} ended although nothing asked it to stop")


class Supervisor:
    """Runs stages until `stop` is set, or until one of them ends by itself. For one use.

    on_wait : called about five times a second meanwhile, in the thread that called `run`
    """

    def __init__(self, stop: threading.Event, on_wait: Callable[[], None] | None = None) -> None:
        self.stop = stop
        self._on_wait = on_wait
        self._threads: list[Supervised] = []

    def add(self, name: str, stage: Stage) -> None:
        """Add a stage; the order of adding is the order of stopping."""
        self._threads.append(Supervised(name, stage))

    def start(self) -> None:
        """Start all stages, the last one first, so that nothing waits for whom it feeds."""
        for thread in reversed(self._threads):
            thread.start()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start, wait, drain; `until` says that there is nothing more to do.

        Raises what ended a stage, StageFailed, or Unavailable when draining took too long.
        """
        self.start()
        try:
            while not self.stop.wait(_LOOK_S) and not self._ended() and not until():
                if self._on_wait is not None:
                    self._on_wait()
        finally:
            late = self.drain()
        self.raise_failure()
        if late:
            raise Unavailable(
                f"{', '.join(late)} did not drain within {DRAIN_S:g} s; the next start goes on from the log"
            )

    def drain(self, within_s: float = DRAIN_S) -> list[str]:
        """Stop one stage after the other; gives the names of those that are still at it when the time is up."""
        deadline = time.monotonic() + within_s
        late = []
        for at, thread in enumerate(self._threads):
            thread.stopping.set()
            if thread.ident is None:
                continue
            behind = len(self._threads) - at
            thread.join(max(0.1, (deadline - time.monotonic()) / behind))
            if thread.is_alive():
                late.append(thread.name)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        return [name for name in late if any(t.name == name and t.is_alive() for t in self._threads)]

    def raise_failure(self) -> None:
        """Raise what ended the first stage that ended by itself, if one did."""
        for thread in self._ended():
            if isinstance(thread.error, FieldlineError):
                raise thread.error
            raise StageFailed(f"{thread.name} ended: {type(thread.error).__name__}: {thread.error}") from thread.error

    def _ended(self) -> list[Supervised]:
        return [thread for thread in self._threads if thread.error is not None]


@contextmanager
def stop_on_signals(stop: threading.Event, notice: str = _NOTICE) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop` within this block; a second one ends the process at once with code 130.

    notice : what the first one prints on stderr; empty where a live view would be torn by it

    Only the main thread can do this; elsewhere the block changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(Exit.INTERRUPTED)
        stop.set()
        if notice:
            say(notice)

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
