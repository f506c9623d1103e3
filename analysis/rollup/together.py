"""Rows of an area, a site or a group in one window, of its lines' rows there: sums, and ratios of sums.

A line that has no figure of a kind adds nothing to its sum. A ratio whose parts are not of the same lines does not exist, and `null_reason`
names the lines that lack a part: energy a good unit of an area where a line makes pieces and has no meter. What a line is in without
making pieces (compressors, light) is in that ratio, since the pieces need it.
"""

from collections.abc import Collection, Iterable, Mapping
from math import isnan
from typing import Any

from analysis.rollup.effectiveness import RATIOS, TIMES, Row, added, by_reason, roll_up
from analysis.rollup.lines import Rows, is_retracted
from fieldline.across import ROLLED_UP
from fieldline.plant import Plant

Values = dict[str, Any]
"""Fields of a row: numbers, None where one does not exist, and `null_reason`."""

_OEE_SUMS = (
    "planned_busy_time_s",
    "actual_production_time_s",
    "actual_unit_setup_time_s",
    "actual_unit_delay_time_s",
    "actual_unit_down_time_s",
    "minor_stop_time_s",
    "planned_stop_time_s",
    "unscheduled_time_s",
    "unqualified_time_s",
    "stop_count",
    "minor_stop_count",
    "between_orders_count",
    "machine_count",
)
_COUNTS = ("good_count", "scrap_count", "rework_count", "total_count", "rejected_readings")
_ORDER_SUMS = (
    "good_count",
    "scrap_count",
    "total_count",
    "active_energy_kwh",
    "standby_energy_kwh",
    "producing_time_s",
)
_A_UNIT = ("co2_per_good_unit_kg", "energy_cost_per_good_unit")


FIELDS = {
    "losses": TIMES,
    "oee": (*RATIOS, *_OEE_SUMS, "mtbf_s", "mttr_s", "performance_above_one", "coverage"),
    "quality": (*_COUNTS, "quality", "scrap_ratio", "rework_ratio", "first_pass_yield"),
    "production_order": (*_ORDER_SUMS, "energy_per_good_unit_kwh", *_A_UNIT, "duration_s", "oee", "coverage"),
}
"""The numbers that a row of each kind may have, beside `rev` and `retracted`."""

KINDS = ROLLED_UP
"""What is rolled up."""


def together(found: Mapping[str, Mapping[str, Row]]) -> dict[str, Values]:
    """Fields of the rows of lines together, by kind. found : the lines' rows that stand, by kind and line; none of a kind: no row of it."""
    made: dict[str, Values] = {}
    losses, ratios = found.get("losses", {}), found.get("oee", {})
    if losses:
        rolled = roll_up(losses, ratios).row
        lacks = any(rolled[name] is None for name in TIMES)
        made["losses"] = {name: rolled[name] for name in TIMES} | {
            "null_reason": rolled["null_reason"] if lacks else None
        }
        if ratios:
            made["oee"] = _effectiveness(rolled, ratios)
    if counts := found.get("quality", {}):
        made["quality"] = _quality(counts)
    if orders := found.get("production_order", {}):
        made["production_order"] = _orders(orders, made.get("oee", {}))
    for kind, values in made.items():
        values["rev"] = _total(found[kind], "rev")
    return made


def rows_of(
    plant: Plant, path: str, rows: Rows, before: Mapping[str, Collection[str]] | None = None
) -> dict[str, Values]:
    """What a path has of the lines' rows in one window, by kind: rows that none of them has any more are retracted.

    before : paths that lines were rolled up to, where they are others now
    """
    standing: dict[str, dict[str, Row]] = {kind: {} for kind in rows}
    had = set()
    for kind, of_lines in rows.items():
        for line, row in of_lines.items():
            is_mine = path in plant.above(line)
            if is_mine or path in (before or {}).get(line, ()):
                had.add(kind)
            if is_mine and not is_retracted(row):
                standing[kind][line] = row
    gone = {kind: {"retracted": 1.0} for kind in had if not standing[kind]}
    try:
        return {**gone, **together(standing)}
    except (
        TypeError,
        ValueError,
        ArithmeticError,
    ) as error:  # a text where a number belongs: no line may end the stage
        why = f"the lines' rows can't be added up: {error}"
        return {**gone, **{kind: {"null_reason": why} for kind, rows in standing.items() if rows}}


def _effectiveness(rolled: Values, lines: Mapping[str, Row]) -> Values:
    sums = {name: _total(lines, name) for name in _OEE_SUMS}
    performance = rolled["performance"]
    return {
        **{name: rolled[name] for name in RATIOS},
        **sums,
        "mtbf_s": _ratio(sums["planned_busy_time_s"], sums["stop_count"]),
        "mttr_s": _ratio(sums["actual_unit_down_time_s"], sums["stop_count"]),
        "performance_above_one": None if performance is None else float(performance > 1.0),
        "coverage": rolled["coverage"],
        "null_reason": rolled["null_reason"],
    }


def _quality(lines: Mapping[str, Row]) -> Values:
    """Counts of all lines; ratios of those that know their good pieces and all.

    There is no rolled throughput yield: it is of machines one after the other, and lines are beside one another.
    """
    complete = {line: row for line, row in lines.items() if _knows(row, "good_count", "total_count")}
    good, scrap, total = (_total(complete, name) for name in ("good_count", "scrap_count", "total_count"))
    rework = _total(complete, "rework_count") if all(_knows(row, "rework_count") for row in complete.values()) else None
    lacking = {line: _why(row, "no good count or no total") for line, row in lines.items() if line not in complete}
    return {
        **{name: _total(lines, name) for name in _COUNTS},
        "quality": _ratio(good, total),
        "scrap_ratio": _ratio(scrap, total),
        "rework_ratio": _ratio(rework, total),
        "first_pass_yield": None
        if total is None or scrap is None or rework is None
        else _ratio(total - scrap - rework, total),
        "null_reason": by_reason(lacking) if lacking else None,
    }


def _orders(lines: Mapping[str, Row], oee: Values) -> Values:
    """Amounts of all lines, and energy, emissions and cost of all of them over the pieces of those that make some."""
    sums = {name: _total(lines, name) for name in _ORDER_SUMS}
    energies = {line: _number(row, "active_energy_kwh") for line, row in lines.items()}
    lacking = {
        line: _why(row, "no energy")
        for line, row in lines.items()
        if _number(row, "good_count") and energies[line] is None
    }
    amounts = {name: {line: _amount(row, name) for line, row in lines.items()} for name in _A_UNIT}
    known = [value for row in lines.values() if (value := _number(row, "coverage")) is not None]
    lasting = [value for row in lines.values() if (value := _number(row, "duration_s")) is not None]
    return {
        **sums,
        "energy_per_good_unit_kwh": None if lacking else _ratio(sums["active_energy_kwh"], sums["good_count"]),
        **{
            name: None if None in of_lines.values() else _ratio(_sum(of_lines.values()), sums["good_count"])
            for name, of_lines in amounts.items()
        },
        "duration_s": max(lasting, default=None),
        "oee": oee.get("oee"),
        "coverage": min(known, default=None),
        "null_reason": by_reason(lacking) if lacking else None,
    }


def _amount(row: Row, name: str) -> float | None:
    """What a line's figure for a good unit is of all its pieces; 0 of a line that makes none and draws nothing, None: it is not known."""
    each, good = _number(row, name), _number(row, "good_count")
    if each is not None and good is not None:
        return each * good
    return None if good or _number(row, "active_energy_kwh") else 0.0


def _total(lines: Mapping[str, Row], name: str) -> float | None:
    return _sum(_number(row, name) for row in lines.values())


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum of those that there are, None without any; correctly rounded, so that the order of lines changes no bit."""
    known = [value for value in values if value is not None]
    total = added(known)
    return total if known and not isnan(total) else None


def _ratio(amount: float | None, of: float | None) -> float | None:
    return amount / of if amount is not None and of else None


def _knows(row: Row, *names: str) -> bool:
    return all(_number(row, name) is not None for name in names)


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    return None if value is None or isnan(value) else float(value)


def _why(row: Row, otherwise: str) -> str:
    return str(row.get("null_reason") or otherwise)
