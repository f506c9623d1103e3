"""The demo's parts: when its plant's day begins, what its view gathers, and how figures are compared with the truth."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from cli.demo.plant import first_moment
from cli.demo.report import newest_window
from cli.demo.state import DemoState
from cli.demo.truth import Comparison
from cli.demo.view import picture
from fieldline.clock import ManualClock
from fieldline.frames import encode_metrics
from fieldline.log import Stream
from tests.analysis.written_log import WrittenLog

LINE = "plant/hall1/line1"
HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
MIDNIGHT_NS = 1_768_003_200_000_000_000  # 2026-01-10


@pytest.fixture
def written(tmp_path: Path) -> Iterator[WrittenLog]:
    log = WrittenLog(tmp_path / "demo.db")
    yield log
    log.log.close()


def put(written: WrittenLog, kind: str, asset: str, window: str, times: list[int], **named: Any) -> None:
    """One row at each time; numbers are fields, texts are labels."""
    zeros = np.zeros(len(times), np.int32)
    fields = {name: np.array(v, np.float64) for name, v in named.items() if isinstance(v, list)}
    labels = {name: (zeros, [v]) for name, v in named.items() if isinstance(v, str)}
    frame = encode_metrics(
        kind, np.array(times, np.int64), (zeros, [asset]), None, (zeros, [window]), fields, labels=labels
    )
    written.log.append(Stream.METRICS, 0, b"", frame, {"kind": kind.encode(), "epoch": b"1"}).result(10.0)


def state_of(written: WrittenLog) -> DemoState:
    state = DemoState(written.log, lambda asset: "/".join(asset.split("/")[:3]), [], ManualClock())
    state.refresh()
    return state


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (MIDNIGHT_NS + 15 * HOUR_NS, MIDNIGHT_NS + 11 * HOUR_NS // 2),
        (MIDNIGHT_NS + 14 * HOUR_NS, MIDNIGHT_NS - DAY_NS + 11 * HOUR_NS // 2),
    ],
)
def test_the_plants_day_begins_at_half_past_five_and_lies_in_the_past(now: int, first: int) -> None:
    assert first_moment(now, 9 * HOUR_NS) == first


def test_the_view_shows_the_oee_of_the_last_whole_hour(written: WrittenLog) -> None:
    hours = [MIDNIGHT_NS + n * HOUR_NS for n in (6, 7, 8)]
    put(written, "oee", LINE, "1h", hours, oee=[0.7, 0.6, 0.1])
    put(written, "oee", f"{LINE}/press", "1h", hours, oee=[0.9, 0.9, 0.9])
    put(written, "energy", f"{LINE}/press", "1m", [hours[2] + HOUR_NS // 2], peak_demand_kw=[42.0])

    (line,) = state_of(written).lines()

    assert line.line == LINE and line.power_kw == 42.0
    assert line.oee == 0.6  # the hour from eight on is not over


def test_the_view_shows_what_the_newest_order_takes(written: WrittenLog) -> None:
    put(written, "energy", f"{LINE}/press", "1m", [MIDNIGHT_NS + HOUR_NS], peak_demand_kw=[42.0])
    put(written, "production_order", LINE, "order", [MIDNIGHT_NS], energy_per_good_unit_kwh=[0.5], product="A")
    put(written, "production_order", LINE, "order", [MIDNIGHT_NS + 1], energy_per_good_unit_kwh=[0.4], product="B")
    put(written, "production_order", LINE, "shift", [MIDNIGHT_NS + 2], energy_per_good_unit_kwh=[0.1])

    state = state_of(written)

    (line,) = state.lines()
    assert (line.product, line.kwh_per_good) == ("B", 0.4)
    sheet = StringIO()
    Console(file=sheet, width=80).print(picture(state, "test"))
    (row,) = [line for line in sheet.getvalue().splitlines() if LINE in line]
    assert "0.400" in row and "42.0" in row and len(row) == 80


def test_the_view_shows_a_fields_newest_day_that_is_over(written: WrittenLog) -> None:
    field, days = "farm/savanna/estate/bananas", [MIDNIGHT_NS - DAY_NS, MIDNIGHT_NS]
    put(written, "energy", f"{LINE}/press", "1m", [MIDNIGHT_NS + HOUR_NS], peak_demand_kw=[42.0])
    numbers = {"depletion_mm": [38.2, 3.0], "readily_available_mm": [42.0, 70.0], "crop_et_mm": [6.1, 0.4]}
    advice = "irrigate now: the crop is short of water"
    put(written, "soil_water", field, "day", days, **numbers, irrigation_mm=[0.0, 0.0], advice=advice)

    sheet = StringIO()
    Console(file=sheet, width=80).print(picture(state_of(written), "test"))

    (row,) = [line for line in sheet.getvalue().splitlines() if field in line]
    assert row.split()[2:] == ["6.1", "0.0", "38.2", "42.0", "irrigate", "now", "│"] and len(row) == 80


def test_figures_agree_when_they_are_equal_to_a_billionth() -> None:
    assert Comparison("kWh", 2_000.0, 2_000.000001).agrees
    assert not Comparison("kWh", 2_000.0, 2_000.00001).agrees
    assert Comparison("share", 0.0, 1e-10).agrees


def test_a_figure_that_does_not_exist_agrees_only_with_none_of_a_row_that_is_there() -> None:
    assert Comparison("mtbf", None, None).agrees
    assert not Comparison("mtbf", None, None, is_there=False).agrees
    assert not Comparison("mtbf", None, 0.0).agrees
    assert not Comparison("mtbf", 3.0, None).agrees


def test_the_newest_whole_shift_is_shown_else_the_newest_hour() -> None:
    row = {"asset": LINE, "end_ns": 2, "figures": {}}
    hours = [row | {"window": "1h", "start_ns": n} for n in (1, 3, 2)]
    shift = row | {"window": "shift", "start_ns": 0, "shift": "early"}

    found = newest_window({"figures": [*hours, shift]}, LINE)
    without = newest_window({"figures": hours}, LINE)

    assert found is not None and (found.window, found.name) == ("shift", "early")
    assert without is not None and (without.window, without.start_ns) == ("1h", 3)
    assert newest_window({"figures": []}, LINE) is None
