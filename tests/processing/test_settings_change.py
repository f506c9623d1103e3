"""A change of settings is like a correction that comes late: what it does not concern goes on untouched, and nothing loses rows by it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import (
    AssetEntry,
    CalendarEntry,
    ExceptionEntry,
    PlantFile,
    RotaEntry,
    ShiftEntry,
    SiteEntry,
    SpcEntry,
    TagEntry,
    TariffEntry,
    TierEntry,
)
from processing.metric_rows import WINDOWS
from processing.operators import energy, machine, order, spc, telemetry
from processing.timeline.timing import Timing
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, event, frame_of, frames_of

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
DAY0 = 1_699_920_000 * SECOND  # 2023-11-14 00:00 UTC
OVEN, SAW = "plant/hall/line1/oven", "plant/hall/line2/saw"
SHORT = Timing(horizon=6 * HOUR)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


def hours(
    first: float, last: float, *assets: str, tag: str = "power_kw", value: float = 10.0, step: int = 300
) -> list[Any]:
    """A frame each `step` seconds, from one hour after `DAY0` to another; a register counts `value` an hour."""
    times = range(DAY0 + int(first * HOUR), DAY0 + int(last * HOUR), step * SECOND)
    return [
        frame_of(
            [
                Row(asset, tag, t, value if tag != "energy_kwh" else (t - DAY0) / HOUR * value)
                for asset in assets or (OVEN,)
            ]
        )
        for t in times
    ]


def plant(*assets: AssetEntry, **others: Any) -> Plant:
    return Plant(PlantFile(asset=assets, **others))


def kwh(rig: EngineRig, window: str, asset: str = OVEN) -> dict[float, float]:
    """Energy by window, whose start is told in hours after `DAY0`."""
    found = rig.values("energy", asset, window)
    return {(start - DAY0) / HOUR: round(row["active_energy_kwh"], 6) for start, row in found.items()}


def test_an_asset_of_another_line_changes_nothing(log: SqliteLog) -> None:
    rig = EngineRig(log=log, timing=SHORT).send(hours(0, 30, OVEN, SAW)).prune(300)
    before = dict(rig.table)

    rig.restart(plant=plant(AssetEntry(path="plant/hall/line9/press", ideal_cycle_s=3.0)))

    assert rig.emitted_since_restart == []
    assert rig.adapted == []
    assert differences(before, rig.table) == []


def test_a_line_that_is_told_otherwise_leaves_the_others_untouched(log: SqliteLog) -> None:
    rig = EngineRig(log=log, timing=SHORT).send(hours(0, 8, OVEN, SAW))

    rig.restart(plant=plant(AssetEntry(path=OVEN, tags={"power_kw": TagEntry(unit="W")})))
    rig.wait(1.0, turns=20)

    again = [
        key for key in rig.emitted_since_restart if int(key[4]) < DAY0 + 7 * HOUR and key[3] in ("1m", "15m", "1h")
    ]
    assert {key[:2] for key in again} == {("energy", OVEN)}
    assert [(done.line, done.why) for done in rig.adapted] == [("plant/hall/line1", ("asset.tags.unit",))]


def test_a_month_keeps_what_the_log_forgot(log: SqliteLog) -> None:
    rig = EngineRig(log=log, timing=SHORT).send(hours(0, 60))
    month = next(iter(kwh(rig, "month").values()))
    rig.prune(600)  # the log begins at hour 50

    rig.restart(plant=plant(AssetEntry(path=OVEN, tags={"power_kw": TagEntry(max_gap_s=301.0)})))
    rig.send(hours(60, 62)).wait(2.0)

    assert month == pytest.approx(598, abs=2)
    assert next(iter(kwh(rig, "month").values())) == pytest.approx(month + 20.0, abs=0.9)
    assert kwh(rig, "day")[0] == pytest.approx(240.0)


def test_what_the_log_still_holds_is_as_if_the_settings_had_always_been_these(log: SqliteLog) -> None:
    frames = hours(0, 20, OVEN, SAW, tag="energy_kwh", step=60)
    after = plant(AssetEntry(path="plant/hall/line1/*", tags={"energy_kwh": TagEntry(kind="register", unit="Wh")}))
    want = EngineRig(after, timing=SHORT).send(frames).finish()

    rig = EngineRig(log=log, timing=SHORT).send(frames[:1100]).prune(60)
    rig.restart(plant=after).send(frames[1100:]).finish()

    recent = {key for key in want.table if int(key[4]) >= DAY0 + 14 * HOUR}
    assert recent
    assert [key for key in recent if want.table[key] != rig.table[key]] == []
    assert kwh(rig, "1h")[2] == 10.0  # beyond: as it stood
    assert kwh(rig, "1h")[15] == 0.01


def test_what_began_from_the_first_row_on_is_computed_anew_in_full(log: SqliteLog) -> None:
    frames = hours(0, 5, tag="energy_kwh", step=60)
    after = plant(AssetEntry(path="plant/hall/line1/*", tags={"energy_kwh": TagEntry(kind="register", unit="Wh")}))
    want = EngineRig(after).send(frames).finish()

    rig = EngineRig(log=log).send(frames).restart(plant=after).finish()

    assert differences(want.table, rig.table) == []


def test_a_new_operator_begins_where_the_log_does_and_emits_what_it_saw_in_full(log: SqliteLog) -> None:
    frames = hours(0, 40, step=60)
    rig = EngineRig(log=log, timing=SHORT, operators=[telemetry.COMPONENT]).send(frames[:1800]).prune(1700)
    rig.restart(operators=[telemetry.COMPONENT, energy.COMPONENT]).send(frames[1800:]).finish()
    want = EngineRig(timing=SHORT).send(frames).finish()

    assert min(kwh(rig, "1h")) == 31.0  # the log begins at hour 28 1/3; a power may matter for two and a half hours
    assert min(kwh(rig, "day"), default=None) is None
    assert all(kwh(rig, "1h")[hour] == value for hour, value in kwh(want, "1h").items() if hour >= 31)
    assert {key[0] for key in rig.table if int(key[4]) < DAY0 + 28 * HOUR} == {"telemetry"}


def test_an_operator_of_which_nothing_was_lost_emits_from_the_first_row_on(log: SqliteLog) -> None:
    frames = hours(0, 3)
    rig = EngineRig(log=log, operators=[telemetry.COMPONENT]).send(frames)

    rig.restart(operators=[telemetry.COMPONENT, energy.COMPONENT]).finish()

    assert differences(EngineRig().send(frames).finish().table, rig.table) == []


def test_windows_that_are_new_begin_where_the_state_is_whole(log: SqliteLog) -> None:
    frames = hours(0, 80)
    rig = EngineRig(log=log, timing=SHORT, windows=("1m", "15m", "1h")).send(frames[:600])

    rig.restart(windows=("1m", "15m", "1h", "day", "month")).send(frames[600:]).finish()

    assert kwh(rig, "day") == pytest.approx(
        {48.0: 240.0, 72.0: 80.0}, abs=1.0
    )  # at hour 50 the state goes back six hours
    assert kwh(rig, "month") == {}
    assert min(kwh(rig, "1h")) == 0.0


def a_line_with_orders() -> list[Any]:
    """Frames of some five minutes: a press makes ten pieces a minute at 6 kW for six hours, with orders that begin within a minute."""
    press, rows = "plant/hall/line1/press", []
    for minute in range(6 * 60):
        t = DAY0 + minute * MINUTE
        rows += [Row(press, "power_kw", t, 6.0), Row(press, "good_count", t, 10.0 * minute)]
        if minute % 20 == 0:
            rows.append(event(press, "@state", t, b'{"state": "%s"}' % (b"producing" if minute % 60 else b"idle")))
        if minute % 35 == 0:
            said = b'{"order":"%d","phase":"start","product":"A"}' % minute
            rows.append(event("plant/hall/line1", "@order", t + 17 * SECOND, said))
    return [frame_of(rows[k : k + 12]) for k in range(0, len(rows), 12)]


ALL = (telemetry.COMPONENT, energy.COMPONENT, machine.COMPONENT, order.COMPONENT)


@pytest.mark.parametrize(
    "left_out",
    [
        pytest.param({"operators": [op for op in ALL if op.name not in names]}, id=f"without {' and '.join(names)}")
        for names in (("telemetry",), ("order",), ("machine", "order"), ("energy", "order"))
    ]
    + [
        pytest.param({"windows": tuple(name for name in WINDOWS if name != level)}, id=f"without {level}")
        for level in WINDOWS
        if level != "1s"
    ],
)
def test_what_was_left_out_for_a_while_stands_as_if_it_never_had_been(log: SqliteLog, left_out: dict[str, Any]) -> None:
    frames = a_line_with_orders()
    want = EngineRig(operators=ALL).send(frames).finish()

    rig = EngineRig(operators=ALL, log=log).send(frames[:25])
    rig.restart(**left_out).send(frames[25:45])
    rig.restart(operators=list(ALL), windows=WINDOWS).send(frames[45:]).finish()

    assert differences(want.table, rig.table) == []


@pytest.mark.parametrize("portion_bytes", [1, 32 << 20], ids=["a slice at a time", "all at once"])
def test_what_comes_to_be_nothing_is_retracted(
    log: SqliteLog, portion_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.timeline.again._PORTION_BYTES", portion_bytes)
    states = [
        frame_of([event(OVEN, "@state", DAY0 + k * HOUR, b'{"state":"producing"}') for k in range(2)], DAY0 + 2 * HOUR)
    ]
    frames = states + hours(0, 1, OVEN, SAW, step=600) + hours(1, 2, SAW, step=600) + hours(2, 3, OVEN, SAW, step=60)

    def told(gap_s: float) -> Plant:
        return plant(AssetEntry(path=OVEN, state_max_gap_s=gap_s, tags={"power_kw": TagEntry(max_gap_s=gap_s)}))

    want = EngineRig(told(300.0), operators=ALL).send(frames).finish()

    rig = EngineRig(told(4000.0), operators=ALL, log=log).send(frames)
    before = set(rig.table)
    rig.restart(plant=told(300.0)).wait(1.0, turns=200)
    rig.finish()

    gone = {key for key, fields in rig.table.items() if np.frombuffer(fields.get("retracted", bytes(8)))[0] == 1.0}
    assert gone and gone <= before
    assert {"energy", "oee", "losses"} <= {key[0] for key in gone} and {key[1] for key in gone} <= {
        OVEN,
        "plant/hall/line1",
    }
    assert differences(want.table, {key: fields for key, fields in rig.table.items() if key not in gone}) == []


def test_a_raised_horizon_takes_effect_for_what_comes_from_now_on(log: SqliteLog) -> None:
    rig = EngineRig(log=log, timing=SHORT).send(hours(0, 30))
    rig.restart(timing=replace(SHORT, horizon=48 * HOUR))

    rig.send([frame_of([Row(OVEN, "power_kw", DAY0 + 5 * HOUR + 60 * SECOND, -500.0)], DAY0 + 30 * HOUR)]).finish()

    assert kwh(rig, "1h")[5] == 10.0
    assert rig.counts["late"] == 1


def test_a_row_is_late_when_the_log_holds_no_longer_all_rows_of_its_slice(log: SqliteLog) -> None:
    rig = EngineRig(log=log, timing=SHORT, row_cache=1, node_cache=0).send(hours(0, 10, step=10))
    hour = rig.values("telemetry", OVEN, "1h", "power_kw")[DAY0 + 8 * HOUR]
    rig.checkpoint()
    rig.prune(8 * 360 + 100)

    late = Row(OVEN, "power_kw", DAY0 + 8 * HOUR + 5 * SECOND, 10.0)
    rig.send([frame_of([late], DAY0 + 10 * HOUR)]).finish()

    assert hour["count"] == 360
    assert rig.values("telemetry", OVEN, "1h", "power_kw")[DAY0 + 8 * HOUR] == hour
    assert rig.counts["late"] == 1


def test_what_is_late_because_the_log_forgot_its_slice_is_treated_as_what_is_beyond_the_allowed_lateness(
    log: SqliteLog,
) -> None:
    rig = EngineRig(log=log, timing=SHORT, row_cache=1, node_cache=0, raw=("*",)).send(hours(0, 10, step=10))
    rig.checkpoint()
    rig.prune(8 * 360 + 100)
    began = DAY0 + 8 * HOUR + 5 * SECOND

    late = [event("plant/hall/line1", "@order", began, b'{"order":"4711","phase":"start"}')]
    late.append(Row(OVEN, "power_kw", began, 12.0))
    rig.send([frame_of(late, DAY0 + 10 * HOUR)]).send(hours(10, 11, step=10)).finish()

    assert rig.counts["late"] == 2
    assert list(rig.values("energy", OVEN, "order")) == [began]  # the order is made all the same
    assert rig.values("reading", OVEN, tag="power_kw")[began] == {"value": 12.0}  # and the reading shows as it came


def shifts(*names: str) -> Plant:
    """Two shifts a day, at 06:00 and 18:00."""
    entries = tuple(
        ShiftEntry(name=name, start=start, end=end)
        for name, start, end in zip(names, ("06:00", "18:00"), ("18:00", "06:00"), strict=True)
    )
    return Plant(PlantFile(calendar=(CalendarEntry(shift=entries),)))


def test_a_renamed_shift_does_not_stand_twice(log: SqliteLog) -> None:
    rig = EngineRig(shifts("early", "late"), log=log, timing=SHORT).send(hours(0, 20))

    rig.restart(plant=shifts("day", "late")).finish()

    def standing(label: str) -> list[float]:
        return [
            (int(key[4]) - DAY0) / HOUR
            for key, fields in rig.table.items()
            if key[3] == "shift" and key[0] == "energy" and key[5] == label and "retracted" not in fields
        ]

    assert standing("shift=early") == []
    assert standing("shift=day") == [6.0]
    assert standing("shift=late") == [-6.0, 18.0]


def rota(crews: dict[str, int], *, without: date | None = None) -> Plant:
    """The same two shifts, which two crews work in turn; none on one day."""
    pattern = RotaEntry(anchor=date(2023, 11, 14), pattern=("early", "late"), crews=crews)
    exceptions = (ExceptionEntry(begin=without),) if without else ()
    (calendar,) = msgspec.json.decode(shifts("early", "late").document, type=PlantFile).calendar
    return Plant(PlantFile(calendar=(msgspec.structs.replace(calendar, rota=pattern, exception=exceptions),)))


def test_shifts_that_another_crew_has_or_nobody_any_more_are_taken_back(log: SqliteLog) -> None:
    rig = EngineRig(rota({"A": 0, "B": 1}), log=log, timing=Timing(horizon=40 * HOUR)).send(hours(0, 20))

    def standing() -> dict[float, str]:
        return {
            (int(key[4]) - DAY0) / HOUR: " ".join(sorted(key[5:], reverse=True))
            for key, fields in rig.table.items()
            if key[3] == "shift" and key[0] == "energy" and "retracted" not in fields
        }

    # On the 14th A has the early shift; the night before, B the late one.
    assert standing() == {-6.0: "shift=late crew=A", 6.0: "shift=early crew=A", 18.0: "shift=late crew=B"}
    rig.restart(plant=rota({"A": 1, "B": 0})).send(hours(20, 21))
    assert standing() == {-6.0: "shift=late crew=B", 6.0: "shift=early crew=B", 18.0: "shift=late crew=A"}
    rig.restart(plant=rota({"A": 1, "B": 0}, without=date(2023, 11, 14))).finish()

    assert standing() == {-6.0: "shift=late crew=B"}
    want = (
        EngineRig(rota({"A": 1, "B": 0}, without=date(2023, 11, 14)), timing=Timing(horizon=40 * HOUR))
        .send(hours(0, 21))
        .finish()
    )
    assert {key for key, fields in want.table.items() if key[3] == "shift"} == {
        key for key, fields in rig.table.items() if key[3] == "shift" and "retracted" not in fields
    }


def test_a_tariff_that_changes_is_applied_to_windows_of_the_state_and_to_no_other_figure(log: SqliteLog) -> None:
    def priced(price: float) -> Plant:
        return Plant(PlantFile(tariff=(TariffEntry(path="plant/hall/line1", currency="EUR", price=price),)))

    rig = EngineRig(priced(0.1), log=log, timing=SHORT).send(hours(0, 20, OVEN, SAW))

    rig.restart(plant=priced(0.2)).finish()

    costs = {(start - DAY0) / HOUR: row["energy_cost"] for start, row in rig.values("energy", OVEN, "1h").items()}
    assert costs[3.0] == pytest.approx(1.0)  # beyond the state: as it stood
    assert costs[19.0 - 3.0] == pytest.approx(2.0)
    again = [
        key for key in rig.emitted_since_restart if key[3] in ("1m", "15m", "1h") and int(key[4]) < DAY0 + 19 * HOUR
    ]
    assert {key[:2] for key in again} == {("energy", OVEN)}


def test_what_a_contract_bills_by_the_month_changes_no_figure(log: SqliteLog) -> None:
    priced = TariffEntry(path="plant", currency="EUR", price=0.1)
    terms = {"tier": (TierEntry(price=0.02),), "demand_price_per_kw": 9.0, "ratchet": 0.8, "demand_limit_kw": 50.0}
    billed = TariffEntry(path="plant/hall/line1", currency="EUR", **terms)
    rig = EngineRig(plant(tariff=(priced,)), log=log, timing=SHORT).send(hours(0, 6, OVEN))

    rig.restart(plant=plant(tariff=(msgspec.structs.replace(priced, **terms), billed)))

    assert rig.adapted == []
    costs = [row["energy_cost"] for row in rig.finish().values("energy", OVEN, "1h").values()]
    assert max(costs) == pytest.approx(1.0)  # 10 kWh at the price of the entry that has one


def test_another_time_zone_retracts_the_days_it_leaves_behind(log: SqliteLog) -> None:
    rig = EngineRig(log=log, timing=Timing(horizon=40 * HOUR)).send(hours(0, 70))

    rig.restart(plant=Plant(PlantFile(site=(SiteEntry(path="plant", time_zone="Asia/Tokyo"),)))).send(
        hours(70, 100)
    ).finish()

    days = kwh(rig, "day")
    gone = [
        start for start in days if rig.values("energy", OVEN, "day")[DAY0 + int(start * HOUR)].get("retracted") == 1.0
    ]
    assert days[0.0] == pytest.approx(240.0)
    assert 48.0 in gone and 24.0 not in gone
    assert days[39.0] == pytest.approx(240.0)  # the 16th in Tokyo
    assert days[63.0] == pytest.approx(240.0)


class Crowded(EngineRig):
    """Writes a checkpoint and lets go of memory whenever it may while settings are adapted, and dies once meanwhile."""

    left = 0

    def relieve(self) -> None:
        self.collect()
        self.checkpoint()
        self.left -= 1
        if not self.left:
            raise MemoryError


@pytest.mark.parametrize("dies_at", [0, 2])
def test_settings_that_are_adapted_in_portions_by_a_worker_that_dies_give_the_same(
    log: SqliteLog, dies_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.adaptation._PORTION_BYTES", 1)
    frames = hours(0, 6, OVEN, SAW, step=600)
    after = Plant(
        PlantFile(
            tariff=(TariffEntry(path="plant/*", currency="EUR", price=0.3),),
            asset=(AssetEntry(path=OVEN, tags={"power_kw": TagEntry(unit="W", max_gap_s=700.0)}),),
        )
    )
    windows = ("1m", "15m", "1h", "day")
    rig = Crowded(log=log, node_cache=0, windows=("1h",), operators=[telemetry.COMPONENT, energy.COMPONENT])
    rig.send(frames[:30])
    rig.left = dies_at

    try:
        rig.restart(plant=after, windows=windows)
    except MemoryError:
        rig.crash()
        rig.collect()
    rig.send(frames[30:]).finish()

    want = EngineRig(after, windows=windows, operators=[telemetry.COMPONENT, energy.COMPONENT]).send(frames).finish()
    assert differences(want.table, rig.table) == []


def test_a_word_for_a_state_that_is_mapped_later_is_as_if_it_had_always_been(log: SqliteLog) -> None:
    def says(word: str, hour: float) -> Any:
        at = DAY0 + int(hour * HOUR)
        return frame_of([event(OVEN, "@state", at, f'{{"state":"{word}"}}'.encode())])

    frames = [says("producing", 1.0), says("Rüsten", 2.0), says("producing", 3.0), says("off", 4.0)]
    operators = (telemetry.COMPONENT, energy.COMPONENT, machine.COMPONENT)
    mapped = plant(states={"ruesten": "down", "RÜSTEN": "setup"})
    want = EngineRig(mapped, operators=operators, timing=SHORT).send(frames).finish()

    rig = EngineRig(log=log, operators=operators, timing=SHORT).send(frames)
    before = rig.values("oee", OVEN, "1h")[DAY0 + 2 * HOUR]["coverage"]
    rig.restart(plant=mapped).finish()

    assert before == 0.0
    assert differences(want.table, rig.table) == []
    assert rig.values("oee", OVEN, "1h")[DAY0 + 2 * HOUR]["coverage"] == 1.0


def test_a_chart_goes_on_where_slices_within_an_order_have_expired(log: SqliteLog) -> None:
    """Of what expired, slices stay that a running order is folded from: the one before a chart's first point then is hours older."""
    draw = Random(1)
    rows = [event("plant/hall/line1", "@order", DAY0 + 2 * HOUR + 47 * MINUTE + 5 * SECOND, b'{"order":"7"}')]
    rows += [Row(OVEN, "temp_c", DAY0 + k * 2 * MINUTE, 180.0 + draw.gauss(0.0, 2.0)) for k in range(420)]
    frames = frames_of(sorted(rows, key=lambda row: row.time), 10)
    charted = plant(
        AssetEntry(path=OVEN, tags={"temp_c": TagEntry(spc=SpcEntry(chart="i_mr", center=180.0, sigma=2.0))})
    )
    settings: dict[str, Any] = {
        "plant": charted,
        "operators": (telemetry.COMPONENT, order.COMPONENT, energy.COMPONENT, machine.COMPONENT, spc.COMPONENT),
        "windows": ("1m", "15m", "day", "order"),
        "timing": Timing(horizon=4 * HOUR),
    }
    rig = EngineRig(log=log, **settings)
    for k, frame in enumerate(frames):
        rig.send([frame])
        if k % 3 == 0:
            rig.wait(1.0)
            rig.checkpoint()
    before = {key: fields for key, fields in rig.table.items() if key[0] == "spc"}

    rig.restart(windows=(*settings["windows"], "1h"))

    after = {key: fields for key, fields in rig.table.items() if key[0] == "spc"}
    since = rig.adapted[0].since
    assert DAY0 + 3 * HOUR < since < DAY0 + 14 * HOUR
    assert any(int(key[4]) >= since for key in before)
    assert differences(before, after) == []
