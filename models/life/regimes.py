"""The regimes that a fleet is run in, found by clustering its settings, and what is usual of each channel in each.

A machine at full load and the same machine idling differ more than a new one and a worn one: only deviations from the regime's own norm
tell wear. Regimes count only where settings come in clear clumps; else all rows are one regime.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.life.fleet import Fleet
from models.regime.clumps import find_clumps, is_still
from processing.kernels import regimes as kernels
from processing.kernels.regimes import Norms

_LIMIT = 8.0  # standard deviations; an outlier beyond counts as this


class Regimes(NamedTuple):
    """Norms of the channels that are not constant everywhere; kept : int64[k], their numbers among the fleet's channels.

    dropped : names of the constant ones; silhouette : of the clustering that was taken, NaN for one regime
    used : int64[s], numbers of the settings that are not constant
    """

    norms: Norms
    kept: NDArray[np.int64]
    used: NDArray[np.int64]
    dropped: tuple[str, ...]
    silhouette: float

    @property
    def number(self) -> int:
        return len(self.norms.centres)

    def of(self, fleet: Fleet) -> NDArray[np.int64]:
        """The regime of each row, int64[n]; -1 where a setting is missing."""
        regime = np.empty(len(fleet.unit), np.int64)
        kernels.nearest(np.ascontiguousarray(fleet.settings[:, self.used]), self.norms, regime)
        return regime

    def deviations(self, fleet: Fleet) -> NDArray[np.float64]:
        """Deviations of the kept channels from their regime's norm, float64[n, kept] [standard deviations], NaN where missing."""
        out = np.empty((len(fleet.unit), len(self.kept)))
        channels = np.ascontiguousarray(fleet.channels[:, self.kept])
        kernels.deviations(channels, self.of(fleet), self.norms, _LIMIT, out)
        return out


def find_regimes(fleet: Fleet, seed: int) -> Regimes:
    """Cluster the settings of training rows, and take mean and deviation of each channel in each regime.

    Raises SettingsError for a channel without any value and where all channels are constant.
    """
    used = np.flatnonzero(~is_still(np.nanstd(fleet.settings, axis=0), np.nanmean(fleet.settings, axis=0)))
    shift = np.nanmean(fleet.settings[:, used], axis=0)
    scale = np.nanstd(fleet.settings[:, used], axis=0)
    centres, silhouette = find_clumps((fleet.settings[:, used] - shift) / scale, seed)
    blank = np.empty((len(centres), fleet.channels.shape[1]))
    norms = Norms(centres, shift, scale, blank, blank)
    regime = np.empty(len(fleet.unit), np.int64)
    kernels.nearest(np.ascontiguousarray(fleet.settings[:, used]), norms, regime)
    mean, deviation = _norms_of(fleet, regime, len(centres))
    kept = np.flatnonzero(np.isfinite(deviation).any(axis=0))
    if not len(kept):
        raise SettingsError("train: expected a channel that changes, all of them are constant")
    norms = norms._replace(mean=mean[:, kept].copy(), deviation=deviation[:, kept].copy())
    dropped = tuple(name for number, name in enumerate(fleet.channel_names) if number not in kept)
    return Regimes(norms, kept, used, dropped, silhouette if len(centres) > 1 else float("nan"))


def _norms_of(fleet: Fleet, regime: NDArray[np.int64], regimes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation, float64[regimes, channels]; an infinite deviation where a channel stands still or is never known."""
    mean = np.zeros((regimes, fleet.channels.shape[1]))
    deviation = np.full_like(mean, np.inf)
    for c, name in enumerate(fleet.channel_names):
        is_known = np.isfinite(fleet.channels[:, c])
        if not is_known.any():
            raise SettingsError(f"train: channel {name!r} has no value in any row")
        for k in range(regimes):
            values = fleet.channels[is_known & (regime == k), c]
            if values.size:
                mean[k, c] = values.mean()
                spread = values.std()
                deviation[k, c] = np.inf if is_still(spread, values.mean()) else spread
    return mean, deviation
