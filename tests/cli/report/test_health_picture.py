"""Health as columns: as high as it is, the advice below it, and what is not known is no column."""

import pytest

from cli.report import View
from cli.report.health import health
from fieldline.moments import Moment
from tests.cli.report.test_drawings import drawn

QUARTER = 900_000_000_000
BEGIN = 1_960_000 * QUARTER  # 16:00 UTC

ROWS = [
    {"time": Moment(BEGIN + k * QUARTER), "health": value, "weakest_channel": "of_bearing", "advised_action": action,
     "expected_cost": 1200.0 + k, "waiting_cost": 3000.0 + k}
    for k, (value, action) in enumerate([
        (None, None), (1.0, "wait"), (0.5, "inspect bearing"), (0.0, "replace bearing"), (0.25, "replace bearing"), (1.0, "wait")
    ])
]  # fmt: skip


def test_a_column_is_as_high_as_health_is_and_has_its_advice_below() -> None:
    title, *rows = drawn(health(ROWS, View(is_utc=True), "press"), 80)

    assert title == "press"
    heights = [sum(row[at] == "█" for row in rows[:8]) for at in (2, 4, 6, 8, 10, 12)]
    assert heights == [0, 8, 4, 0, 2, 8]
    assert rows[7] == "0 ··████▁▁████"
    assert rows[8:] == [
        "      I R R",
        "  16:00  17:15",
        "least health 0.00 at 16:45, by of_bearing",
        "I inspect bearing, first at 16:30: expected cost 1,202, of waiting 3,002",
        "R replace bearing, first at 16:45: expected cost 1,203, of waiting 3,003",
    ]


@pytest.mark.parametrize("width", [9, 40])
def test_narrow_and_plain_terminals_have_the_newest_in_plain_signs(width: int) -> None:
    rows = drawn(health(ROWS, View(width, is_utc=True)), width, encoding="ascii")

    assert all(row.isascii() for row in rows) and rows[1].endswith("#")


def test_an_asset_that_nothing_is_known_of_has_no_picture() -> None:
    assert drawn(health(ROWS[:1], View()), 80)[1:] == ["its health is not known"]
