"""The figures that a pipeline must come to, window by window: OEE and its times, pieces, energy, and energy per good unit.

Sums over seconds of what `amounts.py` tells, and their ratios; a line's are the sums of its machines', its output is what its
packer counts. Names are those of the metrics' fields, None is what does not exist.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from ingest.simulator.amounts import Amounts, amounts_of
from ingest.simulator.devices import SECOND_NS
from ingest.simulator.machines import Machine
from ingest.simulator.schedule import DAY_S
from ingest.simulator.spans import Span

Totals = dict[str, float]
Figures = dict[str, float | None]

_RUN = ("actual_production_time_s", "minor_stop_time_s")
_BUSY = (*_RUN, "actual_unit_setup_time_s", "actual_unit_delay_time_s", "actual_unit_down_time_s")
_TIMES = (*_BUSY, "planned_stop_time_s", "stop_count", "minor_stop_count")
_COUNTS = ("good_count", "scrap_count", "total_count")
_ENERGIES = (
    "active_energy_kwh",
    "producing_energy_kwh",
    "idle_energy_kwh",
    "standby_energy_kwh",
    "off_energy_kwh",
    "energy_cost",
    "co2_kg",
)


def figures_of(machines: list[Machine], output: str, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
    """A row for each kind of metric, window, and machine or line: kind, asset, window, start_ns, end_ns, names, and `figures`.

    machines : those of one line, its output among them
    output : path of the one whose good pieces are the line's
    start_ns : when the simulator was switched on
    """
    found = {machine.asset: _totals(machine, spans, start_ns) for machine in machines}
    rows = []
    for index, span in enumerate(spans):
        for machine in machines:
            totals = found[machine.asset][index]
            rows += _rows(machine.asset, span, totals, totals)
        together = _sum([found[machine.asset][index] for machine in machines])
        rows += _rows(machines[0].line, span, together, found[output][index], is_line=True)
    return rows


def _totals(machine: Machine, spans: list[Span], start_ns: int) -> list[Totals]:
    """What a machine's seconds add up to in each span. Days are worked out one after the other, so that memory is bounded."""
    totals: list[Totals] = [{} for _ in spans]
    of_day: defaultdict[int, list[int]] = defaultdict(list)
    for index, span in enumerate(spans):
        for day in range(span.start_s // DAY_S, -(-span.end_s // DAY_S)):
            of_day[day].append(index)
    for day, indices in sorted(of_day.items()):
        midnight = day * DAY_S
        amounts = amounts_of(machine, day, max(0, start_ns // SECOND_NS - midnight))
        for index in indices:
            _add(totals[index], amounts, spans[index].start_s - midnight, spans[index].end_s - midnight)
    return totals


def _add(total: Totals, amounts: Amounts, first: int, last: int) -> None:
    first, last = max(first, 0), min(last, DAY_S)
    if first < last:
        for name, seconds in amounts.items():
            total[name] = total.get(name, 0.0) + float(np.sum(seconds[first:last]))


def _sum(totals: list[Totals]) -> Totals:
    names = dict.fromkeys(name for total in totals for name in total)
    return {name: sum(total.get(name, 0.0) for total in totals) for name in names}


def _rows(asset: str, span: Span, totals: Totals, made: Totals, *, is_line: bool = False) -> list[dict[str, Any]]:
    """made : totals of what counts as output; a machine's own, of a line those of its output."""
    effect = effectiveness(totals)
    told: dict[str, Figures] = {"oee": effect, "losses": losses(totals), "quality": quality(made)}
    if not is_line:
        told["energy"] = {name: totals[name] for name in _ENERGIES}
    told["production_order"] = per_unit(totals, made, span) | {"oee": effect["oee"]}
    window = {
        "asset": asset,
        "window": span.window,
        "start_ns": span.start_s * SECOND_NS,
        "end_ns": span.end_s * SECOND_NS,
    }
    names = {"shift": span.shift, "order": span.order, "product": span.product}
    return [
        {"kind": kind, **window, **{key: name for key, name in names.items() if name}, "figures": figures}
        for kind, figures in told.items()
    ]


def effectiveness(totals: Totals) -> Figures:
    """Times by element, stops, and the ratios of OEE. A microstop is lost speed: it is part of the time run."""
    busy = sum(totals[name] for name in _BUSY)
    run, planned = sum(totals[name] for name in _RUN), totals["planned_stop_time_s"]
    ideal, good = totals["ideal_total_s"], totals["ideal_good_s"]
    stops = totals["stop_count"]
    performance = _ratio(ideal, run)
    return {
        **{name: totals[name] for name in _TIMES},
        "planned_busy_time_s": busy,
        "unscheduled_time_s": 0.0,
        "unqualified_time_s": 0.0,
        "availability": _ratio(run, busy),
        "performance": performance,
        "quality": _ratio(good, ideal),
        "oee": _ratio(good, busy),
        "teep": _ratio(good, busy + planned),
        "mtbf_s": _ratio(busy, stops),
        "mttr_s": _ratio(totals["actual_unit_down_time_s"], stops),
        "performance_above_one": None if performance is None else float(performance > 1.0),
    }


def losses(totals: Totals) -> Figures:
    """Where the time of the calendar went [s]."""
    production, ideal, good = (totals[name] for name in ("actual_production_time_s", "ideal_total_s", "ideal_good_s"))
    return {
        "calendar_time_s": sum(totals[name] for name in _BUSY) + totals["planned_stop_time_s"],
        "unscheduled_time_s": 0.0,
        "planned_stop_time_s": totals["planned_stop_time_s"],
        "unqualified_time_s": 0.0,
        "down_time_loss_s": totals["actual_unit_down_time_s"],
        "setup_loss_s": totals["actual_unit_setup_time_s"],
        "delay_loss_s": totals["actual_unit_delay_time_s"],
        "minor_stop_loss_s": totals["minor_stop_time_s"],
        "speed_loss_s": production - ideal,
        "quality_loss_s": ideal - good,
        "fully_productive_time_s": good,
    }


def quality(made: Totals) -> Figures:
    """Pieces, and the shares of them that were good and not."""
    total = made["total_count"]
    return {
        **{name: made[name] for name in _COUNTS},
        "quality": _ratio(made["good_count"], total),
        "scrap_ratio": _ratio(made["scrap_count"], total),
    }


def per_unit(totals: Totals, made: Totals, span: Span) -> Figures:
    """What a good piece took."""
    good = made["good_count"]
    return {
        **{name: made[name] for name in _COUNTS},
        "active_energy_kwh": totals["active_energy_kwh"],
        "energy_per_good_unit_kwh": _ratio(totals["active_energy_kwh"], good),
        "energy_cost_per_good_unit": _ratio(totals["energy_cost"], good),
        "co2_per_good_unit_kg": _ratio(totals["co2_kg"], good),
        "standby_energy_kwh": totals["standby_energy_kwh"],
        "producing_time_s": totals["actual_production_time_s"],
        "duration_s": float(span.end_s - span.start_s),
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
