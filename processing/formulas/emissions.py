"""Emissions of purchased electricity, from factors that are constant or matched in time.

GHG Protocol, Scope 2 Guidance (World Resources Institute, 2015): activity times emission factor, location-based. Factors are inputs;
none is kept here, because they change each year and with each grid.
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, plain, where_positive


def emission(energy_kwh: ArrayLike, factor_kg_per_kwh: ArrayLike) -> Floats:
    """Emission of energy, element by element, W·f [kg CO2e].

    energy_kwh : float64[...], import; energy fed in (negative) gives a credit, which scope 2 keeps apart. [kWh]
    factor_kg_per_kwh : float64[...], a scalar or one for each energy. [kg/kWh]

    NaN where the energy or its factor is missing.
    """
    return plain(floats(energy_kwh) * floats(factor_kg_per_kwh))


def constant_factor_emission(energy_kwh: ArrayLike, factor_kg_per_kwh: float) -> float:
    """Emission of all of float64[n] energies by one factor, a year's average for instance. [kg CO2e] NaN in gives NaN out."""
    return float(np.sum(floats(energy_kwh)) * factor_kg_per_kwh)


def time_matched_emission(energy_kwh: ArrayLike, factor_kg_per_kwh: ArrayLike) -> float:
    """Emission of all intervals, each by the factor of its own time [kg CO2e].

    energy_kwh, factor_kg_per_kwh : float64[n], of the same intervals. [kWh], [kg/kWh]

    NaN where an interval has no energy or no factor: a sum that leaves intervals out would look too good. Factors of local
    hours come from `tariff.RateTable.mean`. Raises ValueError where the lengths differ.
    """
    energy, factor = floats(energy_kwh), floats(factor_kg_per_kwh)
    if energy.shape != factor.shape:
        raise ValueError(f"factor_kg_per_kwh: expected one for each of {energy.shape} energies, got {factor.shape}")
    return float(np.sum(energy * factor))


def emission_per_unit(emission_kg: ArrayLike, output: ArrayLike) -> Floats:
    """Scope 2 emission per unit of output. [kg CO2e per unit] NaN where the output is not above zero.

    Source: GHG Protocol, Corporate Standard (2004), chapter 9, intensity ratios.
    """
    return divide(emission_kg, where_positive(output))
