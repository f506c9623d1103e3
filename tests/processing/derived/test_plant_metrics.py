"""Metrics of the plant's own: figures from first principles, what holds from when on, what a change of the plant file does.

That they are right in any order of arrival, after crashes and under late orders is what the contract checks show (`tests/contracts`).
"""

import tomllib
from math import isnan
from pathlib import Path

import pytest

from fieldline.errors import SettingsError
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.place import operators_for
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
HOUR0 = 1_700_000_040_000_000_000 // HOUR * HOUR + HOUR
CHILLER, PUMP, LINE = "plant/hall/line1/chiller", "plant/hall/line1/pump", "plant/hall/line1"
COP = """
[[metric]]
kind = "chiller"
asset = "plant/*/chiller"
windows = ["1m", "15m", "1h"]
field.cop = { value = "mean(cooling_kw) / mean(power_kw)", unit = "1" }
field.dt_k = { value = "mean(return_degc) - mean(supply_degc)", unit = "K" }
"""


def plant(text: str) -> Plant:
    wrong: list[str] = []
    file = to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    assert not wrong, wrong
    return Plant(file)


def rig(text: str, **options: object) -> EngineRig:
    of = plant(text)
    return EngineRig(of, operators=operators_for(None, of), **options)  # type: ignore[arg-type]


def an_hour() -> list[Row]:
    rows = []
    for k in range(360):
        time = HOUR0 + k * 10 * SECOND
        told = {"cooling_kw": 100.0 + k % 7, "power_kw": 25.0 + k % 3, "return_degc": 12.0, "supply_degc": 6.0 + k % 2}
        rows += [Row(CHILLER, tag, time, value) for tag, value in told.items()]
        rows.append(Row(PUMP, "power_kw", time, 5.0))
    return rows


def mean(rows: list[Row], asset: str, tag: str, start: int, end: int) -> float:
    values = [row.value for row in rows if (row.asset, row.tag) == (asset, tag) and start <= row.time < end]
    return sum(values) / len(values)


def test_a_figure_is_that_of_the_readings_in_its_window() -> None:
    rows = an_hour()

    got = rig(COP).send(frames_of(rows, 100)).finish()

    for window, length in (("1m", MINUTE), ("15m", 15 * MINUTE), ("1h", HOUR)):
        figures = got.values("chiller", CHILLER, window)
        assert sorted(figures) == list(range(HOUR0, HOUR0 + HOUR, length))
        for start, row in figures.items():
            cooling, power, hot, cold = (
                mean(rows, CHILLER, tag, start, start + length)
                for tag in ("cooling_kw", "power_kw", "return_degc", "supply_degc")
            )
            assert row["cop"] == pytest.approx(cooling / power, rel=1e-12)
            assert row["dt_k"] == pytest.approx(hot - cold, rel=1e-12)
            assert row["coverage"] == pytest.approx(1.0)
    assert not got.values("chiller", PUMP, "1m")


def test_a_late_row_corrects_the_windows_that_it_lies_in_with_another_revision() -> None:
    rows = an_hour()
    late = rows.pop(5 * 60 + 1)  # a power of the eleventh minute
    assert late.tag == "power_kw"
    got = rig(COP).send(frames_of(rows, 100))
    got.wait(4000.0, turns=4)
    before = got.values("chiller", CHILLER, "1m")

    got.send(frames_of([late], 1)).finish()

    after = got.values("chiller", CHILLER, "1m")
    assert [start for start in after if after[start] != before[start]] == [HOUR0 + 10 * MINUTE]
    assert after == rig(COP).send(frames_of(an_hour(), 100)).finish().values("chiller", CHILLER, "1m")


def test_what_does_not_exist_is_null_with_its_reason() -> None:
    rows = [Row(CHILLER, "cooling_kw", HOUR0 + k * 10 * SECOND, 100.0) for k in range(12)]
    rows += [Row(CHILLER, "power_kw", HOUR0 + MINUTE + k * 10 * SECOND, 0.0) for k in range(6)]

    got = rig(COP).send(frames_of(sorted(rows, key=lambda row: row.time), 50)).finish()

    assert all(isnan(row["cop"]) for row in got.values("chiller", CHILLER, "1m").values())
    assert [said["null_reason"] for said in got.texts("chiller", CHILLER, "1m").values()] == [
        "cop: no mean(power_kw); dt_k: no mean(return_degc)",
        "cop: mean(power_kw) is 0; dt_k: no mean(return_degc)",
    ]


SHARES = """
[[asset]]
path = "plant/hall/line1/chiller"
values = { area_m2 = 4.0 }
[[metric]]
kind = "share"
windows = ["1h"]
field.of_line = { value = "energy.active_energy_kwh / line.production_order.active_energy_kwh", unit = "1" }
field.of_pump = { value = "mean(power_kw) / mean(pump.power_kw)" }
field.per_m2 = { value = "energy.active_energy_kwh / asset.area_m2", unit = "kWh/m2" }
field.mean_kw = { value = "energy.active_energy_kwh * 3600 / window.length_s" }
field.twice = { value = "2 * mean_kw if of_pump > 2 else -1" }
assets.pump = "plant/hall/line1/pump"
[[metric]]
kind = "index"
windows = ["1h"]
field.x = { value = "share.twice + 1" }
"""


def test_inputs_are_of_the_asset_its_line_another_asset_the_plant_file_and_other_metrics() -> None:
    rows = [Row(PUMP, "running", HOUR0, 1.0), *an_hour(), Row(CHILLER, "power_kw", HOUR0 + HOUR, 25.0), Row(PUMP, "power_kw", HOUR0 + HOUR, 5.0)]  # fmt: skip

    got = rig(SHARES).send(frames_of(rows, 100)).finish()

    chiller, pump = (got.values("share", asset, "1h")[HOUR0] for asset in (CHILLER, PUMP))
    drawn = got.values("energy", CHILLER, "1h")[HOUR0]["active_energy_kwh"]
    assert pump["of_line"] == pytest.approx(5.0 / (drawn + 5.0), rel=1e-9)
    assert chiller["of_line"] + pump["of_line"] == pytest.approx(1.0, rel=1e-9)
    assert chiller["of_pump"] == pytest.approx(26.0 / 5.0, rel=1e-9)
    assert chiller["per_m2"] == pytest.approx(drawn / 4.0, rel=1e-12)
    assert isnan(pump["per_m2"])
    assert chiller["twice"] == pytest.approx(2 * drawn, rel=1e-9)
    assert pump["twice"] == -1.0
    assert got.values("index", CHILLER, "1h")[HOUR0]["x"] == pytest.approx(2 * drawn + 1, rel=1e-9)


def test_a_definition_holds_for_windows_that_begin_from_its_time_on() -> None:
    later = COP.replace("power_kw", "power_kw) * 10 / (mean(power_kw)").replace("* 10 / (mean(power_kw))", "* 10")
    since = "since = 2023-11-14T23:30:00Z\n"
    assert HOUR0 + 30 * MINUTE == 1_700_004_600_000_000_000

    got = rig(COP + later.replace('kind = "chiller"\n', f'kind = "chiller"\n{since}')).send(frames_of(an_hour(), 100)).finish()  # fmt: skip

    plain = rig(COP).send(frames_of(an_hour(), 100)).finish().values("chiller", CHILLER, "15m")
    both = got.values("chiller", CHILLER, "15m")
    ratio = {start: both[start]["cop"] / plain[start]["cop"] for start in plain}
    assert [round(ratio[start], 9) for start in sorted(ratio)] == [1.0, 1.0, 10.0, 10.0]


@pytest.fixture
def log(tmp_path: Path) -> SqliteLog:
    return SqliteLog(tmp_path / "checkpoints.db")


def test_a_definition_that_changes_is_computed_anew_and_nothing_else_is(log: SqliteLog) -> None:
    got = rig(COP, log=log).send(frames_of(an_hour(), 100)).finish()
    got.checkpoint()
    before = dict(got.table)
    doubled = plant(COP.replace("mean(cooling_kw) /", "2 * mean(cooling_kw) /"))

    got.restart(plant=doubled, operators=operators_for(None, doubled))
    got.finish()

    changed = {key for key in got.table if got.table[key] != before.get(key)}
    assert {key[0] for key in changed} == {"chiller"}
    figures = got.values("chiller", CHILLER, "1h")[HOUR0]
    assert figures["cop"] == pytest.approx(2 * 103.0 / 26.0, rel=1e-3)
    log.close()


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('asset = "plant/*"', 'asset = "plant/*/pump"'),
        ("mean(power_kw)", "mean(cooling_kw)"),
        ('kind = "own"', 'kind = "own"\nsince = 2023-11-14T23:30:00Z'),
    ],
)
def test_rows_that_a_changed_definition_makes_no_more_are_retracted(log: SqliteLog, was: str, now: str) -> None:
    text = (
        '[[metric]]\nkind = "own"\nasset = "plant/*"\nwindows = ["1m", "1h"]\nfield.x = { value = "mean(power_kw)" }\n'
    )
    got = rig(text, log=log).send(frames_of(an_hour(), 100)).finish()
    other = plant(text.replace(was, now))

    got.restart(plant=other, operators=operators_for(None, other)).finish()

    want = rig(text.replace(was, now)).send(frames_of(an_hour(), 100)).finish()
    stands = {key for key, row in got.table.items() if key[0] == "own" and "retracted" not in row}
    assert stands == {key for key in want.table if key[0] == "own"}
    assert any(key[0] == "own" and "retracted" in row for key, row in got.table.items())
    log.close()


OF_TWO_LINES = 'asset = "a/b/c/d"\nassets.other = "a/b/e/f"\nfield.a = { value = "mean(x) / mean(other.x)" }'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('kind = "energy"\nfield.x = { value = "1" }', "'energy' is a kind of metric already"),
        ('kind = "reading"\nfield.x = { value = "1" }', "'reading' is a kind of metric already"),
        ('kind = "x"\nfield.a = { value = "eneryg.co2_kg" }', "did you mean 'energy'"),
        ('kind = "x"\nfield.a = { value = "energy.co2" }', "did you mean 'co2_kg'"),
        ('kind = "x"\nfield.a = { value = "energy.null_reason" }', "expected a number of energy"),
        ('kind = "x"\nfield.a = { value = "telemetry.mean" }', "of a tag a statistic is wanted"),
        ('kind = "x"\nfield.a = { value = "asset.area" }', "expected one of ideal_cycle_s"),
        ('kind = "x"\nfield.a = { value = "x.a" }', "x is made of itself"),
        ('kind = "x"\nfield.a = { value = "mean(a_kw) + mean(b_degc)" }', "x.a: mean(a_kw) + mean(b_degc)"),
        ('kind = "x"\nfield.a = { value = "mean(a_kw)", unit = "kWh" }', "x.a: its value is in kW"),
        (f'kind = "x"\nwindows = ["1m"]\n{OF_TWO_LINES}', "x.windows: expected one of 15m, 1h, day"),
        (
            f'kind = "x"\nwindows = ["1h"]\n{OF_TWO_LINES.replace("mean(x)", "ewma(mean(x), 0.2)")}',
            "has functions that remember",
        ),
        (f'kind = "x"\n{OF_TWO_LINES}\n[[metric]]\nkind = "y"\nfield.b = {{ value = "x.a" }}', "y is made of x"),
    ],
)
def test_what_is_wrong_with_a_metric_stops_the_start(text: str, why: str) -> None:
    with pytest.raises(SettingsError) as raised:
        operators_for(None, plant(f"[[metric]]\n{text}\n"))

    assert why in str(raised.value)


def test_an_operator_that_the_settings_leave_out_is_named() -> None:
    with pytest.raises(SettingsError, match="chiller needs the operator 'telemetry'"):
        operators_for(["energy"], plant(COP))


def of_kinds(*made_of: str) -> str:
    """Kinds k0, k1, …, each of an expression."""
    return "".join(f"[[metric]]\nkind = 'k{n}'\nfield.a = {{ value = '{value}' }}\n" for n, value in enumerate(made_of))


@pytest.mark.parametrize(
    "text",
    [
        of_kinds("mean(a)", "k0.a", *(f"k{n - 1}.a + k{n - 2}.a" for n in range(2, 40))),
        of_kinds("mean(a)", *(f"k{n - 1}.a" for n in range(1, 1200))),
    ],
)
def test_metrics_of_metrics_that_would_be_read_out_without_end_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="expected at most 64"):
        operators_for(None, plant(text))


def test_a_circle_of_kinds_is_told_by_all_that_are_in_it() -> None:
    with pytest.raises(SettingsError, match="k0 is made of itself, by way of k[12], k[12]"):
        operators_for(None, plant(of_kinds("k1.a", "line.k2.a", "k0.a")))


def test_a_second_tag_of_a_quantity_takes_the_value_of_the_window_whichever_came_first() -> None:
    text = '[[metric]]\nkind = "warm"\nwindows = ["1h"]\nfield.k = { value = "mean(quantity.temperature)" }\n'
    rows = [Row(CHILLER, tag, HOUR0 + k * MINUTE, 20.0) for k, tag in enumerate(["in_degc", "out_degc", "in_degc"])]

    for pause in (1.0, 0.0):  # between them the hour is emitted as it stands, or not
        got = rig(text)
        for row in rows:
            got.send(frames_of([row], 1)).wait(pause)
        got.finish()

        assert isnan(got.values("warm", CHILLER, "1h")[HOUR0]["k"])
        assert got.texts("warm", CHILLER, "1h")[HOUR0]["null_reason"] == "k: no mean(quantity.temperature)"


def test_a_measured_speed_of_waveforms_needs_telemetry() -> None:
    text = '[[asset]]\npath = "plant/hall/line1/chiller"\n[asset.machine]\nspeed_rpm = 1500\nspeed_tag = "shaft_rpm"\nbearing = "6205-2RS JEM"\n'

    with pytest.raises(SettingsError, match="chiller speed_tag needs the operator 'telemetry', which"):
        operators_for(["energy"], plant(text))
