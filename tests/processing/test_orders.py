"""Slices are cut where orders begin and end, whenever their events come; windows follow the orders."""

from pathlib import Path

import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile, SiteEntry
from processing.operators import known
from processing.timeline.timing import Timing
from tests.bits.readings import LINE1
from tests.contracts.operator_inputs import PLANT
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, Table, differences, event, frame_of, frames_of

LINE = "plant/hall/line1"
PRESS = f"{LINE}/press"
HOUR = 3600 * SECOND


def order(second: float, payload: bytes, tag: str = "@order", line: str = LINE) -> Row:
    return event(line, tag, T0 + round(second * SECOND), payload)


def power(second: float, kw: float, asset: str = PRESS) -> Row:
    return Row(asset, "power_kw", T0 + round(second * SECOND), kw)


def start(number: str, product: str = "A") -> bytes:
    return f'{{"order":"{number}","phase":"start","product":"{product}"}}'.encode()


def stop(number: str) -> bytes:
    return f'{{"order":"{number}","phase":"stop"}}'.encode()


def standing(table: Table) -> Table:
    """What stands when rows that were taken back are left out."""
    kept = {}
    for key, fields in table.items():
        if np.frombuffer(fields.get("retracted", bytes(8)))[0] == 0.0:
            kept[key] = {name: bits for name, bits in fields.items() if name != "retracted"}
    return kept


def orders_of(rig: EngineRig) -> dict[float, float]:
    """Start of each order in s after T0, and its energy in kWh."""
    found = {key: fields for key, fields in standing(rig.table).items() if key[:4] == ("energy", PRESS, "", "order")}
    return {
        (int(key[4]) - T0) / SECOND: float(np.frombuffer(fields["active_energy_kwh"])[0])
        for key, fields in found.items()
    }


HALF_HOUR = [power(second, 36.0) for second in range(0, 1801, 10)]
"""36 kW for half an hour: 0.01 kWh a second."""


def test_an_order_that_begins_and_ends_within_minutes_gets_its_energy_to_the_sample() -> None:
    rows = [*HALF_HOUR, order(130.5, start("1")), order(845.25, start("2")), order(1500.75, stop("2"))]

    rig = EngineRig().send(frames_of(sorted(rows, key=lambda row: row.time), 7)).finish()

    assert orders_of(rig) == pytest.approx({130.5: 7.1475, 845.25: 6.555})


def test_a_minute_that_is_cut_is_still_one_minute() -> None:
    rows = sorted([*HALF_HOUR, order(130.5, start("1"))], key=lambda row: row.time)

    cut = EngineRig().send(frames_of(rows, 7)).finish()

    minutes = cut.values("energy", PRESS, "1m")
    assert minutes[T0 + 120 * SECOND]["active_energy_kwh"] == pytest.approx(0.6)
    assert len(minutes) == 31
    assert cut.values("energy", PRESS, "1h")[T0 // HOUR * HOUR]["active_energy_kwh"] == pytest.approx(18.0)


def test_an_event_that_comes_late_cuts_windows_long_closed() -> None:
    rig = EngineRig().send(frames_of(HALF_HOUR, 7))
    rig.wait(300, turns=3)

    rig.send([frame_of([order(845.25, start("2"))])]).send([frame_of([order(130.5, start("1"))])]).finish()

    assert orders_of(rig) == pytest.approx({130.5: 7.1475, 845.25: (1800 - 845.25) * 0.01})


def test_a_correction_of_where_an_order_began_takes_the_old_window_back() -> None:
    rows = sorted([*HALF_HOUR, order(130.5, start("1")), order(600, start("2"))], key=lambda row: row.time)
    rig = EngineRig().send(frames_of(rows, 7))
    rig.wait(300, turns=3)

    rig.send([frame_of([order(300, start("2"))])]).finish()

    assert orders_of(rig) == pytest.approx({130.5: 1.695, 300.0: 15.0})
    gone = rig.table["energy", PRESS, "", "order", str(T0 + 600 * SECOND), "product=A"]
    assert np.frombuffer(gone["retracted"])[0] == 1.0
    assert np.isnan(np.frombuffer(gone["active_energy_kwh"])[0])


class _TextsRig(EngineRig):
    """Keeps what each column of text said last of a row, by the window's start; nothing is None."""

    texts: dict[int, dict[str, str | None]]

    def collect(self) -> None:
        for rows in self.engine.outbox:
            for k, time in enumerate(rows.time.tolist() if rows.kind == "energy" else ()):
                said = {name: c.names[c.codes[k]] if c.codes[k] >= 0 else None for name, c in rows.texts.items()}
                self.texts[time] = {**self.texts.get(time, {}), **said}
        super().collect()


def test_a_row_that_is_taken_back_takes_its_texts_back() -> None:
    rows = sorted([*HALF_HOUR, order(130.5, start("1")), order(600, start("2"))], key=lambda row: row.time)
    rig = _TextsRig(windows=("order",))
    rig.texts = {}
    rig.send(frames_of(rows, 7)).wait(300, turns=3)
    said = {
        "order_id": "2",
        "energy_source": "power",
        "null_reason": "no demand interval was observed",
        "meter_events": None,
    }
    assert rig.texts[T0 + 600 * SECOND] == said

    rig.send([frame_of([order(300, start("2"))])]).finish()

    assert rig.texts[T0 + 600 * SECOND] == dict.fromkeys(said)
    assert rig.texts[T0 + 300 * SECOND]["order_id"] == "2"


def test_an_order_that_never_ends_grows_and_its_coverage_is_of_what_has_gone_by() -> None:
    rows = sorted([*HALF_HOUR, order(0, start("1"))], key=lambda row: row.time)

    rig = EngineRig().send(frames_of(rows, 7))
    rig.wait(1.0)

    assert orders_of(rig) == pytest.approx({0.0: 18.0}, rel=1e-3)


def test_orders_that_are_told_again_are_one() -> None:
    again = [order(second, start("1")) for second in (60, 300, 301.5)]

    rig = EngineRig().send(frames_of(sorted([*HALF_HOUR, *again], key=lambda row: row.time), 5)).finish()

    assert orders_of(rig) == pytest.approx({60.0: 17.4})


def test_products_without_orders_have_runs_of_their_own() -> None:
    told = [order(second, b'{"product":"%s"}' % name, "@product") for second, name in ((60, b"A"), (300, b"B"))]

    rig = EngineRig().send(frames_of(sorted([*HALF_HOUR, *told], key=lambda row: row.time), 5)).finish()

    assert orders_of(rig) == pytest.approx({60.0: 2.4, 300.0: 15.0})


def test_weeks_and_months_are_the_site_s_across_daylight_saving() -> None:
    plant = Plant(PlantFile(site=(SiteEntry(path="plant", time_zone="Europe/Berlin"),)))
    monday = 1_742_770_800 * SECOND  # 2025-03-24T00:00+01:00; the clocks change on Sunday the 30th
    rows = [Row(PRESS, "power_kw", monday + k * 300 * SECOND, 10.0) for k in range(12 * 24 * 8 + 1)]

    rig = EngineRig(plant).send(frames_of(rows, 200)).finish()

    weeks = rig.values("energy", PRESS, "week")
    assert sorted(weeks) == [monday, monday + 167 * HOUR]  # an hour less than seven days
    assert weeks[monday]["active_energy_kwh"] == pytest.approx(1670.0)
    months = rig.values("energy", PRESS, "month")
    assert months[1_740_783_600 * SECOND]["active_energy_kwh"] == pytest.approx(10.0 * (7 * 24 + 23))


OPERATORS = tuple(known().values())


@pytest.mark.parametrize("turned", [False, True])
def test_an_order_may_end_when_the_next_begins(turned: bool) -> None:
    change = [order(600, stop("1")), order(600, start("2"))]
    rows = [*HALF_HOUR, order(60, start("1")), *(change[::-1] if turned else change), order(1200, stop("2"))]

    rig = EngineRig().send(frames_of(sorted(rows, key=lambda row: row.time), 7)).finish()

    assert orders_of(rig) == pytest.approx({60.0: 5.4, 600.0: 6.0})
    assert rig.counts["conflict"] == 0


def test_an_end_that_was_told_wrongly_is_void_and_the_order_that_goes_on_is_revised() -> None:
    rows = [*HALF_HOUR, order(60, start("1")), order(600, stop("1")), order(900, start("2"))]
    rig = EngineRig().send(frames_of(sorted(rows, key=lambda row: row.time), 7))
    rig.wait(300, turns=3)
    before = orders_of(rig)

    rig.send([frame_of([order(600, b'{"order":"1","phase":"void"}')])]).finish()

    assert (before[60.0], orders_of(rig)[60.0]) == pytest.approx((5.4, 8.4))
    assert rig.revisions["energy", PRESS, "", "order", str(T0 + 60 * SECOND), "product=A"] >= 1


def test_an_order_longer_than_the_horizon_keeps_the_energy_of_its_first_minutes(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(log=log, timing=Timing(horizon=1800 * SECOND))
    rows = [*(power(second, 36.0) for second in range(0, 6 * 3600 + 1, 60)), order(130.5, start("1"))]

    for frame in frames_of(sorted(rows, key=lambda row: row.time), 20):
        rig.send([frame]).checkpoint()
    rig.finish()
    log.close()

    assert orders_of(rig) == pytest.approx({130.5: (6 * 3600 - 130.5) * 0.01})


def test_a_line_that_tells_its_order_again_and_again_keeps_few_of_its_events(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(log=log, timing=Timing(horizon=1800 * SECOND))
    rows = [order(second, start("1")) for second in range(0, 6 * 3600, 5)]

    for frame in frames_of(rows, 400):
        rig.send([frame]).checkpoint()

    kept = len(rig.engine.context.names()["orders"])  # type: ignore[arg-type]
    log.close()
    assert kept < 2000 < len(rows)


def test_a_chart_s_point_that_an_order_cuts_after_a_crash_is_taken_back(tmp_path: Path) -> None:
    cut = order(15, start("1"), line=LINE1)
    points = [Row(f"{LINE1}/press", "force_kn", T0 + second * SECOND, 53.0) for second in (20, 300)]
    want = EngineRig(PLANT, operators=OPERATORS).send([frame_of([cut, *points])]).finish()
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(PLANT, operators=OPERATORS, log=log).send([frame_of(points)])
    rig.wait(5)

    rig.frames.append(frame_of([cut]))  # on the log when the worker dies
    rig.crash(frames_a_step=2)
    rig.finish()
    log.close()

    assert len(standing(rig.table)) < len(rig.table)
    assert differences(standing(want.table), standing(rig.table)) == []


def test_a_product_told_long_ago_holds_for_the_orders_that_name_none(tmp_path: Path) -> None:
    rows = [order(5, b'{"product":"C"}', "@product")]
    for second in range(0, 1100 * 60, 60):
        rows += [power(second, 36.0), order(second + 10, b'{"order":"%d","phase":"start"}' % second)]
    frames = frames_of(sorted(rows, key=lambda row: row.time), 100)
    timing = Timing(horizon=3600 * SECOND)
    log = SqliteLog(tmp_path / "checkpoints.db")
    want, rig = EngineRig(timing=timing).send(frames).finish(), EngineRig(timing=timing, log=log)

    for frame in frames:
        rig.send([frame]).checkpoint()
    rig.finish()
    log.close()

    assert differences(standing(want.table), standing(rig.table))[:3] == []
