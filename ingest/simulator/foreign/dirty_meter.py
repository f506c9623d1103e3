"""An energy meter as they are: it glitches to zero, spikes, rolls over or is reset, and a second gateway that is behind reads it too.

It says its register each ten seconds. What is odd never lies within a minute of a whole hour, so that an hour's energy is the
difference of two true readings, and never near a rollover or a reset, so that those are told apart from it. The number of odd
readings is known.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS
from ingest.simulator.foreign.told import Told, clock_spans, energy_of, multiples, row_of
from ingest.simulator.meter import Meter
from ingest.simulator.noise import draw, drifting, noise_key, uniform
from ingest.simulator.schedule import DAY_S
from ingest.simulator.spans import Span

MAX_DELTA_KWH = 5.0
"""No reading is further above the one before [kWh]."""
_PERIOD_NS = 10 * SECOND_NS
_GLITCHES, _SPIKES = 0.01, 0.01
_SPIKE_KWH = 50_000.0
_BEHIND_NS, _AFTER_NS = _PERIOD_NS, 4 * SECOND_NS
"""The second gateway sends four seconds after the first one, what the meter showed ten seconds before that one."""
_SECOND_GATEWAY_S = (120, 1200)
"""When it is on, each hour [s]."""
_CALM_S = 120
_CALM_KWH = 10.0


class _Day(NamedTuple):
    """A day, each ten seconds: what the display shows [kWh], whether the first gateway's reading is odd, whether there is a second one."""

    shown: np.ndarray
    is_odd: np.ndarray
    has_second: np.ndarray


class DirtyMeter:
    """One meter. modulus_kwh : where its register rolls over; reset_s : the second of each day after which it begins at zero again."""

    def __init__(
        self, seed: int, asset: str, nominal_kw: float, *, modulus_kwh: float = 0.0, reset_s: int | None = None
    ) -> None:
        self.asset = asset
        self.modulus_kwh = modulus_kwh
        self._reset_s = reset_s
        self._nominal_kw = nominal_kw
        self._key = noise_key(seed, asset, "dirt")
        self._load = noise_key(seed, asset, "load")
        self._day = lru_cache(maxsize=3)(self._work_out)
        self._meter = Meter(seed, asset, nominal_kw * 24 * 0.7, round(nominal_kw * 0.4, 3), self._shape)

    def told(self, start_ns: int, stop_ns: int, *, begins: bool) -> Iterator[Told]:
        for time in multiples(_PERIOD_NS, start_ns, stop_ns):
            yield self._say(time, self._shown_or_odd(time))
            if self._has_second(time):
                yield self._say(time + _AFTER_NS, self._shown(time - _BEHIND_NS))

    def figures(self, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
        return [
            row_of(
                "energy", self.asset, span, energy_of(self._meter, span) | {"rejected_readings": self._rejected(span)}
            )
            for span in clock_spans(spans)
        ]

    def readings_per_second(self) -> float:
        first, last = _SECOND_GATEWAY_S
        return (1 + (last - first) / 3600) * SECOND_NS / _PERIOD_NS

    def _say(self, time_ns: int, value: float) -> Told:
        payload = msgspec.json.encode({"ts": time_ns // 1_000_000, "energy_kwh": value})
        return Told(time_ns, self.asset, payload, [("energy_kwh", time_ns, value)])

    def _rejected(self, span: Span) -> float:
        """How many readings nobody may believe: odd ones, and those of the second gateway that lie below what stood already."""
        found = 0
        for time in multiples(_PERIOD_NS, span.start_s * SECOND_NS, span.end_s * SECOND_NS):
            is_odd, has_second = self._is_odd(time), self._has_second(time)
            found += is_odd
            # Where the first gateway's reading was odd, what stands is the one before, which is what the second one says.
            found += has_second and not is_odd and self._shown(time - _BEHIND_NS) < self._shown(time)
        return float(found)

    def _shown(self, time_ns: int) -> float:
        """What the meter's display shows [kWh]."""
        return float(self._day(time_ns // DAY_NS).shown[time_ns % DAY_NS // _PERIOD_NS])

    def _is_odd(self, time_ns: int) -> bool:
        return bool(self._day(time_ns // DAY_NS).is_odd[time_ns % DAY_NS // _PERIOD_NS])

    def _has_second(self, time_ns: int) -> bool:
        return bool(self._day(time_ns // DAY_NS).has_second[time_ns % DAY_NS // _PERIOD_NS])

    def _shown_or_odd(self, time_ns: int) -> float:
        if not self._is_odd(time_ns):
            return self._shown(time_ns)
        is_glitch = draw(self._key, time_ns // _PERIOD_NS) < _GLITCHES
        return 0.0 if is_glitch else round(self._shown(time_ns) + _SPIKE_KWH, 3)

    def _work_out(self, day: int) -> _Day:
        times = day * DAY_NS + np.arange(0, DAY_NS, _PERIOD_NS, dtype=np.int64)
        shown = self._meter.register_kwh(times)
        second, hour = times // SECOND_NS % DAY_S, times // SECOND_NS % 3600
        if self._reset_s is not None:
            # The reading at the moment of the reset itself still shows what was before.
            zeros = [self._true((of * DAY_S + self._reset_s) * SECOND_NS) for of in (day - 1, day)]
            shown = shown - np.where(second > self._reset_s, zeros[1], zeros[0])
        if self.modulus_kwh:
            shown = shown % self.modulus_kwh
        is_calm = np.zeros(len(times), bool)
        if self._reset_s is not None:
            is_calm = np.abs(second - self._reset_s) <= _CALM_S
        elif self.modulus_kwh:
            is_calm = (shown <= _CALM_KWH) | (shown >= self.modulus_kwh - _CALM_KWH)
        slot = times // _PERIOD_NS
        dirt = _GLITCHES + _SPIKES
        # Never two in a row: a run of them would be a reading that the next ones agree with.
        is_drawn = (uniform(self._key, slot) < dirt) & (uniform(self._key, slot - 1) >= dirt)
        first, last = _SECOND_GATEWAY_S
        is_odd = is_drawn & (hour >= 60) & (hour < 3540) & ~is_calm
        return _Day(np.round(shown, 3), is_odd, (hour >= first) & (hour < last) & ~is_calm)

    def _true(self, time_ns: int) -> float:
        return float(self._meter.register_kwh(np.array([time_ns], np.int64))[0])

    def _shape(self, day: int) -> np.ndarray:
        times = (day * DAY_S + np.arange(DAY_S, dtype=np.int64)) * SECOND_NS
        return self._nominal_kw * (0.7 + 0.3 * drifting(self._load, times, 900.0))
