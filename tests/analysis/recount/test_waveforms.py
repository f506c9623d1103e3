"""The recount of `vibration` against the pipeline's own figures: two ways from the same bytes."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from analysis.recount.waveforms import figures
from analysis.waveforms import speeds_at
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, MachineEntry, PlantFile
from processing.place import operators_for
from tests.bits import waves
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, event, frames_of

PRESS = "plant/hall/line1/press"
START = T0 // (900 * SECOND) * 900 * SECOND
LONG = [waves.payload(waves.shaken(seed, force, seconds=1.3)) for seed, force in ((4, 0.0), (5, 3.0), (6, 25.0))]
SLOW = MachineEntry(speed_rpm=590.0, bearing=waves.MACHINE.bearing, acceleration_unit="g")


def emitted(payloads: Sequence[bytes], machine: MachineEntry, *speeds: Row) -> dict[str, float]:
    entry = AssetEntry(path=PRESS, machine=machine)
    plant = Plant(PlantFile(asset=(entry,)))
    rows = [event(PRESS, "@waveform", START + k * 60 * SECOND, one) for k, one in enumerate(payloads)]
    rows = sorted([*rows, *speeds], key=lambda row: row.time)
    got = EngineRig(plant, operators=operators_for(None, plant)).send(frames_of(rows, 20)).finish()
    return got.values("vibration", PRESS, "15m")[START]


@pytest.mark.parametrize(
    ("payloads", "machine"),
    [
        (waves.payloads(), waves.MACHINE),
        (LONG, waves.MACHINE),
        (LONG, msgspec.structs.replace(waves.MACHINE, full_scale=None, support="flexible", iso_group=1)),
        (LONG, MachineEntry(iso_group=2, support="rigid")),
        (LONG[1:], SLOW),
        ([waves.payloads()[3], b"", b"no waveform"], waves.MACHINE),
        ([waves.payload(np.sin(np.arange(4001) / 9.0))], waves.MACHINE),
    ],
)
def test_each_field_comes_to_the_same_by_other_code(payloads: Sequence[bytes], machine: MachineEntry) -> None:
    want = emitted(payloads, machine)

    found = figures(payloads, machine)

    assert set(want) - set(found) <= {"coverage", "rev", "retracted"}
    assert found == pytest.approx({name: want[name] for name in found}, rel=1e-9, abs=1e-9, nan_ok=True)


def test_speeds_are_those_that_hold_at_each_waveform() -> None:
    machine = msgspec.structs.replace(waves.MACHINE, speed_rpm=7000.0, speed_tag="shaft_rpm")
    plant = Plant(PlantFile(asset=(AssetEntry(path=PRESS, machine=machine),)))
    told = [(START - 10 * SECOND, 5900.0), (START + 60 * SECOND, 6000.0), (START + 100 * SECOND, 6100.0)]
    want = emitted(LONG, machine, *(Row(PRESS, "shaft_rpm", time, value) for time, value in told))

    speeds = speeds_at(plant, PRESS, told, [START + k * 60 * SECOND for k in range(3)])

    assert [round(speed * 60) for speed in speeds] == [5900, 6000, 6100]
    found = figures(LONG, machine, speeds)
    assert found == pytest.approx({name: want[name] for name in found}, rel=1e-9, abs=1e-9, nan_ok=True)
    assert np.isnan(speeds_at(plant, PRESS, told, [START + 401 * SECOND, START - 11 * SECOND])).all()
