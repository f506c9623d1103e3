"""Values as columns against a limit: as high as they are, as wide as there is room, and what is not known is no column."""

import pytest

from cli.report import View
from cli.report.skyline import Standing, skyline
from fieldline.moments import Moment
from tests.cli.report.test_drawings import drawn

HOUR = 3_600_000_000_000
BEGIN = 490_000 * HOUR


def columns(values: list[float | None], limit: float | None = None, width: int = 80, **how: str) -> list[str]:
    """The lines below the title: twelve rows from the highest to the lowest, then times."""
    standing = [Standing(Moment(BEGIN + k * HOUR), value) for k, value in enumerate(values)]
    return drawn(skyline(standing, limit, View(width)), width, **how)[1:]


def test_a_column_is_as_high_as_its_value() -> None:
    rows = columns([120.0, 60.0, 0.0, None])[:12]

    heights = [sum(row[at] == "█" for row in rows) for at in (4, 8, 12, 16)]
    assert heights == [12, 6, 0, 0]
    assert rows[0].startswith("120 ") and rows[-1][16:] == "····"


def test_the_limit_goes_across_where_no_column_reaches_it() -> None:
    rows = columns([120.0, 60.0], 90.0)

    (limit,) = [row for row in rows if row.startswith(" 90 ")]
    assert limit == " 90 ███╌╌╌╌╌"


def test_where_there_is_no_room_a_column_is_the_highest_of_several() -> None:
    values: list[float | None] = [1.0] * 96
    values[50] = 100.0

    rows = columns(values, width=40)

    assert max(map(len, rows)) <= 40 and rows[-1].strip() == "a column is the highest of 3"
    assert rows[0].index("█") == 4 + 50 // 3 and sum(row.count("█") for row in rows) == 12


@pytest.mark.parametrize("limit", [None, 0.0, 500.0])
def test_plain_terminals_get_plain_signs(limit: float | None) -> None:
    rows = columns([120.0, None, 3.0], limit, encoding="ascii")

    assert all(row.isascii() for row in rows) and rows[11][4:7] == rows[11][12:15] == "###"


def test_nothing_to_draw_is_said() -> None:
    assert columns([], 90.0) == ["no interval of it is over"]
