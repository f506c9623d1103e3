"""Metric `vibration`: windows of waveforms against their features, what the plant file says of the machine, and what devices send."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.operators.vibration import FAULT_NAMES
from processing.place import operators_for
from processing.vibration.features import FEATURES, features
from tests.bits import waves
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, event, frames_of

PRESS = "plant/hall/line1/press"
START = T0 // (900 * SECOND) * 900 * SECOND
MACHINE = """
[[asset]]
path = "plant/hall/line1/press"
[asset.machine]
iso_group = 2
support = "rigid"
speed_rpm = 6000
bearing = "6205-2RS JEM"
rate_hz = 5120
full_scale = 60
band_hz = [20, 1000]
baseline_mm_s = 1.2
"""
NEIGHBOUR = '[[asset]]\npath = "plant/hall/line1/saw"\n[asset.machine]\niso_group = 1\nsupport = "rigid"\n'


def plant(text: str) -> Plant:
    wrong: list[str] = []
    file = to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    assert not wrong, wrong
    return Plant(file)


def rig(of: Plant, **options: object) -> EngineRig:
    return EngineRig(of, operators=operators_for(None, of), **options)  # type: ignore[arg-type]


def sent(*payloads: bytes, every_s: int = 60) -> list[Row]:
    return [event(PRESS, "@waveform", START + k * every_s * SECOND, payload) for k, payload in enumerate(payloads)]


def shown(of: Plant, rows: list[Row], window: str = "15m") -> tuple[dict[str, float], dict[str, str]]:
    got = rig(of).send(frames_of(rows, 20)).finish()
    texts = got.texts("vibration", PRESS, window)
    return got.values("vibration", PRESS, window)[START], texts.get(START, {})


WELL, WORN, WEAK = waves.payloads()[:3]


def test_a_window_has_means_of_its_waveforms_the_zone_and_the_fault() -> None:
    of = plant(MACHINE)
    each = [dict(zip(FEATURES, features(one, waves.MACHINE), strict=True)) for one in (WEAK, WORN, WORN)]

    found, texts = shown(of, sent(WEAK, WORN, WORN))

    assert (found["waveforms"], found["waveforms_without_features"]) == (3.0, 0.0)
    for name in ("velocity_rms_mm_s", "kurtosis", "bpfo_evidence"):
        assert found[name] == pytest.approx(np.mean([one[f"waveform_{name}"] for one in each]), rel=1e-12), name
    assert found["acceleration_peak_m_s2"] == max(one["waveform_acceleration_peak_m_s2"] for one in each)
    assert (found["fault"], texts["fault_name"]) == (1.0, FAULT_NAMES[1])
    assert 1.4 < found["velocity_rms_mm_s"] < 2.8 and (found["zone"], texts["zone_name"]) == (2.0, "B")
    assert (found["alarm_mm_s"], found["trip_mm_s"]) == pytest.approx((1.2 + 0.7, 1.25 * 4.5))
    assert "null_reason" not in texts


@pytest.mark.parametrize(
    ("text", "payloads", "reason", "null"),
    [
        (NEIGHBOUR, [WELL], "waveform too short, or its rate too low, for band_hz", {"velocity_rms_mm_s", "zone", "fault"}),
        (MACHINE.replace('iso_group = 2\nsupport = "rigid"\n', ""), [WELL], "no iso_group and support declared", {"zone"}),
        (MACHINE.replace('bearing = "6205-2RS JEM"\n', ""), [WELL], "no bearing and speed_rpm declared", {"fault"}),
        (MACHINE, [waves.payloads()[3]], "waveform constant", {"kurtosis", "velocity_rms_mm_s", "zone", "fault"}),
        (MACHINE, [waves.payloads()[3], waves.payloads()[4]], "waveform clipped", {"kurtosis", "zone"}),
        (MACHINE, [waves.payloads()[5]], "waveform of another rate than rate_hz", {"kurtosis", "zone"}),
        (MACHINE, [b"x"], "waveform unreadable", {"kurtosis", "zone"}),
    ],
)  # fmt: skip
def test_what_can_not_be_told_is_null_with_the_reason(
    text: str, payloads: list[bytes], reason: str, null: set[str]
) -> None:
    found, texts = shown(plant(text), sent(*payloads))

    assert texts["null_reason"] == reason
    assert all(np.isnan(found[name]) for name in null)
    assert found["waveforms"] == len(payloads)


def test_one_good_waveform_among_bad_ones_speaks_for_the_window() -> None:
    found, texts = shown(plant(MACHINE), sent(WORN, waves.payloads()[3], b"x"))

    assert (found["waveforms"], found["waveforms_without_features"]) == (3.0, 2.0)
    assert texts["fault_name"] == "outer race" and "null_reason" not in texts


def test_what_a_device_sends_under_a_features_name_counts_nothing_whatever_came_first() -> None:
    of, rows = plant(MACHINE), sent(WELL, WORN)
    beside = [Row(PRESS, "waveform_kurtosis", row.time + shift, 999.0) for row in rows for shift in (-1, 0, 1)]

    want = rig(of).send(frames_of(rows, 20)).finish()
    for arrival in ([*rows, *beside], [*beside, *rows]):
        got = rig(of).send(frames_of(arrival, 2)).finish()
        assert got.values("vibration", PRESS, "15m") == want.values("vibration", PRESS, "15m")
        assert got.values("telemetry", PRESS, "15m", "waveform_kurtosis") == want.values(
            "telemetry", PRESS, "15m", "waveform_kurtosis"
        )


def test_readings_of_features_are_in_no_account() -> None:
    got = rig(plant(MACHINE)).send(frames_of(sent(WELL, WORN, WELL), 20)).finish()

    assert got.counts == {"stored": 3, "duplicate": 0, "conflict": 0, "late": 0, "waiting": 0}


def test_another_machine_has_the_lines_figures_computed_anew(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    rows = sent(WELL, WORN, WORN)
    got = rig(plant(NEIGHBOUR), log=log).send(frames_of(rows, 20)).finish()
    assert np.isnan(got.values("vibration", PRESS, "15m")[START]["zone"])

    of = plant(MACHINE)
    got.restart(plant=of, operators=operators_for(None, of)).finish()

    want = rig(of).send(frames_of(rows, 20)).finish()
    found, expected = (one.values("vibration", PRESS, "15m")[START] for one in (got, want))
    assert found == pytest.approx(expected, nan_ok=True, rel=0.0)
    log.close()


def test_without_any_machine_the_readings_are_there_and_the_metric_is_not() -> None:
    of = plant("")
    assert "vibration" not in {one.name for one in operators_for(None, of)}

    got = rig(of).send(frames_of(sent(WELL), 20)).finish()

    assert got.values("telemetry", PRESS, "15m", "waveform_kurtosis")[START]["count"] == 1.0


DRIVEN = MACHINE.replace("speed_rpm = 6000", 'speed_rpm = 6300\nspeed_tag = "shaft_rpm"')


def evidence(of: Plant, rows: list[Row]) -> tuple[float, dict[str, str]]:
    found, texts = shown(of, rows)
    return found["bpfo_evidence"], texts


def test_a_measured_speed_is_the_one_that_holds_at_the_waveform() -> None:
    of, wave = plant(DRIVEN), sent(WORN)[0]._replace(time=START + 100 * SECOND)
    at_6000 = features(WORN, waves.MACHINE)[FEATURES.index("waveform_bpfo_evidence")]

    def said(seconds: int, rpm: float, quality: int = 0) -> Row:
        return Row(PRESS, "shaft_rpm", START + seconds * SECOND, rpm, quality)

    for rows in (
        [said(0, 6000.0)],
        [said(10, 5000.0), said(100, 6000.0), said(101, 5000.0)],
        [said(10, 6000.0), said(50, 4000.0, 2)],
        [Row(PRESS, "shaft_rpm", START - 100 * SECOND, 6000.0)],
    ):
        for arrival in ([wave, *rows], [*rows, wave]):
            assert evidence(of, arrival)[0] == pytest.approx(at_6000, rel=1e-6)
    assert evidence(of, [wave, said(50, 4000.0)])[0] < 4.0
    for rows in ([], [said(0, 0.0)], [said(50, 6000.0, 2)], [Row(PRESS, "shaft_rpm", START - 250 * SECOND, 6000.0)]):
        assert np.isnan(evidence(of, [wave, *rows])[0])
        assert evidence(of, [wave, *rows])[1]["null_reason"] == "no speed known at the waveform"


def test_a_speed_in_hertz_is_one_in_turns_a_second() -> None:
    of = plant(DRIVEN.replace("shaft_rpm", "shaft_hz"))

    found, _ = evidence(of, [Row(PRESS, "shaft_hz", START, 100.0), *sent(WORN)])

    assert found == pytest.approx(features(WORN, waves.MACHINE)[FEATURES.index("waveform_bpfo_evidence")], rel=1e-6)
