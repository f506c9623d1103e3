"""Formulas of the catalogue with a window's own numbers put in."""

import re
from collections.abc import Mapping
from math import isnan
from typing import Any

_FUNCTIONS = {"min", "max"}
_OF_TIMES = {
    "A": "availability",
    "E": "performance",
    "Q": "quality",
    "APT": "actual_production_time_s",
    "PBT": "planned_busy_time_s",
    "AUST": "actual_unit_setup_time_s",
    "ADET": "actual_unit_delay_time_s",
    "ADOT": "actual_unit_down_time_s",
    "minor stops": "minor_stop_time_s",
    "unscheduled": "unscheduled_time_s",
    "planned stop": "planned_stop_time_s",
    "unqualified": "unqualified_time_s",
    "calendar time": "calendar_time_s",
    "calendar": "calendar_time_s",
    "stop_count": "stop_count",
    "performance": "performance",
    "Σ GQ · PRI": "fully_productive_time_s",
    "Σ PQ · PRI": "ideal_time_s",
    "Σ (PQ − GQ) · PRI": "quality_loss_s",
}
_OF_PIECES = {"GQ": "good_count", "SQ": "scrap_count", "RQ": "rework_count", "PQ": "total_count"}
_OF_ENERGY = {
    "P": "active_energy_kwh",
    "Q": "reactive_energy_kvarh",
    "active_energy_kwh": "active_energy_kwh",
    "mean_power_kw": "mean_power_kw",
    "peak_demand_kw": "peak_demand_kw",
    "hours of the window": "hours",
}
_OF_ORDERS = {name: name for name in ("active_energy_kwh", "good_count")} | {
    "co2_kg": "co2_kg",
    "energy_cost": "energy_cost",
}
_OF_CHARTS = {
    "µ": "center",
    "σ / √n": "sigma_of_point",
    "x̄": "mean",
    "6σ": "six_sigma",
    "3σ": "three_sigma",
    "USL": "usl",
    "LSL": "lsl",
    "declared n": "size",
}
SYMBOLS: dict[str, dict[str, str]] = {
    "oee": _OF_TIMES,
    "losses": _OF_TIMES,
    "quality": _OF_PIECES,
    "energy": _OF_ENERGY,
    "production_order": _OF_ORDERS,
    "spc": _OF_CHARTS,
}
"""Of each kind, what stands in its formulas for which number."""


def put_in(kind: str, formula: str, numbers: Mapping[str, Any]) -> str | None:
    """The formula with numbers for all its symbols; None where one of them is unknown, or it is prose.

    numbers : field → value, of the window; NaN and None are unknown.
    """
    symbols = SYMBOLS.get(kind, {})
    longest_first = sorted(symbols, key=len, reverse=True)
    if not longest_first:
        return None
    pattern = re.compile("|".join(rf"(?<![\w.]){re.escape(symbol)}(?![A-Za-z0-9_′ᵢ])" for symbol in longest_first))
    unknown: list[str] = []

    def number(match: re.Match[str]) -> str:
        value = numbers.get(symbols[match[0]])
        if value is None or isnan(value):
            unknown.append(match[0])
            return match[0]
        return shown(float(value))

    filled = pattern.sub(number, formula)
    is_whole = {word for word in re.findall(r"[^\W\d_]+", filled) if word.isalpha()} <= _FUNCTIONS
    return None if unknown or filled == formula or not is_whole else filled


def shown(value: float) -> str:
    """A number as it stands in a formula: whole ones whole, others to nine digits."""
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.9g}"
