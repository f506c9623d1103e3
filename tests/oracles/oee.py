"""`oee.json` by the project's own formulas: each function of the topic, from its inputs to what is expected of it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.productivity.levels import partial_productivity
from analysis.productivity.line import throughput
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, MetricEntry, PlantFile
from fieldline.plantfile.metrics import MetricField
from processing.derived.of_plant import operators_of
from processing.formulas import oee, power, quality, reliability
from processing.operators import machine, telemetry
from tests.processing.engine_rig import SECOND, EngineRig, Row, event, frame_of, frames_of

Case = dict[str, Any]

PRESS = "plant/hall/line1/press"
HOUR_NS = 1_700_002_800 * SECOND


def number(value: Any) -> float | None:
    """A value that does not exist is None outside."""
    return None if math.isnan(value) else float(value)


def _numbers(**values: Any) -> Case:
    return {name: number(value) for name, value in values.items()}


def _counted(inputs: Case) -> oee.Counted:
    return oee.ratios_of_counts(
        inputs["planned_production_time_s"],
        inputs["stop_time_s"],
        inputs["ideal_cycle_time_s"],
        inputs["total_count"],
        inputs["reject_count"],
    )


def _times(inputs: Case) -> tuple[float, float, float, float]:
    counted, cycle = _counted(inputs), inputs["ideal_cycle_time_s"]
    planned = inputs["planned_production_time_s"]
    return planned, float(counted.run_s), cycle * inputs["total_count"], cycle * float(counted.good_count)


def _oee(inputs: Case) -> Case:
    counted = _counted(inputs)
    return _numbers(
        run_time_s=counted.run_s,
        good_count=counted.good_count,
        **counted.ratios._asdict(),
        performance_capped=oee.capped(counted.ratios.performance),
    )


def _availability(inputs: Case) -> Case:
    return _numbers(availability=oee.availability_of_stops(inputs["planned_production_time_s"], inputs["stops_s"]))


def _teep(inputs: Case) -> Case:
    planned, everything = inputs["planned_production_time_s"], inputs["all_time_s"]
    utilisation = oee.utilisation(planned, everything)
    return _numbers(utilization=utilisation, teep=oee.teep(inputs["oee"], planned, everything))


def _losses(inputs: Case) -> Case:
    found = oee.losses(*_times(inputs))
    return _numbers(
        availability_loss_s=found.availability_loss_s,
        performance_loss_s=found.performance_loss_s,
        quality_loss_s=found.quality_loss_s,
        fully_productive_time_s=found.fully_productive_s,
    )


def _aggregate(inputs: Case) -> Case:
    times = np.array([_times(line) for line in inputs["lines"]]).T
    together, each = oee.roll_up(*times), oee.ratios(*times)
    defined = each.oee[~np.isnan(each.oee)]
    wrong = _numbers(wrong_mean_of_oee=defined.mean() if defined.size else np.nan)
    of_lines = {"per_line_oee": [number(value) for value in each.oee]}
    return _numbers(oee=together.oee, availability=together.availability) | wrong | of_lines


WORDED = {
    "allocation_ratio": "asset.aubt / asset.aoet",
    "allocation_efficiency": "asset.aubt / asset.pbt",
    "utilization_efficiency": "asset.apt / asset.aubt",
    "nee_index": "asset.aupt / asset.pbt * asset.pru * asset.gq / asset.apt",
    "setup_rate": "asset.aust / asset.aupt",
    "technical_efficiency": "asset.apt / (asset.apt + asset.adet)",
    "production_process_ratio": "asset.apt / asset.aoet",
    "actual_to_planned_scrap_ratio": "asset.sq / asset.psq",
    "first_pass_yield": "asset.gp / asset.ip",
    "equipment_load_ratio": "asset.pq / asset.epc",
    "corrective_maintenance_ratio": "asset.cmt / (asset.cmt + asset.pmt)",
}
"""Indicators of ISO 22400-2 that a plant states itself, as fields of a `[[metric]]`; docs/own-metrics.md has them over fields of Fieldline."""


def _iso22400(inputs: Case) -> Case:
    of = {name.lower(): float(value) for name, value in inputs.items()}
    fields = {name: MetricField(value=text, unit="1") for name, text in WORDED.items()}
    entry = MetricEntry(kind="iso22400", windows=("1h",), field=fields)
    plant = Plant(PlantFile(asset=(AssetEntry(path=PRESS, values=of),), metric=(entry,)))
    rig = EngineRig(plant, operators=(telemetry.COMPONENT, *operators_of(plant, (telemetry.COMPONENT,))))

    rig.send([frame_of([Row(PRESS, "m", HOUR_NS, 1.0)])]).finish()

    (worded,) = rig.values("iso22400", PRESS, "1h").values()
    ratios = oee.ratios(of["pbt"], of["apt"], of["pru"] * of["pq"], of["pru"] * of["gq"])
    return {name: worded[name] for name in WORDED} | _numbers(
        worker_efficiency=partial_productivity(of["apwt"], of["apat"]),
        throughput_rate_per_s=throughput(of["pq"], of["aoet"]),
        availability=ratios.availability,
        effectiveness=ratios.performance,
        quality_ratio=ratios.quality,
        oee_index=ratios.oee,
        scrap_ratio=quality.scrap_ratio(of["sq"], of["pq"]),
        rework_ratio=quality.rework_ratio(of["rq"], of["pq"]),
        comprehensive_energy_per_unit_kwh=power.specific_energy(of["energy_kwh"], of["pq"]),
    )


def _reliability(inputs: Case) -> Case:
    def mean(formula: Callable[..., Any], intervals: list[float]) -> Any:
        return formula(sum(intervals), len(intervals))

    mttf = mean(reliability.mean_time_to_failure, inputs["ttf_h"])
    mttr = mean(reliability.mean_time_to_restoration, inputs["ttr_h"])
    return _numbers(
        mtbf_h=mean(reliability.mean_time_between_failures, inputs["tbf_h"]),
        mttf_h=mttf,
        mttr_h=mttr,
        inherent_availability=reliability.inherent_availability(mttf, mttr),
    )


def _state_durations(inputs: Case) -> Case:
    """Events in the case's order through the engine; its window is three of the engine's hours."""
    words = {"delay": "idle"}
    changes = [(told["t_s"], words.get(told["state"], told["state"])) for told in inputs["events"]]
    rows = [event(PRESS, "@state", HOUR_NS + t * SECOND, b'{"state":"%s"}' % state.encode()) for t, state in changes]
    plant = Plant(PlantFile(asset=(AssetEntry(path=PRESS, microstop_s=1.0, state_max_gap_s=86_400.0),)))

    found = (
        EngineRig(plant, operators=(machine.COMPONENT,)).send(frames_of(rows, 1)).finish().values("oee", PRESS, "1h")
    )

    inside = [row for start, row in found.items() if start < HOUR_NS + inputs["window_end_s"] * SECOND]
    elements = {
        "APT": "actual_production",
        "AUST": "actual_unit_setup",
        "ADET": "actual_unit_delay",
        "ADOT": "actual_unit_down",
    }
    times = {f"{name}_s": sum(row[f"{field}_time_s"] for row in inside) for name, field in elements.items()}
    return {"durations_s": dict(zip(("producing", "setup", "delay", "down"), times.values(), strict=True))} | times


def _rolled_throughput_yield(inputs: Case) -> Case:
    return _numbers(rty=quality.rolled_throughput_yield(inputs["step_fpy"]))


FUNCTIONS: dict[str, Callable[[Case], Case]] = {
    "oee": _oee,
    "availability": _availability,
    "teep": _teep,
    "oee_losses": _losses,
    "oee_aggregate": _aggregate,
    "iso22400_kpis": _iso22400,
    "reliability": _reliability,
    "state_durations": _state_durations,
    "rolled_throughput_yield": _rolled_throughput_yield,
}
