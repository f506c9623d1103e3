"""Cases of `energy.json` through the engine where the adapter has them by a formula: both ways must give what is expected."""

from typing import Any

import pytest

from fieldline.plantfile import TagEntry
from tests.oracles.cases import assert_agrees, cases, name_of
from tests.oracles.energy import METER, MIDNIGHT, day, run


@pytest.mark.parametrize("case", cases("energy", "pulse_energy"), ids=name_of)
def test_pulse_energy_by_the_engine(case: dict[str, Any]) -> None:
    entry = TagEntry(kind="pulse", kwh_per_pulse=case["inputs"]["kh_wh_per_pulse"] / 1000)
    pulses = case["inputs"]["pulses"]

    rig = run([("pulses", 10.0 * k, pulses / 10) for k in range(10)], pulses=entry)

    assert_agrees(case, {"energy_kwh": day(rig)["active_energy_kwh"]})


@pytest.mark.parametrize("case", cases("energy", "power_factor"), ids=name_of)
def test_power_factor_by_the_engine(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    rows = [(tag, second, inputs[tag]) for second in (0.0, 60.0) for tag in ("p_kw", "q_kvar")]

    rig = run(rows, p_kw=TagEntry(kind="power", unit="kW"), q_kvar=TagEntry(kind="power", unit="kvar"))

    assert_agrees(case, {"pf": day(rig)["power_factor"]})


@pytest.mark.parametrize("case", cases("energy", "interval_demand"), ids=name_of)
def test_interval_demand_by_the_engine(case: dict[str, Any]) -> None:
    assert case["inputs"]["interval_min"] == 15

    rig = run([("interval_energy_kwh", 0.0, 0.0), ("interval_energy_kwh", 900.0, case["inputs"]["kwh"])])

    assert_agrees(case, {"kw": rig.values("energy", METER, "15m")[MIDNIGHT]["peak_demand_kw"]})


@pytest.mark.parametrize("case", cases("energy", "peak_demand"), ids=name_of)
def test_peak_demand_by_the_engine(case: dict[str, Any]) -> None:
    kw_1min = enumerate(case["inputs"]["kw_1min"])
    rows = [("interval_energy_kwh", 60.0 * (minute + 1), kw / 60) for minute, kw in kw_1min]

    rig = run([("interval_energy_kwh", 0.0, 0.0), *rows])

    blocks = [row["peak_demand_kw"] for _, row in sorted(rig.values("energy", METER, "15m").items())[:4]]
    hour = rig.values("energy", METER, "1h")[MIDNIGHT]
    energy_kwh = hour["active_energy_kwh"]
    found = {"block_kw": blocks, "block_peak_kw": hour["peak_demand_kw"], "energy_kwh": energy_kwh}
    assert_agrees(case, found | {"load_factor_block": energy_kwh / hour["peak_demand_kw"]})
