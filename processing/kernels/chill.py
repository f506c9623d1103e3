"""Winter chill and spring warmth of buds, from hourly temperatures: what a fruit tree needs before it blooms.

Chill hours count hours between 0 and 7.2 °C. Utah units weigh them, and take back what warmth undoes (E. A. Richardson, S. D. Seeley and
D. R. Walker, HortScience 9 (1974) 331). Chill portions are those of the Dynamic model: an intermediate product builds up with cold and
falls apart with warmth, and once enough of it is there a portion is fixed that nothing undoes (S. Fishman, A. Erez and G. A. Couvillon,
J. Theoretical Biology 124 (1987) 473; constants and 273 K as in E. Luedeling's chillR). Growing degree hours are those of J. L. Anderson,
E. A. Richardson and C. D. Kesner, Acta Horticulturae 184 (1986) 71.
"""

import math

import numpy as np

from processing.kernels.jit import FLOATS, FLOATS2, NOTHING, inline, kernel, record, records

CHILL = record(("product", "f8"), ("released", "f8"))
"""Of the Dynamic model: the intermediate product, 0 at first, and the share of it that the last hour's temperature fixes."""

CHILL_HOURS, UTAH_UNITS, PORTIONS, GROWING_DEGREE_HOURS = 0, 1, 2, 3
"""Columns of what an hour gives."""

_HOT_HOUR_C = 7.2
_E0, _E1 = 4153.5, 12888.8  # activation energies over the gas constant [K]
_A0, _A1 = 139_500.0, 2.567e18
_SLOPE, _FIXED_AT_K = 1.6, 277.0
_BASE_C, _BEST_C, _CRITICAL_C = 4.0, 25.0, 36.0


@inline
def utah_unit(degc):
    """The weight of an hour."""
    if degc <= 1.4 or 12.4 < degc <= 15.9:
        return 0.0
    if degc <= 2.4 or 9.1 < degc <= 12.4:
        return 0.5
    if degc <= 9.1:
        return 1.0
    return -0.5 if degc <= 18.0 else -1.0


@inline
def growing_degree_hour(degc):
    """The warmth of an hour, 0 below 4 and above 36 °C, most at 25 °C [K·h]."""
    span = _BEST_C - _BASE_C
    if _BASE_C <= degc <= _BEST_C:
        return span / 2.0 * (1.0 + math.cos(math.pi + math.pi * (degc - _BASE_C) / span))
    if _BEST_C < degc <= _CRITICAL_C:
        return span * (1.0 + math.cos(math.pi / 2.0 + math.pi / 2.0 * (degc - _BEST_C) / (_CRITICAL_C - _BEST_C)))
    return 0.0


@inline
def portion(degc, one):
    """The chill portions that an hour fixes, most often 0; changes the state."""
    kelvin = degc + 273.0
    tilt = math.exp(_SLOPE * _FIXED_AT_K * (kelvin - _FIXED_AT_K) / kelvin)
    released = tilt / (1.0 + tilt)
    left = one.product * (1.0 - one.released) if one.product >= 1.0 else one.product
    most = _A0 / _A1 * math.exp((_E1 - _E0) / kelvin)
    one.product = most - (most - left) * math.exp(-_A1 * math.exp(-_E1 / kelvin))
    one.released = released
    return one.product * released if one.product >= 1.0 else 0.0


@kernel(NOTHING, FLOATS, records(CHILL), FLOATS2)
def carry_chill(degc, state, out):
    """One hour of each of n places.

    degc : float64[n], the hour's mean temperature, -90 to 60; NaN, or beyond: the state stays and the outputs are NaN. [degC]
    state : CHILL[n], changed. out : float64[n, 4], output: see `CHILL_HOURS` and those after it
    """
    for k in range(degc.size):
        for column in range(4):
            out[k, column] = np.nan
        if not (-90.0 <= degc[k] <= 60.0):
            continue
        out[k, CHILL_HOURS] = 1.0 if 0.0 <= degc[k] <= _HOT_HOUR_C else 0.0
        out[k, UTAH_UNITS] = utah_unit(degc[k])
        out[k, PORTIONS] = portion(degc[k], state[k])
        out[k, GROWING_DEGREE_HOURS] = growing_degree_hour(degc[k])
