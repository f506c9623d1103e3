"""What availability, performance and quality each did to OEE, and when that can't be told."""

from typing import Any

import pytest

from analysis.overview.asked import Asked
from analysis.overview.oee_change import oee_change
from fieldline.plant import Plant

HOUR = 3_600_000_000_000
BEGIN = 480_000 * HOUR  # in 2024
PRESS = "plant/hall1/line1/press"


class Stored:
    """Rows of two hours of one machine, as a store has them."""

    def __init__(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        self._hours = [before, now]

    def rows(
        self, kind: str, asset: str, window: str, start: int, stop: int, *, is_below: bool = False
    ) -> list[dict[str, Any]]:
        del is_below
        assert asset == PRESS
        if window != "1h":
            return []
        rows = [
            {"time": BEGIN + hour * HOUR, "asset": asset, "window": "1h", **figures}
            for hour, figures in enumerate(self._hours)
        ]
        del kind
        return [row for row in rows if start <= row["time"] < stop]


def ratios(availability: float | None, performance: float | None, quality: float | None, **more: Any) -> dict[str, Any]:
    factors = (availability, performance, quality)
    oee = None if None in factors else availability * performance * quality  # type: ignore[operator]
    return {"availability": availability, "performance": performance, "quality": quality, "oee": oee, **more}


def changed(before: dict[str, Any], now: dict[str, Any]) -> Any:
    return oee_change(Asked(Plant(), Stored(before, now), PRESS, "1h", BEGIN + HOUR), BEGIN)  # type: ignore[arg-type]


def test_one_factor_that_changed_has_the_whole_change() -> None:
    found = changed(ratios(0.9, 0.8, 1.0), ratios(0.45, 0.8, 1.0))

    assert found.parts == pytest.approx({"availability": -0.36, "performance": 0.0, "quality": 0.0})


def test_factors_that_move_against_each_other_have_parts_of_both_signs() -> None:
    found = changed(ratios(0.5, 0.8, 0.9), ratios(0.8, 0.5, 0.9))

    assert found.parts["availability"] == pytest.approx(-found.parts["performance"])
    assert found.parts["availability"] > 0.1


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (
            ratios(0.5, None, 0.9, null_reason="no ideal cycle"),
            ratios(0.5, 0.8, 0.9),
            "before: performance is unknown, no ideal cycle",
        ),
        (ratios(0.5, 0.8, 0.9), ratios(0.5, 0.8, None), "now: quality is unknown"),
        (ratios(0.0, 0.8, 0.9), ratios(0.5, 0.8, 0.9), "before: availability is 0, of which no share can be told"),
        (ratios(0.5, 0.8, 0.9) | {"oee": 0.4}, ratios(0.5, 0.8, 0.9), "before: OEE is not the product of its factors"),
    ],
)
def test_where_oee_is_no_product_of_known_factors_no_part_is_told_and_why(
    before: dict[str, Any], now: dict[str, Any], why: str
) -> None:
    found = changed(before, now)

    assert (found.parts, found.null_reason) == (None, why)
