"""What a simulated device is: an asset with columns that are functions of time, and events and waveforms at moments."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS


class Event(NamedTuple):
    """An event as it is published: time [ns UTC], asset, and the attributes with `event` among them."""

    time_ns: int
    asset: str
    attributes: dict[str, str | int | float]


class Waveform(NamedTuple):
    """A block of samples: start [ns UTC], asset, rate [Hz], float32[n] acceleration [m/s²], wear 0 to 1 (worn)."""

    time_ns: int
    asset: str
    rate_hz: float
    samples: np.ndarray
    wear: float


class Device(Protocol):
    """One asset. Everything is a pure function of the seed and the times asked for."""

    asset: str
    period_ns: int
    """How often it measures, at multiples of this since 1970 [ns]."""

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        """tag → float64[n] at `times_ns` (int64[n], rising, all of one UTC day); equal tags for every call."""

    def events(self, start_ns: int, stop_ns: int, *, announce: bool = False) -> Iterator[Event]:
        """Events in [start, stop), in order of time; `announce`: say at `start_ns` what state holds then."""

    def waveforms(self, start_ns: int, stop_ns: int) -> Iterator[Waveform]:
        """Waveforms whose first sample lies in [start, stop)."""


class Quiet:
    """A device that has neither events nor waveforms."""

    def events(self, start_ns: int, stop_ns: int, *, announce: bool = False) -> Iterator[Event]:
        return iter(())

    def waveforms(self, start_ns: int, stop_ns: int) -> Iterator[Waveform]:
        return iter(())


def day_of(time_ns: int) -> int:
    """UTC days since 1970."""
    return time_ns // DAY_NS


def days_between(start_ns: int, stop_ns: int) -> Iterator[tuple[int, int, int]]:
    """The parts of [start, stop) by UTC day: (day, start [ns], stop [ns])."""
    at = start_ns
    while at < stop_ns:
        end = min(stop_ns, (at // DAY_NS + 1) * DAY_NS)
        yield at // DAY_NS, at, end
        at = end
