"""Calculated tags against the formula at each reading, from first principles; in any order, late, with crashes and other settings."""

import tomllib
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.recount.calculated import with_calculated
from fieldline.errors import SettingsError
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.place import operators_for
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz

HEAT, PUMP = "plant/hall/line1/heat", "plant/hall/line1/pump"
MINUTE = 60 * SECOND
START = T0 // (900 * SECOND) * 900 * SECOND
FORMULA = "flow * 1.163 * (hot_degc - cold_degc)"
TEXT = f"""
[[asset]]
path = "plant/hall/line1/heat"
[asset.tags.heat_kw]
formula = "{FORMULA}"
[asset.tags.flow]
max_gap_s = 120
[asset.tags.hot_degc]
max_gap_s = 200
[asset.tags.cold_degc]
max_gap_s = 400
"""
GAPS = {"flow": 120, "hot_degc": 200, "cold_degc": 400}


def plant(text: str = TEXT) -> Plant:
    wrong: list[str] = []
    file = to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Plant(file)


def rig(of: Plant, **options: object) -> EngineRig:
    return EngineRig(of, operators=operators_for(None, of), **options)  # type: ignore[arg-type]


def sent(random: Random, count: int) -> list[Row]:
    rows: dict[tuple[str, int], Row] = {}
    time = START
    for _ in range(count):
        time += random.choice([0, 0, 1, 7, 30, 59, 60, 61, 119, 121, 300]) * SECOND
        tag = random.choice([*GAPS, *GAPS, "other"])
        quality = random.choice([0, 0, 0, 0, 1, 2])
        rows[tag, time] = Row(HEAT, tag, time, random.choice([0.0, 1.5, 20.0, 61.25]), quality)
        if random.random() < 0.2:
            rows["pump", time] = Row(PUMP, "power_kw", time, 3.0)
    return sorted(rows.values(), key=lambda row: row.time)


def calculated(rows: list[Row]) -> list[tuple[int, float]]:
    """(time, value): at each reading of an input, of the newest readings of all, none older than its gap."""
    newest: dict[str, Row] = {}
    found: dict[int, float] = {}
    for time in sorted({row.time for row in rows}):
        told = [row for row in rows if row.time == time and row.tag in GAPS and row.quality < 2]
        newest |= {row.tag: row for row in told}
        holds = {tag: row.value for tag, row in newest.items() if time - row.time <= GAPS[tag] * SECOND}
        if told and len(holds) == len(GAPS):
            found[time] = holds["flow"] * 1.163 * (holds["hot_degc"] - holds["cold_degc"])
    return sorted(found.items())


def check(got: EngineRig, rows: list[Row]) -> None:
    told = calculated(rows)
    for window, length in (("1m", MINUTE), ("15m", 15 * MINUTE), ("1h", 60 * MINUTE)):
        want: dict[int, list[float]] = {}
        for time, value in told:
            want.setdefault(time // length * length, []).append(value)
        found = got.values("telemetry", HEAT, window, "heat_kw")
        assert sorted(found) == sorted(want), window
        for start, values in want.items():
            row = found[start]
            assert row["count"] == len(values)
            assert row["last"] == pytest.approx(values[-1], rel=1e-12)
            assert row["mean"] == pytest.approx(sum(values) / len(values), rel=1e-9, abs=1e-9)
            assert (row["min"], row["max"]) == pytest.approx((min(values), max(values)), rel=1e-12)


@given(data=st.data())
@fuzz(40)
def test_each_reading_of_an_input_makes_one_of_the_formula_in_any_order_with_crashes(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = sent(Random(data.draw(st.integers(0, 2**32 - 1))), data.draw(st.integers(1, 40)))
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    of = plant()
    try:
        got = rig(of, log=log, node_cache=data.draw(st.sampled_from([0, 1 << 30])), row_cache=1)
        arrival.play(got)
    finally:
        log.close()
    want = rig(of).send(frames_of(rows, 50)).finish()

    check(got, rows)
    of_heat = {key: row for key, row in want.table.items() if key[2] == "heat_kw"}
    assert of_heat == {key: row for key, row in got.table.items() if key[2] == "heat_kw"}


def test_what_a_device_sends_under_the_tags_name_counts_nothing() -> None:
    rows = sent(Random(5), 60)
    beside = [Row(HEAT, "heat_kw", row.time + 1, 999.0) for row in rows]

    check(rig(plant()).send(frames_of(sorted([*rows, *beside], key=lambda row: row.time), 20)).finish(), rows)


def test_two_tags_of_one_formula_and_assets_alike_each_have_their_own() -> None:
    text = (
        TEXT.replace("plant/hall/line1/heat", "plant/hall/line1/*") + f'[asset.tags.again_kw]\nformula = "{FORMULA}"\n'
    )
    rows = sent(Random(8), 80)
    other = [row._replace(asset=PUMP, value=row.value + 1.0) for row in rows if row.tag in GAPS]

    got = rig(plant(text)).send(frames_of(sorted([*rows, *other], key=lambda row: row.time), 20)).finish()

    check(got, rows)
    assert got.values("telemetry", HEAT, "1h", "again_kw") == got.values("telemetry", HEAT, "1h", "heat_kw")
    assert got.values("telemetry", PUMP, "1h", "heat_kw") != got.values("telemetry", HEAT, "1h", "heat_kw")


def test_a_calculated_power_is_energy_where_it_is_declared_so() -> None:
    rows = [
        Row(HEAT, tag, START + k * 30 * SECOND, value)
        for k in range(121)
        for tag, value in {"flow": 10.0, "hot_degc": 60.0, "cold_degc": 50.0}.items()
    ]
    declared = TEXT.replace("[asset.tags.heat_kw]\n", '[asset.tags.heat_kw]\nkind = "power"\n')

    plain, energetic = (rig(plant(text)).send(frames_of(rows, 30)).finish() for text in (TEXT, declared))

    assert not plain.values("energy", HEAT, "1h")
    assert energetic.values("energy", HEAT, "1h")[START]["active_energy_kwh"] == pytest.approx(116.3, rel=1e-9)


def test_a_formula_that_comes_changes_or_goes_has_the_lines_figures_computed_anew(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    rows = sent(Random(3), 60)
    without = TEXT.replace(f'[asset.tags.heat_kw]\nformula = "{FORMULA}"\n', "")
    got = rig(plant(without), log=log).send(frames_of(rows, 20)).finish()
    assert not got.values("telemetry", HEAT, "1m", "heat_kw")

    def again(text: str) -> None:
        of = plant(text)
        got.restart(plant=of, operators=operators_for(None, of)).finish()

    again(TEXT)
    check(got, rows)
    again(TEXT.replace(FORMULA, f"2 * ({FORMULA})"))
    doubled = got.values("telemetry", HEAT, "1h", "heat_kw")
    assert {start: row["max"] for start, row in doubled.items()} == {
        start: 2 * row["max"] for start, row in rig(plant()).send(frames_of(rows, 50)).finish().values("telemetry", HEAT, "1h", "heat_kw").items()
    }  # fmt: skip
    again(without)
    assert all(row["retracted"] == 1.0 for row in got.values("telemetry", HEAT, "1m", "heat_kw").values())
    log.close()


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("flow *", "expected an expression"),
        ("mean(flow)", "expected tags of the asset by their names alone"),
        ("energy.co2_kg * flow", "expected tags of the asset by their names alone"),
        ("1 + 2", "expected a tag of the asset in it"),
        ("heat_kw + flow", "heat_kw is calculated itself"),
        ("flow ** 99", "from 2 to 8"),
    ],
)
def test_what_is_no_formula_is_refused(formula: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        plant(TEXT.replace(FORMULA, formula))


def test_the_recount_comes_to_the_same_readings() -> None:
    rows = sent(Random(11), 200)
    mine: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in rows:
        if row.quality < 2:
            mine.setdefault((row.asset, row.tag), []).append((row.time, row.value))

    found = with_calculated(plant(), mine)

    want = calculated(rows)
    assert [time for time, _ in found[HEAT, "heat_kw"]] == [time for time, _ in want]
    assert [value for _, value in found[HEAT, "heat_kw"]] == pytest.approx([value for _, value in want], rel=1e-12)


def test_units_and_operators_are_checked() -> None:
    of = plant(TEXT.replace(FORMULA, "hot_degc + heat_kwh"))
    with pytest.raises(SettingsError, match="hot_degc is in degC and heat_kwh in kWh"):
        operators_for(None, of)
    with pytest.raises(SettingsError, match="formula needs the operator 'telemetry'"):
        operators_for(["energy"], plant())
