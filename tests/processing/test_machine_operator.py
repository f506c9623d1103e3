"""OEE, losses and quality in numbers that can be checked by hand: stops, counters, corrections, shifts, orders and lines."""

from datetime import UTC, datetime
from math import isnan

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import LineEntry
from fieldline.plantfile.calendars import BreakEntry, CalendarEntry, ShiftEntry
from processing.operators import machine
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.machine_sets import iso, json_event

LINE = "plant/hall1/line1"
PRESS, OVEN = f"{LINE}/press", f"{LINE}/oven"
HOUR_S = 1_700_002_800  # 2023-11-14T23:00Z
CODES = {"0": "down", "1": "producing", "2": "idle", "3": "setup", "4": "planned_stop"}


class TextRig(EngineRig):
    """Keeps texts and labels of metric rows too."""

    def _start(self) -> None:
        self.texts: dict[tuple[str, str, int, int], dict[str, str]] = {}
        super()._start()

    def collect(self) -> None:
        for rows in self.engine.outbox:
            for k in range(len(rows.time)):
                key = (rows.kind, self.engine.registry.assets[rows.asset[k]], int(rows.window[k]), int(rows.time[k]))
                said = rows.labels | rows.texts
                self.texts[key] = {
                    name: column.names[column.codes[k]] for name, column in said.items() if column.codes[k] >= 0
                }
        super().collect()


def plant(*assets: AssetEntry, calendar: tuple[CalendarEntry, ...] = (), line: tuple[LineEntry, ...] = ()) -> Plant:
    tags = {"mode": TagEntry(kind="state", codes=CODES, max_gap_s=90_000.0)}
    every = AssetEntry(path=f"{LINE}/*", tags=tags)
    return Plant(PlantFile(asset=(every, *assets), calendar=calendar, line=line))


def at(second: float) -> int:
    return HOUR_S * SECOND + round(second * SECOND)


def modes(*changes: tuple[float, int], asset: str = PRESS) -> list[Row]:
    return [Row(asset, "mode", at(second), float(code)) for second, code in changes]


def counter(tag: str, *readings: tuple[float, float], asset: str = PRESS) -> list[Row]:
    return [Row(asset, tag, at(second), value) for second, value in readings]


def run(rows: list[Row], of: Plant) -> TextRig:
    rows = sorted(rows, key=lambda row: row.time)
    rig = TextRig(of, operators=[machine.COMPONENT])
    rig.send(frames_of(rows, 20)).finish()
    return rig


def hour(rig: EngineRig, kind: str = "oee", asset: str = PRESS) -> dict[str, float]:
    return rig.values(kind, asset, "1h")[HOUR_S * SECOND]


def test_an_hour_by_hand() -> None:
    # 50 min producing, 4 min setup, 6 min down; 600 pieces of 4 s in 3000 s, 30 of them scrap
    of = plant(AssetEntry(path=PRESS, ideal_cycle_s=4.0))
    rows = modes((0, 1), (3000, 3), (3240, 0), (3600, 1)) + counter("good_count", (0, 0), (3599, 570))

    rig = run(rows + counter("scrap_count", (0, 7), (3599, 37)), of)

    found, lost, made = hour(rig), hour(rig, "losses"), hour(rig, "quality")
    assert found["availability"] == pytest.approx(3000 / 3600, rel=1e-15)
    assert found["performance"] == pytest.approx(600 * 4 / 3000, rel=1e-15)
    assert found["quality"] == pytest.approx(570 / 600, rel=1e-15)
    assert found["oee"] == found["teep"] == pytest.approx(570 * 4 / 3600, rel=1e-15)
    assert (found["stop_count"], found["mttr_s"], found["mtbf_s"]) == (1.0, 360.0, 3600.0)
    assert (lost["down_time_loss_s"], lost["setup_loss_s"], lost["speed_loss_s"], lost["quality_loss_s"]) == (
        360,
        240,
        600,
        120,
    )
    assert (made["good_count"], made["scrap_count"], made["total_count"], made["scrap_ratio"]) == (570, 30, 600, 0.05)
    assert rig.texts["oee", PRESS, 3, HOUR_S * SECOND] == {}


@pytest.mark.parametrize(
    ("stop", "minor_s", "delay_s", "down_s", "stops", "minor_stops"),
    [
        ([(50, 2), (109, 1)], 59, 0, 0, 0, 1),  # over a minute's end, a second short of the limit
        ([(50, 2), (110, 1)], 0, 60, 0, 0, 0),  # as long as the limit
        ([(50, 2), (55, 0), (70, 2), (80, 1)], 30, 0, 0, 0, 1),  # a breakdown that is over soon
        ([(50, 2), (55, 0), (120, 1)], 0, 5, 65, 1, 0),
        ([(10, 0), (20, 1), (30, 0), (40, 1)], 20, 0, 0, 0, 2),
        ([(50, 2), (60, 3), (70, 2), (80, 1)], 20, 0, 0, 0, 2),  # a setup between two minor stops
        ([(60, 2), (119, 1)], 59, 0, 0, 0, 1),  # from a minute's start
        ([(50, 0), (300, 1)], 0, 0, 250, 1, 0),
    ],
)
def test_a_stop_shorter_than_the_limit_is_a_minor_one_wherever_minutes_end(
    stop: list[tuple[float, int]], minor_s: float, delay_s: float, down_s: float, stops: float, minor_stops: float
) -> None:
    of = plant(AssetEntry(path=PRESS, microstop_s=60.0))

    found = hour(run(modes((0, 1), *stop, (3600, 1)), of))

    assert found["minor_stop_time_s"] == minor_s
    assert found["actual_unit_delay_time_s"] == delay_s
    assert found["actual_unit_down_time_s"] == down_s
    assert (found["stop_count"], found["minor_stop_count"]) == (stops, minor_stops)
    lost = delay_s + down_s + found["actual_unit_setup_time_s"]
    assert found["availability"] == pytest.approx((3600 - lost) / 3600, rel=1e-15)


def test_a_minor_stop_belongs_to_the_minutes_it_lies_in_and_is_counted_where_it_begins() -> None:
    of = plant(AssetEntry(path=PRESS, microstop_s=150.0))

    rig = run(modes((0, 1), (50, 2), (190, 1), (240, 1)), of)

    minutes = [row for _, row in sorted(rig.values("oee", PRESS, "1m").items())][:4]
    assert [row["minor_stop_time_s"] for row in minutes] == [10.0, 60.0, 60.0, 10.0]
    assert [row["minor_stop_count"] for row in minutes] == [1.0, 0.0, 0.0, 0.0]


def test_a_late_row_makes_a_minor_stop_of_a_long_one_and_takes_it_back() -> None:
    of = plant(AssetEntry(path=PRESS, microstop_s=100.0))
    rows = modes((0, 1), (50, 2), (350, 1), (3600, 1))
    rig = TextRig(of, operators=[machine.COMPONENT]).send([frame_of(rows)]).finish()
    assert hour(rig)["minor_stop_time_s"] == 0.0

    rig.send([frame_of(modes((125, 1)), received=rig.wall)]).finish()
    shorter = hour(rig)
    rig.send(
        [
            frame_of(
                [json_event(PRESS, "@correction", at(120), state="idle", until=iso(HOUR_S + 300))], received=rig.wall
            )
        ]
    ).finish()

    assert shorter["minor_stop_time_s"] == 75.0
    assert hour(rig)["minor_stop_time_s"] == 0.0
    assert hour(rig)["actual_unit_delay_time_s"] == 250.0


def test_counters_that_reset_jump_or_go_backwards_never_count_below_zero() -> None:
    tags = {
        "strokes": TagEntry(kind="good_count", modulus=1000.0, max_delta=100.0),
        "interval_rework": TagEntry(kind="rework_count", counts_by="interval"),
    }
    # 10, a jump that 12 shows to be none (2), a reset to 3, 5 and 8 that the 8 confirms (8)
    strokes = counter("strokes", (0, 0), (60, 10), (120, 990), (180, 12), (240, 3), (300, 5), (360, 8))
    # a step back that is no reset, an interval below zero
    scrap = counter("scrap_count", (0, 100), (60, 101), (120, 100), (180, 102))
    rework = [Row(PRESS, "interval_rework", at(s), v) for s, v in ((60, 2.0), (120, -3.0))]

    made = hour(run(strokes + scrap + rework, plant(AssetEntry(path=PRESS, tags=tags))), "quality")

    assert made["good_count"] == 10 + 2 + 8
    assert made["scrap_count"] == 1 + 0 + 1  # up to 101, and on from there to 102
    assert made["rework_count"] == 2


def test_pieces_are_added_and_taken_off_by_events() -> None:
    counts = counter("good_count", (0, 0), (60, 50)) + counter("scrap_count", (0, 0), (60, 1))
    events = [json_event(PRESS, "@count", at(90), good=-3, scrap=3), json_event(PRESS, "@correction", at(91), rework=2)]

    made = hour(run(counts + events, plant()), "quality")

    assert (made["good_count"], made["scrap_count"], made["rework_count"], made["total_count"]) == (47, 4, 2, 51)
    assert made["first_pass_yield"] == pytest.approx((51 - 4 - 2) / 51)


@pytest.mark.parametrize(
    ("counters", "said", "good", "scrap", "total"),
    [
        (("good_count", "scrap_count"), {"scrap": 2}, 90, 12, 102),
        (("total_count", "scrap_count"), {"good": -2, "scrap": 2}, 78, 12, 90),
        (("total_count", "good_count"), {"good": -2, "scrap": 2}, 8, 82, 90),
        (("total_count",), {"scrap": 2}, 88, 2, 90),
        (("total_count",), {"good": 85}, 85, 5, 90),
        ((), {"good": 5, "scrap": 1}, 5, 1, 6),
    ],
)
def test_a_total_that_is_counted_holds_and_events_say_what_its_pieces_were(
    counters: tuple[str, ...], said: dict[str, int], good: float, scrap: float, total: float
) -> None:
    readings = zip(counters, (90, 10), strict=False)
    rows = [row for tag, most in readings for row in counter(tag, (0, 0), (60, most))]

    made = hour(run([*rows, json_event(PRESS, "@count", at(90), **said)], plant()), "quality")

    assert (made["good_count"], made["scrap_count"], made["total_count"]) == (good, scrap, total)


def test_a_state_never_heard_of_is_unqualified_time_and_no_loss() -> None:
    found = hour(run(modes((0, 1), (1800, 77), (2700, 1), (3600, 1)), plant()))

    assert found["unqualified_time_s"] == 900.0
    assert found["availability"] == 1.0
    assert found["coverage"] == 0.75


@pytest.mark.parametrize(
    ("code", "counts", "cycle", "reason"),
    [
        (77, [10, 0], 1.0, "no state"),
        (4, [10, 0], 1.0, "no planned time"),
        (1, [], 1.0, "no count"),
        (1, [10], 1.0, "only one of good, scrap and total counted"),
        (1, [10, 0], None, "no ideal cycle"),
        (0, [10, 0], 1.0, "no production time"),
        (1, [0, 0], 1.0, "no pieces"),
    ],
)
def test_what_does_not_exist_is_null_with_its_reason(
    code: int, counts: list[float], cycle: float | None, reason: str
) -> None:
    of = plant(AssetEntry(path=PRESS, ideal_cycle_s=cycle))
    pieces = [
        row
        for tag, n in zip(("good_count", "scrap_count"), counts, strict=False)
        for row in counter(tag, (0, 0), (9, n))
    ]

    rig = run(modes((0, code), (3600, code)) + pieces, of)

    found = hour(rig)
    assert any(isnan(found[name]) for name in ("availability", "performance", "quality", "oee"))
    assert rig.texts["oee", PRESS, 3, HOUR_S * SECOND]["null_reason"] == reason


def test_performance_above_one_is_shown_and_flagged_and_its_speed_loss_is_negative() -> None:
    of = plant(AssetEntry(path=PRESS, ideal_cycle_s=10.0))
    rows = (
        modes((0, 1), (3600, 1))
        + counter("total_count", (0, 0), (3599, 400))
        + counter("scrap_count", (0, 0), (3599, 0))
    )

    rig = run(rows, of)

    assert hour(rig)["performance"] == pytest.approx(4000 / 3600)
    assert hour(rig)["performance_above_one"] == 1.0
    assert hour(rig, "losses")["speed_loss_s"] == -400.0


EARLY = CalendarEntry(
    shift=(ShiftEntry(name="late", start="23:00", end="23:30", breaks=(BreakEntry(start="23:10", end="23:15"),)),)
)


def test_breaks_are_planned_stops_but_for_what_was_produced_in_them() -> None:
    of = plant(AssetEntry(path=PRESS, ideal_cycle_s=1.0), calendar=(EARLY,))

    # producing until 23:12, then down to the end of the hour
    rig = run(modes((0, 1), (720, 0), (3700, 0)), of)

    shift = rig.values("oee", PRESS, "shift")[HOUR_S * SECOND]
    assert (shift["actual_production_time_s"], shift["planned_stop_time_s"]) == (720.0, 180.0)
    assert (shift["actual_unit_down_time_s"], shift["unscheduled_time_s"]) == (900.0, 0.0)
    assert rig.texts["oee", PRESS, 7, HOUR_S * SECOND]["shift"] == "late"
    whole = hour(rig)
    assert (whole["unscheduled_time_s"], whole["unqualified_time_s"]) == (1800.0, 0.0)
    assert whole["availability"] == pytest.approx(720 / 1620)


def test_a_correction_changes_a_shift_long_closed_and_counts_a_revision() -> None:
    of = plant(calendar=(EARLY,))
    rig = TextRig(of, operators=[machine.COMPONENT])
    rig.send(frames_of(modes((0, 1), (1000, 0), (1200, 1), (1800, 1), (9000, 1)), 2)).finish()
    key = next(key for key in rig.table if key[:2] == ("oee", PRESS) and key[3] == "shift")
    before, revision = rig.values("oee", PRESS, "shift")[HOUR_S * SECOND], rig.revisions[key]

    fixed = json_event(PRESS, "@correction", at(1000), state="setup", until=iso(HOUR_S + 1200))
    rig.send([frame_of([fixed], received=rig.wall)]).finish()

    after = rig.values("oee", PRESS, "shift")[HOUR_S * SECOND]
    assert (before["actual_unit_down_time_s"], after["actual_unit_down_time_s"]) == (200.0, 0.0)
    assert after["actual_unit_setup_time_s"] == 200.0
    assert (before["stop_count"], after["stop_count"]) == (1.0, 0.0)
    assert rig.revisions[key] == revision + 1


def test_an_order_that_begins_within_a_minute_splits_time_and_pieces_there() -> None:
    of = plant(AssetEntry(path=PRESS, ideal_cycle_s=2.0, microstop_s=60.0))
    orders = [
        json_event(LINE, "@order", at(90.25), order="4711", phase="start", product="A"),
        json_event(LINE, "@order", at(200.5), order="4711", phase="stop"),
    ]
    counts = counter("good_count", (0, 0), (90, 9), (91, 12), (200.5, 40)) + counter("scrap_count", (0, 0), (150, 1))

    rig = run(modes((0, 1), (80, 2), (95, 1), (300, 1)) + counts + orders, of)

    start = at(90.25)
    found = rig.values("oee", PRESS, "order")[start]
    assert (found["actual_production_time_s"], found["minor_stop_time_s"]) == (105.5, 4.75)
    assert found["minor_stop_count"] == 0.0
    assert rig.values("losses", PRESS, "order")[start]["calendar_time_s"] == 110.25
    made = rig.values("quality", PRESS, "order")[start]
    assert (made["good_count"], made["scrap_count"]) == (3.0, 1.0)
    assert rig.texts["quality", PRESS, 8, start] == {"product": "A", "order_id": "4711"}


def test_a_line_adds_times_and_ideal_times_and_never_takes_a_mean_of_ratios() -> None:
    of = plant(AssetEntry(path=PRESS, ideal_cycle_s=4.0), AssetEntry(path=OVEN, ideal_cycle_s=10.0))
    press = (
        modes((0, 1), (1800, 0), (3600, 1))
        + counter("good_count", (0, 0), (3599, 400))
        + counter("scrap_count", (0, 0), (3599, 0))
    )
    oven = modes((0, 4), (2700, 1), (3600, 1), asset=OVEN)
    oven += counter("good_count", (2700, 0), (3599, 50), asset=OVEN) + counter(
        "scrap_count", (2700, 0), (3599, 10), asset=OVEN
    )

    rig = run(press + oven, of)

    line = hour(rig, asset=LINE)
    assert line["machine_count"] == 2.0
    assert line["availability"] == pytest.approx((1800 + 900) / (3600 + 900))
    assert line["performance"] == pytest.approx((400 * 4 + 60 * 10) / 2700)
    assert line["quality"] == pytest.approx((1600 + 500) / (1600 + 600))
    assert line["oee"] == pytest.approx(2100 / 4500)
    assert hour(rig, "losses", LINE)["calendar_time_s"] == 7200.0
    yields = [400 / 400, 50 / 60]
    assert isnan(hour(rig, "quality", LINE)["rolled_throughput_yield"])  # rework was not counted
    assert hour(rig, "quality", OVEN)["quality"] == pytest.approx(yields[1])


@pytest.mark.parametrize(("output", "good", "reason"), [(OVEN, 50.0, None), (None, None, "no output declared")])
def test_a_lines_pieces_are_those_of_its_output(output: str | None, good: float | None, reason: str | None) -> None:
    of = plant(line=(LineEntry(path=LINE, output=output),))
    counts = counter("good_count", (0, 0), (9, 400)) + counter("good_count", (0, 0), (9, 50), asset=OVEN)
    scrap = counter("scrap_count", (0, 0), (9, 4)) + counter("scrap_count", (0, 0), (9, 5), asset=OVEN)
    rework = counter("rework_count", (0, 0), (9, 0)) + counter("rework_count", (0, 0), (9, 10), asset=OVEN)

    rig = run(counts + scrap + rework, of)

    found = hour(rig, "quality", LINE)
    assert found["good_count"] == good if good is not None else isnan(found["good_count"])
    assert found["rolled_throughput_yield"] == pytest.approx(400 / 404 * 40 / 55)
    assert rig.texts["quality", LINE, 3, HOUR_S * SECOND].get("null_reason") == reason


@pytest.mark.parametrize("first", [PRESS, OVEN], ids=["another first", "the output first"])
def test_a_declared_output_counts_whenever_it_is_first_heard_of(first: str) -> None:
    of = plant(line=(LineEntry(path=LINE, output=OVEN),))
    press, oven = ([(60 * m, 5 * m) for m in range(begin, begin + 25)] for begin in (0, 30))
    rows = counter("good_count", *press) + counter("good_count", *oven, asset=OVEN)
    mine, others = ([row for row in rows if (row.asset == first) is is_mine] for is_mine in (True, False))
    rig = TextRig(of, operators=[machine.COMPONENT]).send(frames_of(mine, 10))
    rig.wait(2.0)  # windows are emitted before anything of the other machine has come

    rig.send(frames_of(others, 10)).finish()

    in_order = run(rows, of)
    assert hour(rig, "quality", LINE)["good_count"] == 24 * 5.0
    assert differences(in_order.table, rig.table) == []


def test_a_line_with_a_state_of_its_own_is_told_by_it() -> None:
    rows = modes((0, 0), (3600, 0)) + [Row(LINE, "running", at(s), 1.0) for s in range(0, 3700, 100)]

    rig = run(rows, plant())

    assert hour(rig, asset=LINE)["availability"] == 1.0
    assert hour(rig, asset=PRESS)["availability"] == 0.0


def test_a_night_shift_over_a_clock_change_is_as_long_as_people_worked() -> None:
    night = CalendarEntry(shift=(ShiftEntry(name="night", start="22:00", end="06:00"),))
    tags = {"mode": TagEntry(kind="state", codes=CODES, max_gap_s=90_000.0)}
    file = PlantFile(time_zone="Europe/Berlin", asset=(AssetEntry(path=PRESS, tags=tags),), calendar=(night,))
    begins = {7: datetime(2024, 3, 30, 21, tzinfo=UTC), 9: datetime(2024, 10, 26, 20, tzinfo=UTC)}

    for hours, begin in begins.items():
        start = int(begin.timestamp()) * SECOND
        rows = [Row(PRESS, "mode", start + k * 3600 * SECOND, 1.0) for k in range(12)]
        rig = EngineRig(Plant(file), operators=[machine.COMPONENT]).send(frames_of(rows, 3)).finish()

        assert rig.values("losses", PRESS, "shift")[start]["calendar_time_s"] == hours * 3600
        assert rig.values("oee", PRESS, "shift")[start]["actual_production_time_s"] == hours * 3600


def test_a_running_hour_takes_what_its_running_slice_makes_outside_shifts_for_that() -> None:
    early = CalendarEntry(shift=(ShiftEntry(name="early", start="06:00", end="14:00"),))
    rig = EngineRig(plant(calendar=(early,)), operators=[machine.COMPONENT])
    seen = []

    for frame in frames_of(modes(*((second, 1) for second in range(0, 600, 7))), 20):  # an hour without shifts
        rig.send([frame])
        seen += rig.values("oee", PRESS, "1h").values()

    assert {row["coverage"] for row in seen} == {1.0}
    assert {row["unqualified_time_s"] for row in seen} == {0.0}
    assert {row["actual_production_time_s"] + row["unscheduled_time_s"] for row in seen} == {3600.0}
