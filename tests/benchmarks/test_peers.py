"""The bench `peers`: which windows of a peer are called wrong."""

from typing import Any

import pytest

from benchmarks.peers.clocked import METERS, START_MS, Windows, asset, powers, trapezoid
from benchmarks.peers.compare import expected, wrong_windows

READINGS = 90_000
"""A minute and a half of 1,000 meters."""


def by_a_loop() -> list[dict[str, Any]]:
    """The windows of a plain loop over the readings."""
    windows, last = Windows(), {}
    values: dict[tuple[str, int], list[float]] = {}
    kwh: dict[tuple[str, int], float] = {}
    for number, kw in enumerate(powers(READINGS)):
        second, meter = divmod(number, METERS)
        ts_ms = START_MS + second * 1000 + meter
        place = asset(meter), ts_ms // 60_000
        added, last[meter] = trapezoid(last.get(meter), ts_ms, kw)
        values.setdefault(place, []).append(kw)
        kwh[place] = kwh.get(place, 0.0) + added
    for (name, minute), own in values.items():
        statistics = {"count": len(own), "mean": sum(own) / len(own), "low": min(own), "high": max(own)}
        windows.put({"asset": name, "minute": minute, **statistics})
        windows.put({"asset": name, "minute": minute, "kwh": kwh[name, minute]})
    return list(windows.rows.values())


ROWS = by_a_loop()


@pytest.mark.parametrize("work", ["w1", "w2", "both"])
def test_the_windows_of_a_plain_loop_are_right(work: str) -> None:
    assert wrong_windows(ROWS, READINGS, work) == []


def test_every_reading_is_expected_in_one_window() -> None:
    assert expected(READINGS)["count"].sum() == READINGS


@pytest.mark.parametrize(
    ("field", "change"), [("count", 1), ("mean", 1e-6), ("low", -0.1), ("high", 0.1), ("kwh", 1e-6)]
)
def test_one_changed_field_is_one_wrong_window(field: str, change: float) -> None:
    changed = [{**ROWS[0], field: ROWS[0][field] + change}, *ROWS[1:]]

    assert len(wrong_windows(changed, READINGS, "both")) == 1


def test_a_missing_window_is_wrong_unless_it_is_the_newest_of_its_asset() -> None:
    newest = max(row["minute"] for row in ROWS)

    assert wrong_windows([row for row in ROWS if row["minute"] < newest], READINGS, "both") == []
    assert len(wrong_windows(ROWS[1:], READINGS, "w1")) == 4  # each of its fields


def test_a_window_that_cannot_be_is_wrong() -> None:
    odd = [{**ROWS[0], "minute": ROWS[0]["minute"] - 1}, {**ROWS[0], "asset": "plant/area/line0/m77"}]

    assert len(wrong_windows([*ROWS, *odd], READINGS, "both")) == 2
