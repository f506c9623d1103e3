"""How severe a vibration is: the zones, limits and changes of ISO 20816-3:2022, for machines above 15 kW at 120 to 30,000 r/min.

Group 1 are large machines (above 300 kW, or electrical machines with a shaft height of 315 mm or more), group 2 medium ones (15 to 300 kW,
or 160 to 315 mm).
Support is rigid where its lowest natural frequency lies a quarter above what excites it, else flexible.
Zone A: newly commissioned machines; B: fit for long operation; C: not for long, act at the next opportunity; D: may cause damage.
A value at a boundary belongs to the better zone. Values are those of ISO 10816-3:2009, tables A.1 and A.2, which the newer one took over.
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats

VELOCITY_MM_S = np.array([[[2.3, 4.5, 7.1], [3.5, 7.1, 11.0]], [[1.4, 2.8, 4.5], [2.3, 4.5, 7.1]]])
"""Boundaries A/B, B/C and C/D of the velocity RMS, by group less 1 and support, 0 rigid and 1 flexible [mm/s]."""

DISPLACEMENT_UM = np.array([[[29.0, 57.0, 90.0], [45.0, 90.0, 140.0]], [[22.0, 45.0, 71.0], [37.0, 71.0, 113.0]]])
"""The same of the displacement RMS [µm]."""

ZONES = ("A", "B", "C", "D")


def boundaries(table: np.ndarray, group: ArrayLike, support: ArrayLike) -> Floats:
    """The boundaries of a table, float64[n, 3]; group : 1 or 2, support : 0 or 1, float64[n]; NaN where either is."""
    groups, supports = np.atleast_1d(np.asarray(group, np.float64)), np.atleast_1d(np.asarray(support, np.float64))
    known = ~np.isnan(groups) & ~np.isnan(supports)
    found = np.full((*groups.shape, 3), np.nan)
    found[known] = table[groups[known].astype(np.int64) - 1, supports[known].astype(np.int64)]
    return found


def zone(value: ArrayLike, limits: Floats) -> Floats:
    """The place in `ZONES` of each value, float64[n]; limits : float64[n, 3]. NaN where value or limits are unknown."""
    values = np.atleast_1d(np.asarray(value, np.float64))
    known = ~np.isnan(values) & ~np.isnan(limits).any(axis=-1)
    return np.where(known, (values[..., None] > limits).sum(axis=-1), np.nan)


def alarm_limit(baseline: ArrayLike, limits: Floats) -> Floats:
    """When to warn: what the machine always had and a quarter of B/C more, at most 1.25 times B/C (5.4.2) [as the limits]."""
    b_c = limits[..., 1]
    return np.minimum(np.asarray(baseline, np.float64) + 0.25 * b_c, 1.25 * b_c)


def trip_limit(limits: Floats) -> Floats:
    """When to stop at the latest: 1.25 times C/D (5.4.3) [as the limits]."""
    return np.asarray(1.25 * limits[..., 2])


def is_significant(change: ArrayLike, limits: Floats) -> Floats:
    """1 where a change, up or down, is more than a quarter of B/C (5.3), else 0; NaN where either is unknown."""
    change, quarter = np.asarray(change, np.float64), 0.25 * limits[..., 1]
    known = ~np.isnan(change) & ~np.isnan(quarter)
    return np.where(known, np.abs(change) > quarter, np.nan).astype(np.float64)
