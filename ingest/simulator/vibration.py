"""A bearing that wears until it fails and is exchanged: its acceleration waveform, every five minutes, and what is told of it.

The model is the usual one of an outer-race defect: each ball that rolls over it rings a resonance of the housing, so
the spectrum of the envelope shows the ball-pass frequency (Randall and Antoni, Rolling element bearing diagnostics, a
tutorial, MSSP 25 (2011) 485, doi:10.1016/j.ymssp.2010.07.017). Amplitudes are plausible, not measured. The bearing is of the geometry
of `BEARING`, whose balls pass the outer race 3.585 times a turn; it slips by a third of a percent.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS, Event, Waveform
from ingest.simulator.noise import draw, noise_key, white
from ingest.simulator.spans import Span

RATE_HZ = 12_800.0
SAMPLES = 16_384
PERIOD_NS = 300 * SECOND_NS
SHAFT_HZ = 24.8
BEARING = "6205-2RS JEM"
BALL_PASS_HZ = 88.6
RESONANCE_HZ = 3_200.0
SURE_WEAR, SURELY_WELL = 0.35, 0.1
"""From which share of its life on the defect can't be missed, and below which there is nothing to be seen."""
OUTER_RACE = 1.0
"""The number of the fault that it has, as `vibration` counts them."""
_DAMPING_PER_S = 900.0


REPAIR_NS = 600 * SECOND_NS
"""How long after its failure a bearing is exchanged."""
WEAK_LIFE_NS = 6 * 3600 * SECOND_NS
"""Of a bearing of a bad batch."""


class Bearing:
    """The main bearing of one machine; it lasts 20 to 40 days, or `life_ns`, and is then exchanged."""

    def __init__(self, seed: int, asset: str, life_ns: int | None = None) -> None:
        self._asset = asset
        self._noise = noise_key(seed, asset, "vibration")
        self._size = lru_cache(maxsize=1024)(self._measure)
        self._life_ns = life_ns or int((20 + 20 * draw(self._noise, -1)) * DAY_NS)
        self._phase_ns = int(self._life_ns * draw(self._noise, -2))

    def wear(self, time_ns: int) -> float:
        """Share of its life that the bearing has behind it, 0 to 1."""
        return min(((time_ns + self._phase_ns) % self._life_ns) / (self._life_ns - REPAIR_NS), 1.0)

    def exchanges(self, start_ns: int, stop_ns: int) -> list[int]:
        """When new ones were put in, in [start, stop) [ns UTC]."""
        first = start_ns + (-(start_ns + self._phase_ns)) % self._life_ns
        return list(range(first, stop_ns, self._life_ns))

    def events(self, start_ns: int, stop_ns: int) -> Iterator[Event]:
        """That it failed, and that it was exchanged, in [start, stop)."""
        for time_ns in self.exchanges(start_ns, stop_ns + REPAIR_NS):
            if start_ns <= time_ns - REPAIR_NS < stop_ns:
                yield Event(time_ns - REPAIR_NS, self._asset, {"event": "failure", "mode": "outer race"})
            if time_ns < stop_ns:
                yield Event(time_ns, self._asset, {"event": "repaired", "component": "bearing"})

    def mean_rms(self, start_ns: int, stop_ns: int) -> float | None:
        """Mean RMS of the blocks in [start, stop) [m/s²]; None where there is none."""
        times = range(-(-start_ns // PERIOD_NS) * PERIOD_NS, stop_ns, PERIOD_NS)
        return sum(self._size(time_ns)[0] for time_ns in times) / len(times) if times else None

    def waveforms(self, start_ns: int, stop_ns: int) -> Iterator[Waveform]:
        """One block every five minutes in [start, stop)."""
        for time_ns in range(-(-start_ns // PERIOD_NS) * PERIOD_NS, stop_ns, PERIOD_NS):
            wear = self.wear(time_ns)
            yield Waveform(time_ns, self._asset, RATE_HZ, self._samples(time_ns, wear), wear)

    def figures(self, spans: list[Span]) -> list[dict[str, Any]]:
        """A row of `vibration` for each window, as `figures_of` has rows; what can't be told for sure is left out."""
        return [
            {
                "kind": "vibration",
                "asset": self._asset,
                "window": span.window,
                "start_ns": span.start_s * SECOND_NS,
                "end_ns": span.end_s * SECOND_NS,
                "figures": self._figures(span.start_s * SECOND_NS, span.end_s * SECOND_NS),
            }
            for span in spans
        ]

    def _figures(self, start_ns: int, stop_ns: int) -> dict[str, float | None]:
        times = range(-(-start_ns // PERIOD_NS) * PERIOD_NS, stop_ns, PERIOD_NS)
        if not times:
            return {}
        sizes, wear = [self._size(time_ns) for time_ns in times], [self.wear(time_ns) for time_ns in times]
        found: dict[str, float | None] = {
            "waveforms": float(len(times)),
            "waveforms_without_features": 0.0,
            "acceleration_rms_m_s2": sum(rms for rms, _ in sizes) / len(sizes),
            "acceleration_peak_m_s2": max(peak for _, peak in sizes),
        }
        if min(wear) >= SURE_WEAR:
            found["fault"] = OUTER_RACE
        elif max(wear) <= SURELY_WELL:
            found["fault"] = 0.0
        return found

    def _measure(self, time_ns: int) -> tuple[float, float]:
        """RMS and peak of the block of a time, its offset aside [m/s²]."""
        samples = self._samples(time_ns, self.wear(time_ns)).astype(np.float64)
        samples -= samples.mean()
        return float(np.sqrt(np.mean(samples**2))), float(np.abs(samples).max())

    def _samples(self, time_ns: int, wear: float) -> np.ndarray:
        """float32[16384] acceleration [m/s²]: shaft, noise floor, and strikes that grow with the cube of wear."""
        t = np.arange(SAMPLES) / RATE_HZ
        since_strike = np.mod(t + draw(self._noise, time_ns // PERIOD_NS) / BALL_PASS_HZ, 1.0 / BALL_PASS_HZ)
        ring = np.exp(-_DAMPING_PER_S * since_strike) * np.sin(2 * np.pi * RESONANCE_HZ * since_strike)
        floor = 0.25 * white(self._noise + 1, time_ns // PERIOD_NS * SAMPLES + np.arange(SAMPLES, dtype=np.int64))
        return (0.4 * np.sin(2 * np.pi * SHAFT_HZ * t) + (0.1 + 18.0 * wear**3) * ring + floor).astype(np.float32)
