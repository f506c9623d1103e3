"""Functions that remember in `[[metric]]`: figures by the twins, in any order of arrival, through crashes and changes of the plant file."""

import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.errors import SettingsError
from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.derived.plant_faults import faults
from processing.place import operators_for
from tests.processing.derived.test_plant_metrics import plant, rig
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz
from tests.twins import charts, drift

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
HOUR0 = 1_700_000_040_000_000_000 // HOUR * HOUR + HOUR
PRESS, OVEN, SAW = "p/h/line1/press", "p/h/line1/oven", "p/h/line2/saw"
HEAD = '[[metric]]\nkind = "watch"\nwindows = ["15m", "1h"]\n'
EVERY = (
    HEAD
    + """
field.before = { value = "previous(mean(a_bar))", unit = "bar" }
field.step = { value = "mean(a_bar) - previous(mean(a_bar))", unit = "bar" }
field.smooth = { value = "ewma(mean(a_bar), 0.25)", unit = "bar" }
field.of_step = { value = "ewma(step, 0.5, 0) if mean(a_bar) > 2 else -ewma(step, 0.5, 0)", unit = "bar" }
field.high = { value = "cusum_high(mean(a_bar), 6, 0.5)", unit = "bar" }
field.low = { value = "cusum_low(smooth, 6, 0.5, 1)", unit = "bar" }
field.newest = { value = "rolling_mean(mean(a_bar), 3)", unit = "bar" }
field.span = { value = "rolling_max(max(a_bar), 4) - rolling_min(min(a_bar), 4)", unit = "bar" }
field.sum = { value = "rolling_sum(count(a_bar), 2)" }
field.spread = { value = "rolling_deviation(mean(a_bar), 4)", unit = "bar" }
field.slope = { value = "rolling_slope(mean(a_bar), 4)", unit = "bar" }
field.ratio = { value = "mean(a_bar) / baseline(mean(a_bar), 2)", unit = "1" }
field.off = { value = "mean(a_bar) - baseline(mean(a_bar), 2, floor(max(a_bar) / 4))", unit = "bar" }
field.age_h = { value = "maintenance.age_s / 3600" }
field.turned = { value = "page_hinkley(mean(a_bar), 0.1, 3, 1, 4)", unit = "1" }
field.changed = { value = "adwin(mean(a_bar) / 10, 0.5)", unit = "1" }
field.worse = { value = "ddm(count(b_bar), count(a_bar), 0.5, 1, 2)", unit = "1" }
field.of_line = { value = "previous(max(line.level_m))" }
"""
)


def at(quarter: float, value: float, asset: str = PRESS, tag: str = "a_bar") -> Row:
    return Row(asset, tag, HOUR0 + round(quarter * 15 * MINUTE), value)


def repaired(time: int, asset: str = PRESS, said: dict[str, object] | None = None) -> Row:
    payload = json.dumps(said or {}).encode()
    return Row(asset, "@repaired", time, event_value(payload), 0, payload)


def field(got: EngineRig, name: str, asset: str = PRESS, window: str = "15m") -> list[float]:
    return [row[name] for _, row in sorted(got.values("watch", asset, window).items())]


def some_rows(random: Random, count: int) -> list[Row]:
    rows, time = dict[tuple[str, str, int], Row](), HOUR0
    for _ in range(count):
        time += round(random.choice([1, 60, 400, 900, 1800, 3600]) * SECOND)
        asset = random.choice([PRESS, PRESS, OVEN, SAW, "p/h/line1"])
        tag = "level_m" if asset == "p/h/line1" else random.choice(["a_bar", "a_bar", "b_bar"])
        if random.random() < 0.15:
            rows[asset, "@repaired", time] = repaired(time, asset, random.choice([{}, {}, {"phase": "void"}]))
        value = random.choice([1.0, 2.0, 5.0, 7.0, 100.0])
        rows[asset, tag, time] = Row(asset, tag, time, value, random.choice([0, 0, 0, 2]))
    return list(rows.values())


@given(data=st.data())
@fuzz(6)
def test_windows_in_any_order_with_any_crash_give_what_windows_in_order_give(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = some_rows(Random(data.draw(st.integers(0, 2**32 - 1))), data.draw(st.integers(2, 30)))
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = rig(EVERY).send([frame_of([row]) for row in rows]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        got = rig(EVERY, log=log, node_cache=data.draw(st.sampled_from([0, 1 << 30])), row_cache=1)
        arrival.play(got)
    finally:
        log.close()

    assert differences(want.table, got.table)[:3] == []


def test_each_function_is_its_twin() -> None:
    random = Random(5)
    values = [random.gauss(6.0, 1.0) + 3.0 * (k > 40) for k in range(80)]
    got = rig(EVERY).send(frames_of([at(k + 0.5, value) for k, value in enumerate(values)], 20)).finish()

    nan = math.nan
    steps = [nan, *(b - a for a, b in zip(values, values[1:], strict=False))]
    smooth = charts.ewma(values[1:], values[0], 0.25)
    for name, want in {
        "before": [nan, *values[:-1]],
        "step": steps,
        "smooth": [values[0], *smooth],
        "of_step": [sign * one for sign, one in zip([1 if v > 2 else -1 for v in values], charts.ewma(steps, 0.0, 0.5), strict=True)],
        "high": charts.cusum(values, 6.0, 0.5, 0.0)[0],
        "low": charts.cusum([values[0], *smooth], 6.0, 0.5, 1.0)[1],
        "newest": [nan, nan, *(sum(values[k - 2 : k + 1]) / 3 for k in range(2, 80))],
        "span": [nan] * 3 + [max(values[k - 3 : k + 1]) - min(values[k - 3 : k + 1]) for k in range(3, 80)],
        "sum": [nan, *[2.0] * 79],
        "spread": [nan] * 3 + [np.std(values[k - 3 : k + 1], ddof=1) for k in range(3, 80)],
        "slope": [nan] * 3 + [np.polyfit(range(4), values[k - 3 : k + 1], 1)[0] for k in range(3, 80)],
        "ratio": [nan, *(v / ((values[0] + values[1]) / 2) for v in values[1:])],
        "turned": drift.page_hinkley(values, 0.1, 3.0, 1.0, 4),
        "changed": drift.adwin([value / 10 for value in values], 0.5, 1, 5, 10)[0],
    }.items():  # fmt: skip
        assert field(got, name) == pytest.approx(want, rel=1e-9, abs=1e-9, nan_ok=True), name
    assert {1.0, 0.0} <= set(field(got, "turned")) and 1.0 in field(got, "changed")


def test_a_baseline_is_that_of_the_first_windows_after_a_repair_whenever_it_is_told() -> None:
    text = (
        HEAD
        + 'field.base = { value = "baseline(mean(a_bar), 2)" }\nfield.age_h = { value = "maintenance.age_s / 3600" }\n'
    )
    rows = [at(k, float(k)) for k in range(12)]
    told = [repaired(HOUR0 + 5 * 15 * MINUTE - 40 * SECOND), repaired(HOUR0 + 9 * 15 * MINUTE, OVEN)]

    early = rig(text).send(frames_of(sorted([*rows, *told], key=lambda row: row.time), 3)).finish()
    late = rig(text).send(frames_of([*rows, *told], 1)).finish()

    assert field(early, "base") == pytest.approx([math.nan] + [0.5] * 4 + [math.nan] + [5.5] * 6, nan_ok=True)
    ages = [math.nan] * 5 + [(15 * k + 40 / 60) / 60 for k in range(7)]
    assert field(early, "age_h") == pytest.approx(ages, nan_ok=True, rel=1e-6)
    assert differences(early.table, late.table) == []
    said = early.texts("watch", PRESS, "15m")
    assert said[HOUR0]["null_reason"] == "base: no baseline(mean(a_bar), 2); age_h: no maintenance.age_s"


REGIMES = (
    HEAD
    + """
field.speed = { value = "max(b_bar)" }
field.base = { value = "baseline(mean(a_bar), 2, speed)", unit = "bar" }
field.off = { value = "mean(a_bar) - baseline(mean(a_bar), 3, floor(max(b_bar) / 2 + 1))", unit = "bar" }
"""
)


def first_mean(values: list[float], regimes: list[float], lives: list[int], n: int) -> list[float]:
    """Of each window the mean of the first n values of its life and regime, by going through all of them each time."""
    found = []
    for k, here in enumerate(zip(regimes, lives, strict=True)):
        alike = [values[j] for j in range(k + 1) if (regimes[j], lives[j]) == here and not math.isnan(values[j])]
        is_known = here[0] in range(8) and not math.isnan(values[k]) and len(alike) >= n
        found.append(math.fsum(alike[:n]) / n if is_known else math.nan)
    return found


@given(data=st.data())
@fuzz(6)
def test_a_baseline_of_each_regime_is_its_twin_in_any_order_with_any_crash(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(data.draw(st.integers(0, 2**32 - 1)))
    values = [random.choice([math.nan, 1.0, 2.5, 4.0, 7.25]) for _ in range(40)]
    regimes = [random.choice([0.0, 0.0, 1.0, 7.0, 0.5, -1.0, 8.0, 9e9, math.nan]) for _ in range(40)]
    repairs = sorted(random.sample(range(1, 40), 3))
    rows = [at(k, each, PRESS, tag) for tag, column in (("a_bar", values), ("b_bar", regimes)) for k, each in enumerate(column) if not math.isnan(each)]  # fmt: skip
    rows += [at(k, 1.0, tag="c_bar") for k in range(40)] + [
        repaired(HOUR0 + 15 * k * MINUTE - 40 * SECOND) for k in repairs
    ]
    arrival: Arrival = data.draw(arrivals(sorted(rows, key=lambda row: row.time), crashes=True))
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        got = rig(REGIMES + 'field.all = { value = "count(c_bar)" }', log=log, row_cache=1)
        arrival.play(got)
    finally:
        log.close()

    lives = [sum(k >= one for one in repairs) for k in range(40)]
    bins = [math.floor(one / 2 + 1) if not math.isnan(one) else one for one in regimes]
    off = [a - b for a, b in zip(values, first_mean(values, bins, lives, 3), strict=True)]
    assert field(got, "base") == pytest.approx(first_mean(values, regimes, lives, 2), rel=1e-12, nan_ok=True)
    assert field(got, "off") == pytest.approx(off, rel=1e-12, abs=1e-12, nan_ok=True)


def test_a_window_of_an_unknown_regime_has_no_baseline_and_says_why() -> None:
    rows = [at(k, 1.0) for k in range(5)] + [at(k, each, tag="b_bar") for k, each in enumerate([0.0, 8.0, 0.5, 0.0])]

    got = rig(REGIMES).send(frames_of(sorted(rows, key=lambda row: row.time), 3)).finish()

    said = got.texts("watch", PRESS, "15m")
    assert [said[HOUR0 + k * 15 * MINUTE].get("null_reason", "").partition("; ")[0] for k in range(5)] == [
        "base: no baseline(mean(a_bar), 2, speed)",
        "base: speed is no whole number from 0 to 7",
        "base: speed is no whole number from 0 to 7",
        "",
        "speed: no max(b_bar)",
    ]


def test_a_window_without_the_argument_leaves_the_state_as_it_is_and_says_why() -> None:
    text = HEAD + 'field.y = { value = "ewma(mean(a_bar), 0.5)" }\nfield.z = { value = "mean(b_bar)" }\n'
    rows = [at(0, 8.0), at(1, 1.0, tag="b_bar"), at(2, 4.0), at(3, 9.0, OVEN)]

    got = rig(text).send(frames_of(rows, 1)).finish()

    assert field(got, "y") == pytest.approx([8.0, math.nan, 6.0], nan_ok=True)
    said = got.texts("watch", PRESS, "15m")
    assert said[HOUR0 + 15 * MINUTE]["null_reason"] == "y: no mean(a_bar)"
    assert field(got, "y", OVEN) == [9.0]


def test_what_has_nothing_before_it_says_so() -> None:
    text = HEAD + 'field.y = { value = "mean(a_bar) - previous(mean(a_bar))" }\n'

    got = rig(text).send(frames_of([at(0, 8.0), at(1, 4.0)], 1)).finish()

    assert field(got, "y") == pytest.approx([math.nan, -4.0], nan_ok=True)
    assert got.texts("watch", PRESS, "15m")[HOUR0]["null_reason"] == "y: no previous(mean(a_bar))"


LATER = EVERY.split("field.", 1)[0].replace('"watch"\n', '"watch"\nsince = 2023-11-15T04:00:00Z\n')
SINCE = 1_700_020_800_000_000_000
Y = 'field.y = { value = "ewma(mean(a_bar), 0.5)" }\n'


def test_a_definition_begins_with_its_first_window_and_leaves_the_one_before_it_as_it_is() -> None:
    first = (SINCE - HOUR0) // (15 * MINUTE)
    values = [float(k % 5) for k in range(first + 6)]
    rows = [at(k, value) for k, value in enumerate(values)]

    got = rig(HEAD + Y + LATER + Y.replace("0.5", "0.25")).send(frames_of(rows, 7)).finish()

    assert field(got, "y")[:first] == pytest.approx([values[0], *charts.ewma(values[1:first], values[0], 0.5)])
    assert field(got, "y")[first:] == pytest.approx([values[first], *charts.ewma(values[first + 1 :], values[first], 0.25)])  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


@pytest.mark.parametrize(
    "other",
    [
        HEAD + Y.replace("0.5", "0.25"),
        HEAD + Y.replace("ewma(mean(a_bar), 0.5)", "rolling_mean(mean(a_bar), 2)"),
        HEAD.replace('"watch"', '"watch"\nasset = "p/h/line1/o*"') + Y,
        HEAD + Y + LATER + Y.replace("0.5", "0.25"),
        HEAD + 'field.y = { value = "mean(a_bar)" }\n',
    ],
    ids=["another number", "another function", "other assets", "one more entry", "no memory"],
)
def test_a_definition_that_changes_comes_to_what_it_would_always_have_been(log: SqliteLog, other: str) -> None:
    rows = [at(k / 2, float(k % 7), asset) for k in range(40) for asset in (PRESS, OVEN)]
    got = rig(HEAD + Y, log=log).send(frames_of(rows[:60], 9))
    got.checkpoint()
    now = plant(other)

    got.restart(plant=now, operators=operators_for(None, now)).send(frames_of(rows[60:], 9)).finish()

    want = rig(other).send(frames_of(rows, 9)).finish()
    stands = {key: row for key, row in got.table.items() if "retracted" not in row}
    assert differences(want.table, stands)[:3] == []


def test_another_entry_or_field_leaves_what_is_remembered_though_its_readings_are_gone(log: SqliteLog) -> None:
    rows = [at(k, 100.0 if k == 0 else 1.0) for k in range(60)]
    frames = frames_of(rows, 5)
    got = rig(HEAD + Y, log=log).send(frames[:8]).finish()
    got.checkpoint()
    before = field(got, "y")
    more = 'field.z = { value = "previous(max(a_bar))" }\n'
    after_all = LATER.replace("2023-11-15", "2023-11-17")
    both = plant(HEAD + Y + "field.x = { value = '2 * y' }\n" + after_all + Y + more)

    got.prune(6).restart(plant=both, operators=operators_for(None, both)).send(frames[8:]).finish()

    # 99 above the others in the first window, and half of that in each one after
    assert field(got, "y")[: len(before)] == before
    assert field(got, "y")[30:50] == pytest.approx([1.0 + 99.0 * 0.5**k for k in range(30, 50)], rel=1e-12)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + 'field.y = { value = "ewma(mean(a_bar))" }', "expected ewma(x, smoothing[, start]), got 1 arguments"),
        (HEAD + 'field.y = { value = "ewma(mean(a_bar), 2)" }', "smoothing: expected a number above 0, up to 1, got 2"),
        (HEAD + 'field.y = { value = "ewma(mean(a_bar), x)" }', "as it stands, got 'x'"),
        (HEAD + 'field.y = { value = "baseline(mean(a_bar), 2, 1, 2)" }', "expected baseline(x, windows[, regime]), got 4 arguments"),
        (HEAD + 'field.y = { value = "rolling_mean(mean(a_bar), 101)" }', "windows: expected a whole number"),
        (HEAD.replace('"15m", "1h"', '"1m", "shift", "1h"') + Y, "windows: field.y remembers, by ewma(mean(a_bar), 0.5): expected windows that follow one another, 15m, 1h, day, week, month, got '1m', 'shift'"),
        ('[[metric]]\nkind = "watch"\n' + Y, "got '1m'"),
        ('[[asset]]\npath = "p/h/l/x"\n[asset.tags.b]\nformula = "ewma(a, 0.5)"', "remembers from window to window"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_function_is_told_with_its_place(text: str, why: str) -> None:
    wrong: list[str] = []
    to_struct(PlantFile, tomllib.loads(text), "$", wrong)

    assert len(wrong) == 1 and why in wrong[0], wrong


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ('field.y = { value = "ewma(mean(a_bar), 0.5)", unit = "kW" }', "its value is in bar"),
        ('field.y = { value = "adwin(mean(a_bar))", unit = "bar" }', "its value is in 1"),
        ('field.y = { value = "previous(mean(a_bar)) + mean(a_kw)" }', "expected one unit on both sides"),
        (
            "".join(f'field.y{k} = {{ value = "adwin(mean(a{k}))" }}\n' for k in range(4)),
            "watch remembers 540 numbers of an asset: expected at most 512",
        ),
    ],
)
def test_what_does_not_fit_is_told(fields: str, why: str) -> None:
    found = faults(plant(HEAD + fields), ["telemetry"])

    assert len(found) == 1 and why in found[0], found


def test_two_that_are_written_alike_are_one() -> None:
    from processing.derived.calls import calls_of, words_of

    entry = plant(HEAD + Y + 'field.z = { value = "y - ewma( mean(a_bar),0.5)" }').metrics[0]
    found = calls_of({name: entry.field[name].tree for name in entry.ordered})

    assert [str(one) for one in found] == ["ewma(mean(a_bar), 0.5)"]
    assert words_of(found) == 2


def test_a_start_without_the_operators_names_what_is_wrong() -> None:
    with pytest.raises(SettingsError, match="watch needs the operator 'telemetry'"):
        operators_for(["energy"], plant(HEAD + Y))
