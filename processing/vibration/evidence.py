"""Whether the spectrum of a squared envelope has the lines of a bearing's faults, and how sure that is.

Of a fault the lines at its first harmonics are looked at, with the sidebands that the fault has: of the inner race at ± the shaft, of a
ball at ± the cage. A line counts as log10 of its size over the median of its neighbourhood, the highest within ± 1.2 %, for bearings slip.

Such a sum is large by chance where it has many terms. So the same sum is taken at orders that no fault has, spread about the fault's own,
and the evidence is how many deviations (median and MAD of these) it stands above them. Those orders follow from the geometry alone, by
the golden ratio, so a waveform has the same evidence whenever it is worked out.
"""

from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np

from fieldline.bearings import Bearing, FaultOrders
from processing.kernels.outliers import DEVIATIONS_A_MAD
from processing.kernels.waveform import add_harmonics, divide_by_median
from processing.vibration.envelope import prewhitened, squared_envelope_lines
from processing.vibration.spectrum import Spectrum

FAULTS = FaultOrders._fields
"""The faults, in the order of the evidence."""

HARMONICS, SLIP, NULL_ORDERS = 5, 0.012, 40
BAND_FROM_HZ = 300.0
"""Where the band begins that is looked at for what rings: below are the shaft's own harmonics."""
USABLE = 2.56
"""Sample rate over the highest frequency that an instrument's filter lets through."""
NAMED_FROM = 4.0
"""Deviations from which on a fault is named."""
CAGE_TURNS = 5.0
"""So many turns of the cage a waveform is to last: below, its lines lie too near to each other."""
_LEAST_HARMONICS = 2
_LEAST_MAD = 0.01
_FROM_SHAFT = 0.2


class Plan(NamedTuple):
    """What sums are taken for a bearing, by fault: the fault's own order first, then those that no fault has.

    orders : float64[1 + NULL_ORDERS]; sideband : orders beside each harmonic, 0: none; is_doubled : whether the better of the order and
    its double counts
    """

    orders: np.ndarray
    sideband: float
    is_doubled: bool


@lru_cache(maxsize=4096)
def plans(bearing: Bearing) -> tuple[Plan, ...]:
    """The plans of a bearing, in the order of `FAULTS`."""
    of = bearing.orders
    sidebands = {"bpfi": 1.0, "bsf": of.ftf}
    return tuple(
        Plan(np.array([order, *_free_orders(order, of)]), sidebands.get(fault, 0.0), fault == "bsf")
        for fault, order in zip(FAULTS, of, strict=True)
    )


def _free_orders(order: float, of: FaultOrders) -> list[float]:
    """Orders between half a fault's and one and a half, none of them a harmonic of the shaft or a fault's own."""
    golden = (5.0**0.5 - 1.0) / 2.0
    spread = (order * (0.5 + (k * golden) % 1.0) for k in range(1, 100 * NULL_ORDERS))
    taken = [*of, 2.0 * of.bsf, *(n * of.ftf for n in (2, 3))]

    def is_free(at: float) -> bool:
        beside = 2.5 * SLIP * at
        of_shaft = min(beside, _FROM_SHAFT)  # of large bearings: further up no order lies far from a harmonic
        return abs(at - round(at)) > of_shaft and all(abs(at - one) > beside for one in taken)

    return list(islice(filter(is_free, spread), NULL_ORDERS))


def highest_order(bearing: Bearing, harmonics: int = HARMONICS) -> float:
    """How high the lines of the faults reach, in orders."""
    of = bearing.orders
    return max(harmonics * max(of.bpfo, of.bpfi) + 1.0, harmonics * (2.0 * of.bsf) + of.ftf) * (1.0 + SLIP)


class Envelopes(NamedTuple):
    """What of a waveform faults are looked for in.

    lines : float64[2, n], the first lines of the spectrum of the squared envelope, of the band as it is and pre-whitened
    spacing_hz : how far they lie apart; band : how many lines the band has
    """

    lines: np.ndarray
    spacing_hz: float
    band: int


def envelopes(spectrum: Spectrum, bearing: Bearing, most_hz: float) -> Envelopes:
    """The envelopes of a waveform, as far as faults reach where the shaft turns as fast as it ever does.

    spectrum : of the acceleration
    """
    band = spectrum.lines[spectrum.span(BAND_FROM_HZ, spectrum.rate_hz / USABLE)]
    count = _lines_for(bearing, most_hz / spectrum.spacing_hz, len(band))
    lines = [squared_envelope_lines(part, count) for part in (band, prewhitened(band))] if count else np.empty((2, 0))
    return Envelopes(np.array(lines), spectrum.spacing_hz, len(band))


def _lines_for(bearing: Bearing, per_order: float, most: int) -> int:
    """How many lines the faults and their neighbourhood take, of `most` that there are."""
    return int(min(highest_order(bearing) * per_order * 1.5, most))


def evidence(of: Envelopes, bearing: Bearing, shaft_hz: float) -> np.ndarray:
    """Deviations above chance of each fault, float64[4], in the order of `FAULTS`; NaN where the waveform can't tell.

    shaft_hz : how fast the shaft turns, at most what the envelopes were made for

    It is the mean of what the band from 300 Hz on says as it is, and pre-whitened: a resonance shows in the first, a fault under the lines
    of a gear in the second. A waveform tells nothing that lasts less than five turns of the cage, or whose band has no room for two
    harmonics of a fault.
    """
    per_order = shaft_hz / of.spacing_hz
    least = highest_order(bearing, _LEAST_HARMONICS) * per_order
    is_short = bearing.orders.ftf * per_order < CAGE_TURNS or min(of.band, of.lines.shape[1]) < least
    count = _lines_for(bearing, per_order, of.lines.shape[1])
    if is_short or not (of.lines[:, 1:count] > 0.0).all():
        return np.full(len(FAULTS), np.nan)
    return np.mean([_deviations(lines[1:count], bearing, per_order) for lines in of.lines], axis=0)


def _deviations(lines: np.ndarray, bearing: Bearing, per_order: float) -> np.ndarray:
    """The evidence of one envelope; lines : float64[n], positive, without that at zero."""
    reach = max(int(per_order / 2.0), 8)
    ratio = np.empty(len(lines) + 1)
    ratio[0] = 0.0
    divide_by_median(lines, reach, np.empty(2 * reach + 1), ratio[1:])
    return np.array([_deviation(ratio, plan, per_order) for plan in plans(bearing)])


def _deviation(ratio: np.ndarray, plan: Plan, per_order: float) -> float:
    found = _sums(ratio, plan.orders, plan, per_order)
    if plan.is_doubled:
        found = np.fmax(found, _sums(ratio, 2.0 * plan.orders, plan, per_order))
    free = found[1:]
    if np.isnan(found).any():
        return float("nan")
    middle = np.median(free)
    spread = DEVIATIONS_A_MAD * np.median(np.abs(free - middle))
    return float((found[0] - middle) / max(spread, _LEAST_MAD))


def _sums(ratio: np.ndarray, orders: np.ndarray, plan: Plan, per_order: float) -> np.ndarray:
    found = np.empty(len(orders))
    add_harmonics(ratio, per_order, orders, plan.sideband, HARMONICS, SLIP, found)
    return found
