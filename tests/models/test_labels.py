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


WORDS = [
    ([("confirmed", 15, "bearing")], [0, 1, 1, 1, 1, 1], ["", "bearing", "bearing", "bearing", "bearing", "bearing"]),
    ([("false_alarm", 19, "bearing")], [0, 0, 0, 0, 0, nan], [""] * 6),
    ([("confirmed", 15, "bearing"), ("false_alarm", 17, "")], [0, 1, 0, 0, 0, nan], ["", "bearing", "", "", "", ""]),
    (
        [("false_alarm", 15, ""), ("confirmed", 19, "gear")],
        [0, 0, 1, 1, 1, 1],
        ["", "", "gear", "gear", "gear", "gear"],
    ),
    ([("confirmed", 25, "of the next life")], [0, 0, 0, 0, nan, nan], [""] * 6),
]


@pytest.mark.parametrize(("told", "soon", "mode"), WORDS)
def test_of_a_repair_in_time_people_s_word_is_the_label(
    told: list[tuple[str, float, str]], soon: list[float], mode: list[str]
) -> None:
    """A life that a repair ended after 20 hours; soon is four hours."""
    words = [Told(round(time * HOUR_NS), kind, said) for kind, time, said in told]

    found = labels_of(hours(10, 11, 15, 16, 17, 19.5), [life(0, 0, 20)], 4 * HOUR_NS, words)

    assert found.fails_soon == pytest.approx(soon, nan_ok=True) and found.mode == mode
    assert np.isnan(found.remaining_life_h).all()  # it was not seen to fail: its life is longer than that


@pytest.mark.parametrize("kind", ["confirmed", "false_alarm"])
def test_of_a_failure_what_happened_is_the_label(kind: str) -> None:
    failed = [life(0, 0, 20, "bearing")]
    ends = hours(10, 12, 15, 17, 19)

    found = labels_of(ends, failed, 4 * HOUR_NS, [Told(14 * HOUR_NS, kind, "gear")])

    assert found.fails_soon.tolist() == [0, 0, 0, 1, 1] and found.mode == ["", "", "", "bearing", "bearing"]
