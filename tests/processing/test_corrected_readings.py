"""Readings that events correct or withdraw: all figures are what they would be had the readings said so, in any order of arrival."""

import math
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.spc import SpcEntry
from processing.metric_rows import WINDOWS as ALL_WINDOWS
from processing.operators import energy, machine, spc, telemetry
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz, standing

LINE = "plant/hall/line1"
METER = f"{LINE}/meter"
MINUTE = 60 * SECOND
START = T0 // (86400 * SECOND) * 86400 * SECOND + 6 * 3600 * SECOND
WINDOWS = tuple(window for window in ALL_WINDOWS if window != "1s")
"""Seconds of readings that are withdrawn late are not retracted, see docs/decisions.md."""
OPERATORS = (telemetry.COMPONENT, energy.COMPONENT, machine.COMPONENT, spc.COMPONENT)
CHART = SpcEntry(every="15m", center=20.0, sigma=2.0)
TAGS = {"n": TagEntry(kind="good_count"), "run": TagEntry(kind="running"), "t": TagEntry(spc=CHART)}
PLANT = Plant(PlantFile(asset=(AssetEntry(path=METER, tags=TAGS, ideal_cycle_s=1.5),)))


def correction(row: Row, said: str, recorded: int) -> Row:
    """What is said of a row's reading, entered some seconds after something else."""
    payload = f'{{"tag":"{row.tag}",{said},"recorded":{1_700_100_000 + recorded}}}'.encode()
    return Row(METER, "@reading", row.time, event_value(payload), 0, payload)


def power(values: list[float]) -> list[Row]:
    return [Row(METER, "power_kw", START + k * MINUTE, value) for k, value in enumerate(values)]


def day(rig: EngineRig) -> dict[str, float]:
    (found,) = rig.values("energy", METER, "day").values()
    return found


def test_a_corrected_reading_counts_with_what_was_said_of_it() -> None:
    rows = power([60.0, 6000.0, 60.0])

    rig = EngineRig(PLANT, operators=OPERATORS, raw=("*",)).send(frames_of(rows, 1))
    rig.send([frame_of([correction(rows[1], '"value":60', 1)])]).finish()

    assert day(rig)["active_energy_kwh"] == pytest.approx(2.0)
    hour = rig.values("telemetry", METER, "1h", "power_kw")[START]
    assert (hour["max"], hour["count"]) == (60.0, 3.0)
    assert rig.values("reading", METER, "", "power_kw")[rows[1].time]["value"] == 60.0
    assert rig.counts["stored"] == 4


def test_a_withdrawn_reading_is_none_and_can_be_restored() -> None:
    rows = power([60.0, 6000.0, 60.0])
    rig = EngineRig(PLANT, operators=OPERATORS, raw=("*",)).send(frames_of(rows, 1))

    rig.send([frame_of([correction(rows[1], '"phase":"withdrawn"', 1)])])
    rig.wait(3.0, turns=3)
    without = day(rig)["active_energy_kwh"]
    raw = rig.values("reading", METER, "", "power_kw")[rows[1].time]["value"]
    rig.send([frame_of([correction(rows[1], '"phase":"void"', 2)])]).finish()

    assert without == pytest.approx(2.0)
    assert math.isnan(raw)
    assert day(rig)["active_energy_kwh"] == pytest.approx((6060 / 2 + 6060 / 2) / 60)
    assert rig.values("reading", METER, "", "power_kw")[rows[1].time]["value"] == 6000.0


def test_what_was_entered_last_counts_whenever_it_comes() -> None:
    rows = power([60.0, 6000.0, 60.0])
    first, second = correction(rows[1], '"value":30', 1), correction(rows[1], '"value":60', 2)

    for said in ([first, second], [second, first]):
        rig = EngineRig(PLANT, operators=OPERATORS).send(frames_of([said[0], *rows, said[1]], 1)).finish()
        assert day(rig)["active_energy_kwh"] == pytest.approx(2.0)


def test_a_minute_of_which_the_only_reading_is_withdrawn_has_no_row_any_more() -> None:
    rows = [Row(METER, "x", START + k * 10 * MINUTE, 1.0) for k in range(3)]
    rig = EngineRig(PLANT, operators=OPERATORS).send(frames_of(rows, 1))

    rig.send([frame_of([correction(rows[1], '"phase":"withdrawn"', 1)])]).finish()

    minutes = rig.values("telemetry", METER, "1m", "x")
    assert minutes[rows[1].time]["retracted"] == 1.0
    assert math.isnan(minutes[rows[1].time]["count"])
    assert minutes[rows[0].time]["count"] == 1.0


def test_what_is_said_of_a_reading_that_is_not_there_changes_nothing() -> None:
    rows = power([60.0, 60.0])
    want = EngineRig(PLANT, operators=OPERATORS).send(frames_of(rows, 1)).finish()
    beside = Row(METER, "power_kw", rows[0].time + SECOND, 0.0)

    rig = EngineRig(PLANT, operators=OPERATORS).send(frames_of([*rows, correction(beside, '"value":5', 1)], 1)).finish()

    assert differences(want.table, rig.table) == []


@pytest.mark.parametrize("turns", range(4))
def test_what_comes_while_a_line_is_run_again_counts_as_corrected(turns: int) -> None:
    rows = [Row(METER, "x", START + k * 10 * MINUTE + 5 * SECOND, k + 1.0) for k in range(6)]
    rig = EngineRig(PLANT, operators=OPERATORS).send(frames_of(rows, 1))
    rig.send([frame_of([correction(rows[1], '"phase":"withdrawn"', 1)])])
    while not rig.engine.again.is_pending:
        rig.wait(0.02)
    rig.wait(0.02 * turns, turns=max(turns, 1))

    new = Row(METER, "x", rows[-1].time + 10 * SECOND, 9000.0)
    rig.send([frame_of([new, correction(new, '"value":60', 1)])]).finish()

    hour = rig.values("telemetry", METER, "1h", "x")[START]
    assert (hour["max"], hour["count"]) == (60.0, 6.0)


def test_what_is_corrected_while_other_settings_are_taken_on_goes_out_corrected(tmp_path: Path) -> None:
    rows = [Row(METER, "energy_kwh", START + k * MINUTE, 10.0 * k) for k in range(10)]
    wrong = Row(METER, "x", START + 20 * MINUTE, 9000.0)
    gone = Row(METER, "x", START + 21 * MINUTE, 5.0)
    said = [correction(wrong, '"value":60', 1), correction(gone, '"phase":"withdrawn"', 1)]
    limited = AssetEntry(path=METER, tags={"energy_kwh": TagEntry(max_delta=5.0)})
    operators = (telemetry.COMPONENT, energy.COMPONENT)
    log = SqliteLog(tmp_path / "log.db")
    try:
        rig = EngineRig(Plant(), operators=operators, log=log).send(frames_of(rows, 1))

        rig.restart(plant=Plant(PlantFile(asset=(limited,))))
        assert rig.engine.again.is_pending
        rig.send([frame_of([wrong, gone, *said, Row(METER, "x", START + 25 * MINUTE, 7.0)])]).finish()
    finally:
        log.close()

    minutes = rig.values("telemetry", METER, "1m", "x")
    assert minutes[wrong.time]["max"] == 60.0
    assert math.isnan(minutes.get(gone.time, {"max": math.nan})["max"])


def checked(come: list[Row], comes_to: list[Row], rig: EngineRig) -> None:
    """What stands is what readings that were right give."""
    want = EngineRig(PLANT, windows=WINDOWS, operators=OPERATORS).send([frame_of([row]) for row in comes_to]).finish()
    rig.send(frames_of(come, 1), pause_s=0.4).finish()
    assert differences(standing(want.table), standing(rig.table)) == []


def rig_of(**options: Any) -> EngineRig:
    return EngineRig(PLANT, windows=WINDOWS, operators=OPERATORS, **options)


def test_the_only_reading_of_a_quarter_hour_that_still_runs_leaves_no_row_when_it_is_withdrawn() -> None:
    first = Row(METER, "run", START + 50 * MINUTE, 1.0)
    gone = Row(METER, "t", START + 105 * MINUTE, 95.0)
    beside = Row(METER, "energy_kwh", gone.time + 20 * SECOND, 3.0)
    said = correction(gone, '"phase":"withdrawn"', 1)

    checked([first, gone, correction(beside, '"value":3', 0), said], [first], rig_of())


def test_pieces_that_are_confirmed_by_a_reading_that_counts_again_are_emitted_again() -> None:
    counted = [
        Row(METER, "n", START + k * MINUTE, value) for k, value in ((121, 96.0), (143, 1.0), (169, 41.0), (175, 41.0))
    ]
    said = [correction(counted[2], '"phase":"withdrawn"', 0), correction(counted[2], '"phase":"void"', 1)]
    first = correction(Row(METER, "n", START + 56 * MINUTE, 1.0), '"phase":"void"', 0)

    checked([first, *counted[:3], said[0], counted[3], said[1]], counted, rig_of())


def test_what_was_corrected_stays_so_while_a_withdrawal_of_it_waits_and_its_minute_is_run_for_others(
    tmp_path: Path,
) -> None:
    bad = Row(METER, "t", START + 66 * MINUTE, 101.0, 2)
    late = Row(METER, "n", bad.time + SECOND, 40.0)
    said = [correction(bad, '"value":3', 0), correction(bad, '"phase":"withdrawn"', 1)]
    later = Row(METER, "t", START + 123 * MINUTE, 5.0)
    log = SqliteLog(tmp_path / "log.db")

    checked([bad, said[0], later, said[1], late], [late, later], rig_of(log=log, node_cache=0, row_cache=1))

    log.close()


def test_a_withdrawal_that_does_not_count_has_its_minute_run_again_as_the_others_are() -> None:
    counted = [(71, 96.0), (101, 1.0), (107, 1.0), (144, 40.0), (151, 0.0), (152, 40.0)]
    rows = [Row(METER, "energy_kwh", START + k * MINUTE, value) for k, value in counted]
    run = Row(METER, "run", rows[-1].time, 0.0)
    said = [correction(run, '"value":3', 1), correction(run, '"phase":"withdrawn"', 0)]
    last = Row(METER, "n", START + 177 * MINUTE, 5.0)

    checked([*rows, run, said[0], last, said[1]], [*rows, run._replace(value=3.0), last], rig_of())


def test_a_reading_that_comes_with_its_withdrawal_after_a_crash_leaves_no_row_of_before(tmp_path: Path) -> None:
    rows = [Row(METER, "x", START + k * 10 * MINUTE, 1.0) for k in range(4)]
    log = SqliteLog(tmp_path / "log.db")
    rig = rig_of(log=log).send(frames_of(rows[:2], 1))
    rig.wait(3.0, turns=3)
    rig.checkpoint()
    rig.send(frames_of(rows[2:], 1))
    rig.wait(3.0, turns=3)
    assert rows[2].time in rig.values("telemetry", METER, "1m", "x")

    rig.frames.append(frame_of([correction(rows[2], '"phase":"withdrawn"', 1)]))
    rig.crash(frames_a_step=3)
    rig.finish()

    log.close()
    want = rig_of().send(frames_of([*rows[:2], rows[3]], 1)).finish()
    assert differences(standing(want.table), standing(rig.table)) == []


def random_rows(random: Random, count: int) -> tuple[list[Row], list[Row]]:
    """Rows as they come, with what is said of some of them, and the rows that this comes to."""
    rows: dict[tuple[str, int], Row] = {}
    time = START + 50 * MINUTE
    for _ in range(count):
        time += round(random.choice([0.0, 1.0, 20.0, 60.0, 200.0, 400.0, 900.0, 1300.0]) * SECOND)
        tag = random.choice(["energy_kwh", "energy_kwh", "n", "power_kw", "t", "run"])
        value = float(random.choice([0, 1] if tag == "run" else [0, 1, 2, 5, 40, 41, 95, 96, 100, 101, 150]))
        rows[tag, time] = Row(METER, tag, time, value, random.choice([0, 0, 0, 1, 2]))
    come, comes_to = list(rows.values()), dict(rows)
    for key, row in rows.items():
        for turn in range(random.choice([0, 0, 0, 1, 1, 2])):
            said, then = random.choice([
                ('"value":%d', row._replace(value=3.0, quality=0)),
                ('"phase":"withdrawn"', None),
                ('"phase":"void"', row),
            ])  # fmt: skip
            come.append(correction(row, said % 3 if "%" in said else said, turn))
            if then is None:
                comes_to.pop(key, None)
            else:
                comes_to[key] = then
    return sorted(come, key=lambda row: row.time), sorted(comes_to.values(), key=lambda row: row.time)


@given(data=st.data())
@fuzz(10)
def test_corrections_in_any_order_give_the_bits_of_readings_that_were_right(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(data.draw(st.integers(0, 2**32 - 1)))
    come, comes_to = random_rows(random, data.draw(st.integers(2, 30)))
    arrival: Arrival = data.draw(arrivals(come, crashes=True))
    want = EngineRig(PLANT, windows=WINDOWS, operators=OPERATORS).send([frame_of([row]) for row in comes_to]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        rig = EngineRig(PLANT, windows=WINDOWS, operators=OPERATORS, log=log, node_cache=0, row_cache=1)
        arrival.play(rig)
    finally:
        log.close()

    assert differences(standing(want.table), standing(rig.table)) == []
