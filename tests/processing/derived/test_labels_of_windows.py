"""What expressions read of windows themselves: hour, weekday and working time by the local clock, shift, crew and product."""

import tomllib
from datetime import UTC, datetime
from math import isnan, nan
from pathlib import Path

import pytest

from analysis.recount.derived import _label
from analysis.recount.history import History
from fieldline.errors import SettingsError
from fieldline.expressions import Label, parse
from fieldline.log.sqlite import SqliteLog
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from fieldline.window_labels import told
from processing.derived.metric import derived
from processing.derived.plant_faults import faults
from processing.place import operators_for
from tests.processing.derived.test_plant_metrics import HOUR, MINUTE, plant, rig
from tests.processing.engine_rig import SECOND, Row, event, frames_of

OVEN, LINE = "works/hall/line1/oven", "works/hall/line1"
CALENDAR = """
time_zone = "Europe/Berlin"
[[calendar]]
[[calendar.shift]]
name = "day"
start = "06:00"
end = "22:00"
breaks = [{start = "12:00", end = "12:30"}]
[[calendar.shift]]
name = "night"
start = "22:00"
end = "05:00"
"""
HEAD = """
[[metric]]
kind = "told"
windows = ["15m", "1h", "day", "shift"]
"""
EVERY = (
    CALENDAR
    + HEAD
    + """
field.hour = { value = "window.hour" }
field.weekday = { value = "window.weekday" }
field.date = { value = "window.day_number" }
field.working = { value = "window.working_share", unit = "1" }
field.night = { value = "window.shift == 'night'" }
field.other = { value = "mean(temp_c) if window.shift != 'night' else 0" }
field.of_b = { value = "window.product == 'B'" }
"""
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def samples(first: int, last: int, step: int = 5 * MINUTE) -> list[Row]:
    return [Row(OVEN, "temp_c", time, 20.0) for time in range(first, last, step)]


def order(name: str, time: int, product: str, phase: str = "start") -> Row:
    return event(LINE, "@order", time, f'{{"order":"{name}","phase":"{phase}","product":"{product}"}}'.encode())


@pytest.mark.parametrize(
    ("first", "hours"),
    [("2025-03-29T20:00", 8), ("2025-10-25T20:00", 9), ("2025-06-01T00:00", 25)],
    ids=["clocks skip an hour", "clocks repeat one", "a day"],
)
def test_hours_weekdays_and_shifts_go_by_the_local_clock_and_are_recounted(first: str, hours: int) -> None:
    start = at(first)
    rows = samples(start, start + hours * HOUR)

    got = rig(EVERY).send(frames_of(rows, 20)).finish()

    history = History(plant(EVERY), LINE, {(OVEN, "temp_c"): [(row.time, row.value) for row in rows]}, {})
    seen = 0
    for window, length in (("15m", 15 * MINUTE), ("1h", HOUR)):
        for begin, row in got.values("told", OVEN, window).items():
            for field, text in (("hour", "window.hour"), ("weekday", "window.weekday"), ("working", "window.working_share"), ("date", "window.day_number"), ("night", "window.shift == 'night'")):  # fmt: skip
                one = parse(text)
                assert isinstance(one, Label)
                want = _label(history, one, OVEN, (begin, begin + length))
                assert row[field] == pytest.approx(want, nan_ok=True), (window, begin, field)
                seen += not isnan(want)
    assert seen == 25 * hours


def test_what_is_not_one_thing_all_through_is_null_and_says_so() -> None:
    start = at("2025-06-02T19:30")  # 21:30, in the last half hour of the day's shift
    got = rig(EVERY).send(frames_of(samples(start, start + 12 * HOUR), 20)).finish()

    hours = got.values("told", OVEN, "1h")
    assert [hours[at(f"2025-06-02T{hour}:00")]["night"] for hour in ("19", "20", "21")] == [0.0, 1.0, 1.0]
    assert hours[at("2025-06-03T03:00")]["night"] == 0.0  # from 5:00 to 6:00 there is no shift
    assert hours[at("2025-06-03T04:00")]["other"] == 20.0
    day = got.values("told", OVEN, "day")[at("2025-06-01T22:00")]
    assert (isnan(day["hour"]), day["weekday"], isnan(day["night"])) == (True, 1.0, True)
    assert day["working"] == pytest.approx((24 - 1 - 0.5) / 24)
    night = got.values("told", OVEN, "shift")[at("2025-06-02T20:00")]
    assert (isnan(night["weekday"]), night["night"], night["other"]) == (True, 1.0, 0.0)
    why = got.texts("told", OVEN, "day")[at("2025-06-01T22:00")]["null_reason"]
    assert "hour: no one window.hour" in why and "other: no one window.shift" in why


@pytest.mark.parametrize("is_late", [False, True])
def test_a_product_is_of_windows_in_which_no_other_is_made_though_its_order_is_told_late(is_late: bool) -> None:
    start = at("2025-06-02T08:00")
    rows, orders = (
        samples(start, start + 3 * HOUR),
        [
            order("1", start, "A"),
            order("2", start + HOUR, "B"),
            order("2", start + 2 * HOUR + 20 * MINUTE, "B", "stop"),
        ],
    )
    mixed = sorted(rows + orders, key=lambda row: row.time)
    got = rig(EVERY).send(frames_of(rows if is_late else mixed, 10))
    if is_late:
        got.send(frames_of(orders, 1))
    got.finish()

    hours = got.values("told", OVEN, "1h")
    assert [hours[start + k * HOUR]["of_b"] for k in range(2)] == [0.0, 1.0]
    assert isnan(hours[start + 2 * HOUR]["of_b"])
    quarters = got.values("told", OVEN, "15m")
    assert [quarters[start + k * 15 * MINUTE]["of_b"] for k in (7, 8)] == [1.0, 1.0]
    assert isnan(quarters[start + 9 * 15 * MINUTE]["of_b"]) and isnan(quarters[start + 10 * 15 * MINUTE]["of_b"])


@pytest.mark.parametrize(
    "change",
    [
        ('name = "night"', 'name = "late"'),
        ('start = "12:00", end = "12:30"', 'start = "12:00", end = "12:45"'),
        ('"Europe/Berlin"', '"Europe/London"'),
    ],
    ids=["another name", "another break", "another zone"],
)
def test_a_changed_calendar_comes_to_what_it_would_always_have_been(tmp_path: Path, change: tuple[str, str]) -> None:
    log = SqliteLog(tmp_path / "log.db")
    text = EVERY.replace("window.shift == 'night'", "window.shift == 'day'").replace("!= 'night'", "!= 'day'")
    rows = samples(at("2025-06-02T08:00"), at("2025-06-02T20:30"))
    got = rig(text, log=log).send(frames_of(rows[:120], 9))
    got.checkpoint()
    now = plant(text.replace(*change))

    got.restart(plant=now, operators=operators_for(None, now)).send(frames_of(rows[120:], 9)).finish()

    want = rig(text.replace(*change)).send(frames_of(rows, 9)).finish()
    for window in ("15m", "1h"):
        told_now, told_ever = (one.values("told", OVEN, window) for one in (got, want))
        assert told_now.keys() == told_ever.keys()
        for begin, row in told_ever.items():
            assert {k: v for k, v in told_now[begin].items() if k != "rev"} == pytest.approx(
                {k: v for k, v in row.items() if k != "rev"}, nan_ok=True
            )
    log.close()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("window.hours", "window.hours: expected one of length_s, start_s, hour, weekday, working_share, day_number, cheapest_per_kwh, cheapest_hour, shift, crew, product, did you mean 'hour'?"),
        ("window.shift", 'window.shift: expected it compared with a text, such as window.shift == "a"'),
        ("1 if window.hour == 'a' else 0", "expected numbers"),
        ("window.shift < 'night'", "window.shift: expected it compared"),
        ("window.length_s == 'night'", "expected numbers"),
    ],
)  # fmt: skip
def test_what_no_window_has_is_told_with_the_near_name(value: str, why: str) -> None:
    wrong: list[str] = []
    to_struct(PlantFile, tomllib.loads(HEAD + f'field.y = {{ value = "{value}" }}'), "$", wrong)

    assert len(wrong) == 1 and why in wrong[0], wrong


def test_check_names_shifts_and_crews_that_no_calendar_has() -> None:
    text = CALENDAR + HEAD + "field.y = { value = \"(window.shift == 'nigth') + (window.crew == 'red')\" }"

    found = faults(plant(text), ["telemetry"])

    assert any("expected a shift of the plant file (day, night), did you mean 'night'?" in fault for fault in found)
    assert any("expected a crew of the plant file (no [[calendar]] has any)" in fault for fault in found)


def test_a_metric_across_lines_has_no_product_and_no_formula_has_a_window() -> None:
    across = (
        HEAD.replace("windows", 'asset = "works/hall"\nwindows') + "field.y = { value = \"window.product == 'A'\" }"
    )
    other = across + '\nassets.a = "works/hall/line1/x"\nfield.z = { value = "mean(a.b)" }'

    with pytest.raises(SettingsError, match=r"told reads window.product, which orders of one line tell"):
        operators_for(None, plant(other))
    wrong: list[str] = []
    formula = '[[asset]]\npath = "a/b/c/d"\n[asset.tags.x]\nformula = "y * window.hour"'
    to_struct(PlantFile, tomllib.loads(formula), "$", wrong)
    assert "window.hour: expected tags of the asset by their names alone" in wrong[0]


def test_a_window_beyond_all_calendars_says_nothing() -> None:
    calendar = plant(CALENDAR).calendar(LINE)

    assert isnan(told(calendar, Label("hour"), 2**62 - 1, 2**63 - 1))
    assert isnan(told(calendar, Label("hour"), at("2025-06-02T08:00"), 2**62)) and nan != told(
        calendar, Label("weekday"), 0, 1
    )


def test_a_metric_of_a_file_of_its_own_does_not_read_products() -> None:
    row = ("at", "1", "hour", "window.hour", "own")

    with pytest.raises(ValueError, match=r"input 'at': only a \[\[metric\]\] of the plant file reads window.product"):
        derived(
            name="x",
            meaning="y",
            inputs={"at": "window.product == 'A'"},
            fields=(row,),
            formula=dict,
            windows=("1h",),
            needs=("telemetry",),
        )
