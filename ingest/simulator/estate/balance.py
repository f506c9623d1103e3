"""The water of the estate's fields, day after day, by FAO-56, chapters 7 and 8: the truth behind `irrigation` and `soil_water`.

Written for what holds here and nothing else: an evergreen in mid-season whose height and roots are grown, no rain, no run-off, no day
without weather. Each figure stands where the paper's equation of that number has it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingest.simulator.estate.declared import NIGHT_PRICE, PROBE_WEIGHT, Field


class Day(NamedTuple):
    """What comes to a field on a day. et0, wind, least humidity : of the station; gross_mm : what its valve let through.

    probe_pct : what its probe says of the day; without a probe there is none
    """

    weather: dict[str, float]
    gross_mm: float
    probe_pct: Sequence[float]


def balanced(field: Field, days: Sequence[Day]) -> Iterator[dict[str, float]]:
    """The figures of `soil_water` of days that follow each other, from the first one of which anything is known."""
    soil, root_mm = field.soil, 1000 * field.crop.root_m[1]
    evaporable = 1000 * (soil.field_capacity - soil.wilting_point / 2) * soil.surface_m  # 73
    # On the first day roots are as deep as in the initial stage, and nobody knows how dry the surface is.
    lacks = 1000 * field.crop.root_m[0] * (soil.field_capacity - field.initial_water)
    surface, wetted, usual = evaporable, 1.0, None
    for day in days:
        net = field.system.efficiency * day.gross_mm
        wetted = field.system.wetted if net else wetted
        drying = _drying(
            field, day.weather, min(max((evaporable - surface) / (evaporable - soil.readily_mm), 0), 1), wetted
        )
        et0, available = day.weather["et0_short_mm"], (soil.field_capacity - soil.wilting_point) * root_mm  # 82
        evaporation = drying.coefficient * et0
        wanted = (field.crop.kcb[1] + drying.coefficient) * et0  # 69
        readily = min(max(field.crop.p + 0.04 * (5 - wanted), 0.1), 0.8) * available  # table 22, 83
        stress = min(max((available - lacks) / (available - readily), 0), 1)  # 84
        taken = stress * field.crop.kcb[1] * et0
        balance = lacks - net + evaporation + taken  # 85
        surface = min(max(max(surface - net / wetted, 0) + evaporation / drying.exposed, 0), evaporable)  # 77
        lacks = min(max(balance, 0), available)
        moved = _moved(field, day.probe_pct, lacks, available, root_mm)
        lacks += moved
        usual = wanted if usual is None else usual + 0.25 * (wanted - usual)
        yield {
            "depletion_mm": lacks,
            "available_mm": available,
            "readily_available_mm": readily,
            "stress": stress,
            "basal_coefficient": field.crop.kcb[1],
            "evaporation_coefficient": drying.coefficient,
            "crop_et_mm": evaporation + taken,
            "evaporation_mm": evaporation,
            "transpiration_mm": taken,
            "unstressed_et_mm": wanted,
            "rain_mm": 0.0,
            "irrigation_mm": net,
            "run_off_mm": 0.0,
            "correction_mm": moved,
            "percolation_mm": max(-balance, 0),
            "surface_depletion_mm": surface,
            "cover": drying.cover,
        } | _advised(field, lacks, readily, available, usual)


class _Drying(NamedTuple):
    coefficient: float
    cover: float
    exposed: float


def _drying(field: Field, weather: dict[str, float], freely: float, wetted: float) -> _Drying:
    """How fast the surface dries, K_e; freely : K_r (equation 74)."""
    least, basal = field.crop.kcb
    height = field.crop.height_m[1]
    wind, humid = weather["wind_2m_m_s"], 100 * weather["humidity_min_ratio"]
    dryness = 0.04 * (min(max(wind, 1), 6) - 2) - 0.004 * (min(max(humid, 20), 80) - 45)
    most = max(1.2 + dryness * (height / 3) ** 0.3, basal + 0.05)  # 72
    cover = min(((basal - least) / (most - least)) ** (1 + height / 2), 0.99)  # 76
    exposed = max(min(1 - cover, wetted), 0.01)  # 75
    return _Drying(min(freely * (most - basal), exposed * most), cover, exposed)  # 71


def _moved(field: Field, probe_pct: Sequence[float], lacks: float, available: float, root_mm: float) -> float:
    """By how much the probe moves the balance; one that says one value all day is not believed [mm]."""
    if not probe_pct or len(set(probe_pct)) == 1:
        return 0.0
    told = (field.soil.field_capacity - sum(probe_pct) / len(probe_pct) / 100) * root_mm
    return PROBE_WEIGHT * (min(max(told, 0), available) - lacks)


def _advised(field: Field, lacks: float, readily: float, available: float, daily: float) -> dict[str, float]:
    """When the field wants water, how much, and what that takes and costs."""
    system = field.system
    net = min(max(lacks, readily), system.most_mm * system.efficiency)
    volume = 10 * field.area_ha * net / system.efficiency
    hours = volume / system.flow_m3_h
    return {
        "days_to_irrigation": max(readily - lacks, 0) / daily,
        "advised_net_mm": net,
        "advised_gross_mm": net / system.efficiency,
        "advised_volume_m3": volume,
        "advised_hours": hours,
        "advised_energy_kwh": hours * system.power_kw,
        "advised_cost": hours * system.power_kw * NIGHT_PRICE,
        "waiting_stress": min(max((available - lacks - 3 * daily) / (available - readily), 0), 1),
    }
