"""A bearing that wears: its acceleration waveform, once a minute.

The model is the usual one of an outer-race defect: each ball that rolls over it rings a resonance of the housing, so
the spectrum of the envelope shows the ball-pass frequency (Randall and Antoni, Rolling element bearing diagnostics, a
tutorial, MSSP 25 (2011) 485, doi:10.1016/j.ymssp.2010.07.017). Amplitudes are plausible, not measured.
"""

from collections.abc import Iterator

import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS, Waveform
from ingest.simulator.noise import draw, noise_key, white

RATE_HZ = 25_600.0
SAMPLES = 2048
PERIOD_NS = 60 * SECOND_NS
SHAFT_HZ = 24.8
BALL_PASS_HZ = 88.6
RESONANCE_HZ = 3_200.0
_DAMPING_PER_S = 900.0


class Bearing:
    """The main bearing of one machine; it lasts 20 to 40 days and is then exchanged."""

    def __init__(self, seed: int, asset: str) -> None:
        self._asset = asset
        self._noise = noise_key(seed, asset, "vibration")
        self._life_ns = int((20 + 20 * draw(self._noise, -1)) * DAY_NS)
        self._phase_ns = int(self._life_ns * draw(self._noise, -2))

    def wear(self, time_ns: int) -> float:
        """Share of its life that the bearing has behind it, 0 to 1."""
        return ((time_ns + self._phase_ns) % self._life_ns) / self._life_ns

    def waveforms(self, start_ns: int, stop_ns: int) -> Iterator[Waveform]:
        """One block at each full minute in [start, stop)."""
        for time_ns in range(-(-start_ns // PERIOD_NS) * PERIOD_NS, stop_ns, PERIOD_NS):
            wear = self.wear(time_ns)
            yield Waveform(time_ns, self._asset, RATE_HZ, self._samples(time_ns, wear), wear)

    def _samples(self, time_ns: int, wear: float) -> np.ndarray:
        """float32[2048] acceleration [m/s²]: shaft, noise floor, and strikes that grow with the cube of wear."""
        t = np.arange(SAMPLES) / RATE_HZ
        since_strike = np.mod(t + draw(self._noise, time_ns // PERIOD_NS) / BALL_PASS_HZ, 1.0 / BALL_PASS_HZ)
        ring = np.exp(-_DAMPING_PER_S * since_strike) * np.sin(2 * np.pi * RESONANCE_HZ * since_strike)
        floor = 0.25 * white(self._noise + 1, time_ns // PERIOD_NS * SAMPLES + np.arange(SAMPLES, dtype=np.int64))
        return (0.4 * np.sin(2 * np.pi * SHAFT_HZ * t) + (0.1 + 18.0 * wear**3) * ring + floor).astype(np.float32)
