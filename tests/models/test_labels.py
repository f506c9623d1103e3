"""Labels of windows, from lives that are written out."""

from math import nan

import numpy as np
import pytest

from analysis.maintenance.lives import Life, Told, lives_of
from models.labels import HOUR_NS, labels_of

PRESS = "plant/hall/line1/press"


def hours(*times: float) -> np.ndarray:
    return np.array([round(time * HOUR_NS) for time in times], np.int64)


def life(number: int, start: float, end: float, mode: str | None = None) -> Life:
    return Life(PRESS, number, round(start * HOUR_NS), round(end * HOUR_NS), mode is not None, mode or "")


def test_lives_go_from_repair_to_repair_and_end_with_the_failure_before_it() -> None:
    told = [
        Told(10 * HOUR_NS, "failure", "bearing"),
        Told(11 * HOUR_NS, "failure", "told twice"),
        Told(12 * HOUR_NS, "repaired", ""),
        Told(15 * HOUR_NS, "confirmed", ""),
        Told(20 * HOUR_NS, "replaced", ""),
    ]

    found = lives_of(PRESS, told, 0, 30 * HOUR_NS)

    assert found == [life(0, 0, 10, "bearing"), life(1, 12, 20), life(2, 20, 30)]


def test_nothing_told_is_one_life_that_goes_on() -> None:
    assert lives_of(PRESS, [], 5, 9) == [Life(PRESS, 0, 5, 9, False, "")]


def test_a_window_knows_how_long_its_asset_lived_on_and_whether_it_failed_soon() -> None:
    ends = hours(1, 6, 8, 10, 11, 13, 24, 27, 30)

    found = labels_of(ends, [life(0, 0, 10, "bearing"), life(1, 12, 30)], 4 * HOUR_NS)

    assert found.life.tolist() == [0, 0, 0, -1, -1, 1, 1, 1, 1]
    assert found.remaining_life_h == pytest.approx([9, 4, 2, nan, nan, nan, nan, nan, nan], nan_ok=True)
    assert found.fails_soon == pytest.approx([0, 1, 1, nan, nan, 0, 0, nan, nan], nan_ok=True)
    assert found.mode == ["", "bearing", "bearing", "", "", "", "", "", ""]
