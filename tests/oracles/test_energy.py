"""`energy.json` by the engine and its kernels: the functions that the `energy` operator covers.

Of `integrate_power` the trapezoid is ours; the previous-value hold is what `telemetry` does (mean x covered time), tested here too. Of
`peak_demand` the block is ours; rolling and sliding demand, regression, CO2 and tariffs are no part of this operator.
"""

from typing import Any

import numpy as np
import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from processing.kernels.energy import register_deltas
from tests.oracles.cases import assert_agrees, cases, name_of
from tests.processing.engine_rig import SECOND, EngineRig, Row, frame_of

METER = "plant/hall/line1/meter"
MIDNIGHT = 1_700_006_400 * SECOND
FLAGS = ("ok", "rollover", "reset", "implausible")


def run(rows: list[tuple[str, float, float]], **tags: TagEntry) -> EngineRig:
    """Rows (tag, second, value) of one meter through the engine."""
    plant = Plant(PlantFile(asset=(AssetEntry(path=METER, tags=tags),)))
    frame = frame_of([Row(METER, tag, MIDNIGHT + round(second * SECOND), value) for tag, second, value in rows])
    return EngineRig(plant).send([frame]).finish()


def day(rig: EngineRig) -> dict[str, float]:
    return rig.values("energy", METER, "day")[MIDNIGHT]


@pytest.mark.parametrize("case", cases("energy", "integrate_power"), ids=name_of)
def test_integrate_power(case: dict[str, Any]) -> None:
    samples, gap = case["inputs"]["samples_t_s_p_kw"], case["inputs"]["max_gap_s"]

    rig = run([("power_kw", second, kw) for second, kw in samples], power_kw=TagEntry(unit="kW", max_gap_s=gap))

    covered = day(rig)["coverage"] * 86_400
    whole = samples[-1][0] - samples[0][0]
    found = {"energy_kwh": day(rig)["active_energy_kwh"], "covered_s": covered, "gap_s": whole - covered}
    loose = case | {"abs_tol": 1e-8}  # seconds out of a share of a day
    assert_agrees(loose, {"trapezoid": found})


@pytest.mark.parametrize("case", cases("energy", "integrate_power"), ids=name_of)
def test_integrate_power_by_the_value_held(case: dict[str, Any]) -> None:
    samples, gap = case["inputs"]["samples_t_s_p_kw"], case["inputs"]["max_gap_s"]
    # Where two samples lie further apart than the gap, the oracle leaves the whole span out where we hold for the gap:
    # so such a case is cut in two there, and what the last sample of a piece holds is taken off.
    pieces, piece = [], [samples[0]]
    for sample in samples[1:]:
        if sample[0] - piece[-1][0] > gap:
            pieces.append(piece)
            piece = []
        piece.append(sample)
    pieces.append(piece)

    energy_kwh = 0.0
    for piece in pieces:
        rig = run([("power_kw", second, kw) for second, kw in piece], power_kw=TagEntry(unit="kW", max_gap_s=gap))
        hours = rig.values("telemetry", METER, "1h", "power_kw").items()
        held = sum(row["time_weighted_mean"] * row["coverage"] for _, row in hours)
        after = min(gap, 3600 - piece[-1][0] % 3600)  # the last sample holds on after the oracle's end
        energy_kwh += held - piece[-1][1] * after / 3600

    assert energy_kwh == pytest.approx(case["expected"]["hold_previous"]["energy_kwh"], rel=1e-9)


@pytest.mark.parametrize("case", cases("energy", "register_delta"), ids=name_of)
def test_register_delta_by_the_kernel(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    readings = np.array(inputs["readings"], float)
    deltas, flags = np.empty(len(readings) - 1), np.empty(len(readings) - 1, np.int64)

    total = register_deltas(readings, float(inputs["modulus"]), float(inputs["max_plausible_delta"]), deltas, flags)

    assert_agrees(case, {"deltas": deltas.tolist(), "flags": [FLAGS[flag] for flag in flags]})
    assert_agrees(case, {"energy_kwh": total * inputs["kwh_per_count"]})


@pytest.mark.parametrize("case", cases("energy", "register_delta"), ids=name_of)
def test_register_delta_by_the_engine(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    entry = TagEntry(kind="register", unit="kWh", modulus=inputs["modulus"], max_delta=inputs["max_plausible_delta"])

    rig = run([("count", 60.0 * k, value) for k, value in enumerate(inputs["readings"])], count=entry)

    assert_agrees(case, {"energy_kwh": day(rig)["active_energy_kwh"] * inputs["kwh_per_count"]})


@pytest.mark.parametrize("case", cases("energy", "pulse_energy"), ids=name_of)
def test_pulse_energy(case: dict[str, Any]) -> None:
    entry = TagEntry(kind="pulse", kwh_per_pulse=case["inputs"]["kh_wh_per_pulse"] / 1000)
    pulses = case["inputs"]["pulses"]

    rig = run([("pulses", 10.0 * k, pulses / 10) for k in range(10)], pulses=entry)

    assert_agrees(case, {"energy_kwh": day(rig)["active_energy_kwh"]})


@pytest.mark.parametrize("case", cases("energy", "power_factor"), ids=name_of)
def test_power_factor(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    rows = [(tag, second, inputs[tag]) for second in (0.0, 60.0) for tag in ("p_kw", "q_kvar")]

    rig = run(rows, p_kw=TagEntry(kind="power", unit="kW"), q_kvar=TagEntry(kind="power", unit="kvar"))

    assert_agrees(case, {"pf": day(rig)["power_factor"]})


@pytest.mark.parametrize("case", cases("energy", "interval_demand"), ids=name_of)
def test_interval_demand(case: dict[str, Any]) -> None:
    assert case["inputs"]["interval_min"] == 15

    rig = run([("interval_energy_kwh", 30.0, case["inputs"]["kwh"])])

    assert_agrees(case, {"kw": rig.values("energy", METER, "15m")[MIDNIGHT]["peak_demand_kw"]})


@pytest.mark.parametrize("case", cases("energy", "peak_demand"), ids=name_of)
def test_peak_demand(case: dict[str, Any]) -> None:
    rows = [("interval_energy_kwh", 60.0 * minute, kw / 60) for minute, kw in enumerate(case["inputs"]["kw_1min"])]

    rig = run(rows)

    blocks = [row["peak_demand_kw"] for _, row in sorted(rig.values("energy", METER, "15m").items())]
    hour = rig.values("energy", METER, "1h")[MIDNIGHT]
    energy_kwh = hour["active_energy_kwh"]
    found = {"block_kw": blocks, "block_peak_kw": hour["peak_demand_kw"], "energy_kwh": energy_kwh}
    assert_agrees(case, found | {"load_factor_block": energy_kwh / hour["peak_demand_kw"]})
