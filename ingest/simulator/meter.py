"""An electricity meter: power by the second, and a register that adds it up exactly, at any moment of any year.

A register must go on where it stood when the simulator starts again, yet adding up years of seconds would take minutes.
So each day's energy is drawn first; the day's power is scaled by some per cent to have that integral.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from fieldline.errors import SettingsError
from ingest.simulator.devices import DAY_NS, SECOND_NS
from ingest.simulator.noise import draw, noise_key, white
from ingest.simulator.schedule import DAY_S

EPOCH_DAY = 18_262  # 2020-01-01
LAST_DAY = 47_482  # 2100-01-01
_SPREAD = 0.06


class Meter:
    """Power and register of one asset.

    shape : gives the day's power before scaling, float64[86400] by second [kW], for a day (days since 1970)
    nominal_kwh : what a day takes on average [kWh]
    rest_kw : power at midnight, where days meet [kW]
    """

    def __init__(
        self, seed: int, asset: str, nominal_kwh: float, rest_kw: float, shape: Callable[[int], np.ndarray]
    ) -> None:
        self._key = noise_key(seed, asset, "day energy")
        self._nominal = nominal_kwh
        self._rest = rest_kw
        self._shape = shape
        self._start = round(1_000.0 + 9_000.0 * draw(self._key, -1), 3)
        self._curves = lru_cache(maxsize=2)(self._compute)

    def power_kw(self, times_ns: np.ndarray) -> np.ndarray:
        """Active power at times of one UTC day, straight between whole seconds [kW]."""
        return _between(self._curves(int(times_ns[0]) // DAY_NS)[0], times_ns)

    def register_kwh(self, times_ns: np.ndarray) -> np.ndarray:
        """The cumulative register at times of one UTC day, to 1 Wh [kWh]."""
        day = int(times_ns[0]) // DAY_NS
        return np.round(self._base(day) + _between(self._curves(day)[1], times_ns), 3)

    def _compute(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        power = np.empty(DAY_S + 1)
        power[:DAY_S] = self._shape(day)
        power[0] = power[DAY_S] = self._rest
        target = float(self._day_kwh(np.array([day], np.int64))[0])
        edges_kwh = self._rest / 3600  # the two half seconds beside midnight are not scaled
        total_kwh = float(np.sum((power[1:] + power[:-1]) / 2)) / 3600
        power[1:DAY_S] *= (target - edges_kwh) / (total_kwh - edges_kwh)
        power = np.round(power, 3)
        energy = np.concatenate(([0.0], np.cumsum((power[1:] + power[:-1]) / 7200)))
        energy *= target / energy[-1]  # what the rounding of power left over, some 1e-7
        return power, energy

    def _day_kwh(self, days: np.ndarray) -> np.ndarray:
        return np.round(self._nominal * (1.0 + _SPREAD * white(self._key, days)), 3)

    def _base(self, day: int) -> float:
        if not EPOCH_DAY <= day < LAST_DAY:
            raise SettingsError("simulate: the plant exists from 2020 to 2099; choose a start within these years")
        return round(self._start + float(np.sum(self._day_kwh(np.arange(EPOCH_DAY, day, dtype=np.int64)))), 3)


def _between(curve: np.ndarray, times_ns: np.ndarray) -> np.ndarray:
    """Values of a curve given by the second, float64[86401], at times of its day."""
    within = times_ns % DAY_NS
    second = within // SECOND_NS
    share = (within - second * SECOND_NS) / SECOND_NS
    at = curve[second]
    return at + (curve[second + 1] - at) * share if share.any() else at
