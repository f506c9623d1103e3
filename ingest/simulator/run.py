"""Sends a simulated plant to a broker, at a pace."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from fieldline.clock import Clock
from fieldline.errors import SettingsError
from ingest.publisher import Publisher
from ingest.simulator.devices import SECOND_NS
from ingest.simulator.stream import Simulation

_SLACK_S = 0.005
"""Shorter waits than this are saved up: a wait costs more than it delays."""


class Progress(NamedTuple):
    """How far a simulation is: messages and readings sent, and the plant's time it has reached [ns UTC]."""

    messages: int
    readings: int
    time_ns: int


def simulate(
    simulation: Simulation,
    publisher: Publisher,
    *,
    seconds: float,
    clock: Clock,
    stop: threading.Event,
    speed: float | None = 1.0,
    progress: Callable[[Progress], None] | None = None,
    flush_timeout_s: float = 60.0,
) -> Progress:
    """Publish `seconds` of the plant's time and wait until all of it is acknowledged.

    speed : the plant's seconds in one second; None is as fast as the broker acknowledges
    stop : ends it early; what the network holds back is still sent, so that the truth stays true
    progress : called about once in a second of the plant's time that was generated together

    Raises Unavailable when the broker stays away too long: the truth then tells more than was sent.
    """
    if speed is not None and not speed > 0:
        raise SettingsError(f"simulate: speed is above 0, got {speed:g}")
    begin_ns, begin = simulation.end_ns, clock.monotonic()
    chunk_s = 60 if speed is None else min(600, max(1, int(speed)))
    sent, readings, told = 0, 0, begin
    for message in simulation.messages(seconds, chunk_s=chunk_s, stopped=stop.is_set):
        if speed is not None and not stop.is_set():
            ahead = (message.due_ns - begin_ns) / SECOND_NS / speed - (clock.monotonic() - begin)
            if ahead > _SLACK_S:
                stop.wait(min(ahead, 60.0))
        publisher.publish(message.topic, message.payload)
        sent += 1
        readings += message.rows * len(message.tags)
        if progress is not None and clock.monotonic() - told >= 0.2:
            told = clock.monotonic()
            progress(Progress(sent, readings, message.due_ns))
    publisher.flush(flush_timeout_s)
    done = Progress(sent, readings, simulation.end_ns)
    if progress is not None:
        progress(done)
    return done


def pack_for(speed: float | None) -> int:
    """How many seconds of samples one message should hold at a speed, so that a small broker keeps up [s]."""
    return 1 if speed is not None and speed <= 100 else min(60, round((speed or 1000.0) / 50))
