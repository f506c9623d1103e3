"""The figures of the kind `production_order`, of a machine or a line: what was made and what it took, from the other recounts."""

from collections.abc import Mapping
from math import isnan, nan
from typing import Any

from analysis.recount.effectiveness import Figures, Machine, effectiveness, losses, quality
from analysis.recount.energy import energy
from analysis.recount.history import History
from fieldline.plant import Plant

_OF_METERS = ("active_energy_kwh", "energy_cost", "co2_kg", "standby_energy_kwh", "coverage")


def order(history: History, asset: str, machines: list[Machine], start: int, end: int) -> Figures:
    """The fields of `production_order` in [start, end) [ns UTC]; a line's energy is that of its meters, its pieces those of its output."""
    times, pieces = effectiveness(machines, start, end), quality(history, asset, machines)
    is_told = losses(machines, start, end)["calendar_time_s"] > 0
    drawn = drawn_by(history, asset, start, end)
    good = pieces["good_count"]
    return {
        "good_count": good,
        "scrap_count": pieces["scrap_count"],
        "total_count": pieces["total_count"],
        "active_energy_kwh": drawn["active_energy_kwh"],
        "energy_per_good_unit_kwh": _each(drawn["active_energy_kwh"], good),
        "co2_per_good_unit_kg": _each(drawn["co2_kg"], good),
        "energy_cost_per_good_unit": _each(drawn["energy_cost"], good),
        "standby_energy_kwh": drawn["standby_energy_kwh"],
        "producing_time_s": times["actual_production_time_s"] if is_told else nan,
        "duration_s": (end - start) / 1e9,
        "oee": times["oee"],
        "coverage": _smaller(times["coverage"], drawn["coverage"]),
    }


def meters_of(history: History, asset: str) -> list[str]:
    """The assets whose energy is an asset's: of a line its declared meters, or all."""
    if asset != history.line:
        return [asset]
    declared = history.plant.line_entry(history.line).meters
    return sorted({one for one, _ in history.rows if declared is None or one in declared})


def _nearest(plant: Plant, feeders: list[str]) -> str | None:
    """Of meters that measure one asset the one that measures none of the others; the first by path where there are two such."""
    return min((one for one in feeders if not any(plant.feeds(one, other) for other in feeders)), default=None)


def outermost(plant: Plant, found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of assets with energy those whose meters make up the line's: none that another one of them measures, see `Plant.feeds`.

    A meter gives way to those that it measures where it observed less than they on the average.
    """
    feeder = {fed: _nearest(plant, [one for one in found if plant.feeds(one, fed)]) for fed in found}
    gives_way = set()
    for one in found:
        shares = [found[fed]["coverage"] for fed in found if feeder[fed] == one]
        if shares and found[one]["coverage"] < sum(shares) / len(shares) - 1e-9:
            gives_way.add(one)

    def is_measured(asset: str) -> bool:
        above = feeder[asset]
        return above is not None and (above not in gives_way or is_measured(above))

    return [one for one in found if one not in gives_way and not is_measured(one)]


def drawn_by(history: History, asset: str, start: int, end: int) -> Figures:
    """Energy of an asset's meters together: what all of them have, standby of those whose state is known, the least coverage."""
    given = {one: figures for one in meters_of(history, asset) if (figures := energy(history, one, start, end))}
    # A meter whose samples are all too far apart has 0 kWh of no time: it says nothing of what an order drew.
    given = {one: figures for one, figures in given.items() if not isnan(figures["mean_power_kw"])}
    found = [given[one] for one in (outermost(history.plant, given) if asset == history.line else given)]
    if not found:
        return dict.fromkeys(_OF_METERS, nan)
    sums = {name: sum(figures[name] for figures in found) for name in _OF_METERS}
    standby = [figures["standby_energy_kwh"] for figures in found if not isnan(figures["standby_energy_kwh"])]
    sums["standby_energy_kwh"] = sum(standby) if standby else nan
    sums["coverage"] = min(figures["coverage"] for figures in found)
    return sums


def _each(amount: float, pieces: float) -> float:
    return amount / pieces if pieces > 0 else nan


def _smaller(a: float, b: float) -> float:
    return b if isnan(a) else a if isnan(b) else min(a, b)
