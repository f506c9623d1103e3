"""Degree days: how far, and for how long, the outside temperature lay beyond the one at which heating or cooling starts."""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain


def heating_degree_days(temperature_c: ArrayLike, base_c: float, length_days: ArrayLike = 1.0) -> Floats:
    """Heating degree days of each span, max(0, base - T)·length [K·d].

    temperature_c : float64[...], mean outside temperature of each span; days give the mean-temperature method. [degC]
    base_c : outside temperature below which the building needs heat, often 15.5 or 18. [degC]
    length_days : float64[...], a scalar or one for each span. [d]

    NaN where a temperature is missing. Sum them for a month. Raises ValueError for a base or length that is no number or a
    negative length. (CIBSE TM41:2006, mean-temperature and hourly methods)
    """
    return _degree_days(base_c - floats(temperature_c), base_c, length_days)


def cooling_degree_days(temperature_c: ArrayLike, base_c: float, length_days: ArrayLike = 1.0) -> Floats:
    """Cooling degree days of each span, max(0, T - base)·length. [K·d] Otherwise as `heating_degree_days`."""
    return _degree_days(floats(temperature_c) - base_c, base_c, length_days)


def _degree_days(beyond: Floats, base_c: float, length_days: ArrayLike) -> Floats:
    length = floats(length_days)
    if not np.isfinite(base_c):
        raise ValueError(f"base_c: expected a temperature, got {base_c}")
    if not np.all(length >= 0.0):
        raise ValueError(f"length_days: expected 0 or more, got {np.min(length)}")
    return plain(np.maximum(beyond, 0.0) * length)
