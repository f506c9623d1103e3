"""The terminal's pictures: they fit where they are shown, add up, and say what is not there."""

import re
from io import StringIO
from typing import Any

import pytest
from rich.console import Console, RenderableType

from analysis.overview.pareto import shares
from cli.report import View
from cli.report.bars import duration, pareto, per_unit, waterfall
from cli.report.chart import chart
from fieldline.moments import Moment

LOSSES = {
    "calendar_time_s": 28_800.0,
    "unscheduled_time_s": 0.0,
    "planned_stop_time_s": 1_800.0,
    "unqualified_time_s": 0.0,
    "setup_loss_s": 3_600.0,
    "down_time_loss_s": 1_800.0,
    "delay_loss_s": 0.0,
    "minor_stop_loss_s": 600.0,
    "speed_loss_s": 2_400.0,
    "quality_loss_s": 600.0,
    "fully_productive_time_s": 18_000.0,
}
VIEW = View()
OEE = {"availability": 0.8, "performance": 0.8611, "oee": 2 / 3}


def drawn(picture: RenderableType, width: int = 80, encoding: str = "utf-8") -> list[str]:
    class Sheet(StringIO):
        @property
        def encoding(self) -> str:  # type: ignore[override]
            return encoding

    sheet = Sheet()
    Console(file=sheet, width=width, color_system=None).print(picture)
    return sheet.getvalue().splitlines()


def points(count: int, **more: Any) -> list[dict[str, Any]]:
    """A minute each; every tenth raises an alarm."""
    return [
        {
            "time": Moment(k * 60_000_000_000),
            "mean": 5.0 + (2.0 if k % 10 == 9 else 0.0),
            "center": 5.0,
            "lcl": 4.0,
            "ucl": 6.0,
        }
        | {"alarm": float(k % 10 == 9), "rules": float(k % 10 == 9), "rule_names": "nelson1" if k % 10 == 9 else None}
        | more
        for k in range(count)
    ]


def test_a_waterfall_goes_from_calendar_time_to_fully_productive_time() -> None:
    lines = drawn(waterfall(LOSSES, OEE, "press, early"))

    assert lines[0] == "press, early"
    assert [re.split(" (?= |█)", line)[0] for line in lines[1:]] == [
        "calendar time",
        "- planned stops",
        "planned busy",
        "- changeovers",
        "- breakdowns",
        "running",
        "- microstops",
        "- slow cycles",
        "- scrap",
        "fully productive",
    ]
    assert "8 h 00 min" in lines[1] and "5 h 00 min" in lines[-1]
    assert "availability 80.0 %" in lines[3] and "OEE 66.7 %" in lines[-1]


def test_a_performance_above_one_is_a_gain_in_the_waterfall() -> None:
    row = LOSSES | {"speed_loss_s": -1_200.0, "fully_productive_time_s": 21_600.0}

    lines = drawn(waterfall(row))

    (speed,) = [line for line in lines if "slow cycles" in line]
    assert "-20 min 00 s" in speed and "-4.2 %" in speed
    assert "6 h 00 min" in lines[-1]


def test_without_an_ideal_cycle_the_waterfall_ends_with_production() -> None:
    row = {**LOSSES, "speed_loss_s": None, "quality_loss_s": None, "fully_productive_time_s": None}

    lines = drawn(waterfall(row), width=100)

    assert lines[-1].startswith("production") and "no ideal cycle or count" in lines[-1]


def test_a_waterfall_that_ends_with_production_says_why_as_its_row_does() -> None:
    unknown = dict.fromkeys(("speed_loss_s", "quality_loss_s", "fully_productive_time_s"))
    row: dict[str, Any] = {**LOSSES, **unknown, "null_reason": "no count"}

    lines = drawn(waterfall(row), width=100)

    assert lines[-1].rstrip().endswith("no count") and "ideal cycle" not in lines[-1]


def test_where_good_pieces_alone_are_counted_the_waterfall_goes_on_to_their_time() -> None:
    row = {
        **LOSSES,
        "speed_loss_s": None,
        "quality_loss_s": None,
        "null_reason": "only one of good, scrap and total counted",
    }

    lines = drawn(waterfall(row, OEE), width=80)

    for line, name in zip(
        lines[-4:], ("production ", "- slow, scrap ", "fully productive ", "production: "), strict=True
    ):
        assert line.startswith(name)
    assert "50 min 00 s" in lines[-3] and "5 h 00 min" in lines[-2] and "66.7 %" in lines[-2]
    assert lines[-1] == "production: only one of good, scrap and total counted"
    assert all(len(line) <= 80 for line in lines)


LONG = "2 of 3 machines of the line count no pieces; declare the pacemaker or the output of the line in its [[line]] entry of the plant file"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_reason_that_does_not_fit_stands_below_whole_and_takes_no_column_away(width: int) -> None:
    unknown: dict[str, Any] = dict.fromkeys(("speed_loss_s", "quality_loss_s", "fully_productive_time_s"))
    times = [Moment(hour * 3600 * 10**9) for hour in (6, 7, 8)]
    rows = [{"time": time, "order_id": "17", "good_count": 0.0, "null_reason": LONG} for time in times]

    waterfalls = drawn(waterfall(LOSSES | unknown | {"null_reason": LONG}), width)
    units = drawn(per_unit(rows, VIEW, "energy"), width)

    for lines, of in ((waterfalls, "production"), (units, "06:00, 07:00, 08:00")):
        assert all(len(line) <= width for line in lines)
        assert f"{of}: {LONG}" in " ".join(" ".join(lines).split())
        assert width < 80 or sum("see below" in line for line in lines) == of.count(",") + 1
    assert width < 80 or "100.0 %" in waterfalls[0]
    assert width < 80 or "product" in units[1]


def test_a_cause_in_many_words_is_folded_and_not_cut() -> None:
    cause = "waiting for the crane since the other hall has it until the end of its shift"

    lines = drawn(pareto(shares({cause: 900.0, "tool_break": 120.0}), "stops", "s"))

    assert all(len(line) <= 80 for line in lines)
    words = [line[:40].strip() for line in lines[2:]]
    assert cause in " ".join(words)
    assert "15 min 00 s" in lines[2] and "100.0 %" in lines[-1]


def test_a_pareto_is_sorted_and_cumulated() -> None:
    lines = drawn(pareto(shares({"burr": 3, "crack": 6, "none": 0, "tool_break": 1}), "rejects", "pieces"))

    assert [line.split()[0] for line in lines[2:]] == ["crack", "burr", "tool"]
    assert re.search(r"60\.0 % +60\.0 %", lines[2]) and re.search(r"10\.0 % +100\.0 %", lines[4])
    assert lines[2].count("█") > lines[3].count("█") > lines[4].count("█") > 0


def test_a_pareto_of_nothing_says_so() -> None:
    assert "none" in drawn(pareto(shares({}), "stops", "s"))[2]


def test_energy_per_unit_names_order_or_shift_and_says_why_it_is_missing() -> None:
    rows = [
        {
            "time": Moment(6 * 3600 * 10**9),
            "order_id": "17",
            "product": "A",
            "good_count": 200.0,
            "active_energy_kwh": 50.0,
        }
        | {"energy_per_good_unit_kwh": 0.25},
        {
            "time": Moment(7 * 3600 * 10**9),
            "order_id": "18",
            "product": "B",
            "good_count": 0.0,
            "active_energy_kwh": 5.0,
        }
        | {"energy_per_good_unit_kwh": None, "null_reason": "no good pieces"},
    ]

    lines = drawn(per_unit(rows, VIEW, "energy"))

    assert "06:00" in lines[2] and "17" in lines[2] and "0.2500" in lines[2]
    assert "no good pieces" in lines[3] and "█" not in lines[3]


def test_a_chart_marks_alarms_and_counts_them() -> None:
    lines = drawn(chart(points(40), VIEW, "temperature"))

    body = lines[1:14]
    assert sum(line.count("✖") for line in body) == 4
    assert sum(line.count("•") for line in body) == 36
    assert sum(1 for line in body if "╌" in line) == 2
    assert "00:00" in lines[14] and "00:39" in lines[14]
    assert lines[15] == "40 points, 4 against a rule (nelson1)"


def test_a_chart_tells_alarms_of_a_rule_from_those_of_a_memory() -> None:
    lines = drawn(chart(points(20, alarm=1.0), VIEW), width=120)

    assert sum(line.count("▲") for line in lines) == 18
    assert sum(line.count("✖") for line in lines) == 2
    assert "18 more where EWMA or CUSUM is beyond its limits" in lines[-1]


def test_a_chart_without_limits_draws_its_points() -> None:
    lines = drawn(chart(points(5, center=None, lcl=None, ucl=None, alarm=None, rules=None), VIEW))

    assert sum(line.count("•") for line in lines) == 5
    assert not any("╌" in line for line in lines)


def test_a_chart_of_no_points_says_so() -> None:
    assert "no points" in drawn(chart([], VIEW, "temperature"))


def test_a_chart_too_low_is_refused() -> None:
    with pytest.raises(ValueError, match="height of 5 rows"):
        chart(points(3), VIEW, height=2)


@pytest.mark.parametrize("width", [20, 33, 60, 100, 200])
def test_every_picture_fits_its_width(width: int) -> None:
    pictures = [
        waterfall(LOSSES, OEE),
        pareto(shares({"material_jam": 900.0, "tool_break": 120.0}), "stops", "s"),
        per_unit([{"time": Moment(0), "order_id": "1", "good_count": 3.0, "energy_per_good_unit_kwh": 1.5}], VIEW),
        chart(points(300), VIEW),
    ]

    for picture in pictures:
        assert all(len(line) <= width for line in drawn(picture, width))


def test_a_terminal_without_block_characters_gets_plain_signs() -> None:
    lines = drawn(pareto(shares({"burr": 3.0}), "rejects", "pieces"), encoding="ascii")
    curve = drawn(chart(points(20), VIEW), encoding="ascii")

    assert "#" in lines[2]
    assert any("X" in line for line in curve) and any("o" in line for line in curve)
    assert all(line.isascii() for line in [*lines, *curve, *drawn(waterfall(LOSSES, OEE), encoding="ascii")])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12.04, "12.0 s"),
        (200.0, "3 min 20 s"),
        (3_720.0, "1 h 02 min"),
        (-90.0, "-1 min 30 s"),
        (3_599.9, "60 min 00 s"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
