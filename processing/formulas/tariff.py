"""What a supply contract adds to the price of a kilowatt-hour: tiers of consumption and ratcheted demand charges.

Prices are inputs, in any one currency. Formulas are those of published utility tariffs, named at each function. What a kilowatt-hour costs
by the local clock is `fieldline/tariffs.py`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain, where_valid


def tier_energy(energy_kwh: ArrayLike, upto_kwh: Sequence[float]) -> Floats:
    """How much of a period's energy falls in each tier [kWh].

    energy_kwh : float64[...], of whole billing periods. [kWh]
    upto_kwh : cumulative upper bounds of the tiers, ascending; infinity: no bound. [kWh]

    Returns float64[..., tiers]. Energy beyond the last bound is in no tier; that of a negative period is NaN. Raises ValueError for bounds
    that do not ascend from above zero.
    """
    bounds = floats(upto_kwh)
    lower = np.concatenate(([0.0], bounds[:-1]))
    if bounds.ndim != 1 or not bounds.size or not np.all(bounds > lower):
        raise ValueError(f"upto_kwh: expected bounds that ascend from above zero, got {bounds.tolist()}")
    energy = floats(energy_kwh)[..., None]
    return where_valid(energy >= 0.0, np.clip(energy, lower, bounds) - lower)


def tier_cost(energy_kwh: ArrayLike, upto_kwh: Sequence[float], prices: Sequence[float]) -> Floats:
    """Cost of a period's energy under increasing blocks: each kWh at the price of the tier that it falls in [currency].

    energy_kwh, upto_kwh : as `tier_energy`
    prices : one for each tier. [currency/kWh]

    NaN for negative energy and for energy beyond the last bound, which the tariff does not price. Raises ValueError as `tier_energy`, and
    for another number of prices. (Increasing-block tariff, as utilities publish it)
    """
    if len(prices) != len(upto_kwh):
        raise ValueError(f"tiers: expected a price for each bound, got {len(prices)} prices and {len(upto_kwh)} bounds")
    within = tier_energy(energy_kwh, upto_kwh)
    return where_valid(floats(energy_kwh) <= upto_kwh[-1], within @ floats(prices))


def billed_demand(
    peak_power_kw: ArrayLike, ratchet_share: float = 0.0, highest_earlier_peak_kw: ArrayLike = np.nan
) -> Floats:
    """Demand that is billed: the period's peak, or a share of the highest peak before it, if that is more [kW].

    peak_power_kw : float64[...], of the billing period. [kW]
    ratchet_share : 0 .. 1, of the tariff; 0 is no ratchet. [1]
    highest_earlier_peak_kw : float64[...], usually of the 11 months before; NaN: there were none. [kW]

    NaN where the period has no peak. Raises ValueError for a share out of range. (Ratcheted demand charge, as utilities
    publish it)
    """
    if not 0.0 <= ratchet_share <= 1.0:
        raise ValueError(f"ratchet_share: expected 0 to 1, got {ratchet_share}")
    peak, earlier = floats(peak_power_kw), floats(highest_earlier_peak_kw)
    floor = np.where(np.isnan(earlier), -np.inf, ratchet_share * np.nan_to_num(earlier))
    return plain(np.maximum(peak, floor))


def demand_charge(
    peak_power_kw: ArrayLike, rate: float, ratchet_share: float = 0.0, highest_earlier_peak_kw: ArrayLike = np.nan
) -> Floats:
    """Cost of a period's demand, billed kW times rate. [currency] `rate` is per kW and period, the rest as `billed_demand`."""
    return billed_demand(peak_power_kw, ratchet_share, highest_earlier_peak_kw) * rate
