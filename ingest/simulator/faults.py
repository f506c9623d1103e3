"""Faults that the simulator injects on request: what networks, clocks, gateways and meters do to good data.

All are drawn from the seed, so that a run with faults can be repeated. Faults of the data (gaps, silence, clock skew,
meter resets) change what there is to send and therefore the truth; faults of the way (duplicates, shuffles, late
batches) and malformed payloads change nothing that a pipeline may let show in its results.
"""

from collections.abc import Callable
from difflib import get_close_matches

import msgspec
import numpy as np

from fieldline.errors import SettingsError
from ingest.simulator.devices import SECOND_NS
from ingest.simulator.noise import draw, noise_key, uniform

_SLOT_NS = 600 * SECOND_NS
_HOUR_NS = 3600 * SECOND_NS


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to inject; the default is nothing.

    duplicates : share of messages that are sent twice
    shuffle_s : each message is delayed by up to so long, in the plant's time [s]
    late : share of an asset's ten-minute spans that a gateway holds back and sends in one go
    late_s : how long after its end such a span is sent [s]
    gaps : share of an asset's ten-minute spans with a hole of 2 to 400 s in them
    silence : share of a line's hours in which the whole line is silent for 5 to 20 minutes
    clock_skew_s : one asset of each line has a clock so far ahead (negative: behind) [s]
    clock_drift_ppm : and it drifts so fast from the start on [ppm]
    counter_resets : share of a meter's hours in which its register begins again at zero
    malformed : unreadable payloads, as a share of the messages
    """

    duplicates: float = 0.0
    shuffle_s: float = 0.0
    late: float = 0.0
    late_s: float = 900.0
    gaps: float = 0.0
    silence: float = 0.0
    clock_skew_s: float = 0.0
    clock_drift_ppm: float = 0.0
    counter_resets: float = 0.0
    malformed: float = 0.0

    def __post_init__(self) -> None:
        for name in ("duplicates", "late", "gaps", "silence", "counter_resets", "malformed"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"faults: {name} is a share from 0 to 1, got {getattr(self, name):g}")
        for name, most in (("shuffle_s", 3600.0), ("late_s", 86_400.0)):
            if not 0.0 <= getattr(self, name) <= most:
                raise ValueError(f"faults: {name} lies between 0 and {most:g} s, got {getattr(self, name):g}")
        if not abs(self.clock_skew_s) <= 86_400 or not abs(self.clock_drift_ppm) <= 10_000:
            raise ValueError("faults: clock_skew_s lies within ±86400 s and clock_drift_ppm within ±10000 ppm")

    def of_the_data(self) -> list[str]:
        """Names of those that change what there is to send; the others change only how it travels."""
        names = ("gaps", "silence", "clock_skew_s", "clock_drift_ppm", "counter_resets")
        return [name for name in names if getattr(self, name)]


def parse_faults(text: str) -> Faults:
    """Faults from `duplicates=0.01,shuffle_s=30,malformed=0.001`. Raises SettingsError naming what was meant."""
    known = list(Faults.__struct_fields__)
    values: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, number = (p.strip() for p in part.partition("="))
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f", did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
            raise SettingsError(f"faults: unknown fault {name!r}{hint}")
        try:
            values[name] = float(number)
        except ValueError as error:
            raise SettingsError(f"faults: expected {name}=NUMBER, got {part!r}") from error
    try:
        return Faults(**values)
    except ValueError as error:
        raise SettingsError(str(error)) from error


class Spoiler:
    """Applies the faults of the data to one asset's samples. Call with rising times."""

    def __init__(self, faults: Faults, seed: int, asset: str, line: str, start_ns: int, *, skewed: bool) -> None:
        self._faults = faults
        self._start_ns = start_ns
        self._skewed = skewed
        self._gap_key = noise_key(seed, asset, "gap")
        self._silence_key = noise_key(seed, line, "silence")
        self._late_key = noise_key(seed, asset, "late")
        self._reset_key = noise_key(seed, asset, "reset")
        self._zero_kwh = 0.0
        self._next_reset_hour = start_ns // _HOUR_NS

    def keeps(self, times_ns: np.ndarray) -> np.ndarray:
        """bool[n]: False in gaps and while the line is silent."""
        faults = self._faults
        keep = ~_holes(self._gap_key, times_ns, _SLOT_NS, faults.gaps, (2.0, 400.0))
        return keep & ~_holes(self._silence_key, times_ns, _HOUR_NS, faults.silence, (300.0, 1200.0))

    def device_time(self, times_ns: np.ndarray) -> np.ndarray:
        """The times as the asset's own clock shows them, to 1 ms [ns]."""
        faults = self._faults
        if not self._skewed or not (faults.clock_skew_s or faults.clock_drift_ppm):
            return times_ns
        drift_ns = (times_ns - self._start_ns) * (faults.clock_drift_ppm * 1e-6)
        off_ms = np.round((faults.clock_skew_s * 1e9 + drift_ns) / 1e6).astype(np.int64)
        return times_ns + off_ms * 1_000_000

    def reset_register(
        self, times_ns: np.ndarray, register: np.ndarray, at: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """The register with its resets; `at` gives the true register at a time [kWh]."""
        if not self._faults.counter_resets or not len(times_ns):
            return register
        shown = register - self._zero_kwh
        while self._next_reset_hour * _HOUR_NS <= times_ns[-1]:
            hour = self._next_reset_hour
            moment = hour * _HOUR_NS + int(3600 * draw(self._reset_key + 1, hour)) * SECOND_NS
            if draw(self._reset_key, hour) < self._faults.counter_resets and moment > self._start_ns:
                if moment > times_ns[-1]:
                    break  # still to come in this hour
                zero = float(at(np.array([moment], np.int64))[0])
                shown = np.where(times_ns >= moment, register - zero, shown)
                self._zero_kwh = zero
            self._next_reset_hour += 1
        return np.round(shown, 3)

    def delay_ns(self, time_ns: int) -> int:
        """How long a gateway holds back what was measured at `time_ns` [ns]."""
        slot = time_ns // _SLOT_NS
        if not self._faults.late or draw(self._late_key, slot) >= self._faults.late:
            return 0
        return (slot + 1) * _SLOT_NS - time_ns + int(self._faults.late_s * 1e9)


def malformed_payload(number: int) -> bytes:
    """A payload that no device means, of one of several kinds; each is one dead letter."""
    kinds = (
        b'{"ts": 1767225600%03d, "power_kw": ' % (number % 1000),
        b"\x00\xff\xfe\x80 %d" % number,
        b"[" * 200 + b"%d" % number + b"]" * 200,
        b'{"ts": "the day before yesterday", "power_kw": %d}' % number,
        b'{"ts": 1767225600000 "power_kw": %d}' % number,
        b'{"power_kw": %d]' % number,
    )
    return kinds[number % len(kinds)]


def _holes(key: int, times_ns: np.ndarray, slot_ns: int, share: float, lasts_s: tuple[float, float]) -> np.ndarray:
    """bool[n]: True inside holes. Each slot has one with probability `share`, somewhere within it."""
    if not share:
        return np.zeros(len(times_ns), bool)
    slot = times_ns // slot_ns
    shortest_s, longest_s = lasts_s
    length = (shortest_s + (longest_s - shortest_s) * uniform(key + 1, slot)) * 1e9
    begin = (slot_ns - length) * uniform(key + 2, slot)
    within = times_ns - slot * slot_ns
    return (uniform(key, slot) < share) & (within >= begin) & (within < begin + length)
