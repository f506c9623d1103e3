"""Statistics in numbers that can be checked by hand."""

import pytest

from processing.kernels.telemetry import held
from tests.processing.engine_rig import SECOND, EngineRig, Row, frame_of

OVEN = "plant/hall/line1/oven"
MINUTE_NS = 1_700_000_040 * SECOND


def telemetry(window: str, *samples: tuple[float, float]) -> list[dict[str, float]]:
    rows = [Row(OVEN, "temp_c", MINUTE_NS + round(second * SECOND), value) for second, value in samples]
    rig = EngineRig().send([frame_of(rows)]).finish()
    return [row for _, row in sorted(rig.values("telemetry", OVEN, window, "temp_c").items())]


@pytest.mark.parametrize(
    ("t0", "since", "until", "seconds"),
    [
        (0, 0, 60, 60),
        (0, 30, 60, 30),
        (0, 0, 600, 300),
        (0, 290, 600, 10),
        (0, 300, 600, 0),
        (50, 0, 60, 10),
        (70, 0, 60, 0),
    ],
)
def test_a_sample_holds_to_the_next_and_no_longer_than_its_gap(t0: int, since: int, until: int, seconds: int) -> None:
    assert held(t0 * SECOND, since * SECOND, until * SECOND, 300 * SECOND) == pytest.approx(seconds)


def test_count_extremes_means_and_last_of_a_minute() -> None:
    row = telemetry("1m", (0, 10.0), (15, 30.0), (45, 20.0))[0]

    # 10 for 15 s, 30 for 30 s, 20 for 15 s
    assert row == pytest.approx(
        {"count": 3, "min": 10, "max": 30, "mean": 20, "time_weighted_mean": 22.5, "last": 20, "coverage": 1}
    )


def test_a_sample_before_the_window_carries_into_it() -> None:
    second = telemetry("1m", (30, 4.0), (90, 8.0))[1]

    assert (second["time_weighted_mean"], second["coverage"]) == pytest.approx((6.0, 1.0))


def test_a_window_without_a_sample_has_no_row() -> None:
    assert len(telemetry("1m", (0, 1.0), (250, 2.0))) == 2


def test_what_nothing_holds_is_not_covered() -> None:
    quarter = telemetry("15m", (240, 5.0))[0]  # the quarter-hour began 240 s before the minute

    assert quarter["coverage"] == pytest.approx(300 / 900)
    assert quarter["time_weighted_mean"] == 5.0


def test_seconds_stand_by_themselves() -> None:
    rows = telemetry("1s", (0, 1.0), (0.25, 3.0), (1.5, 5.0))

    assert [row["count"] for row in rows] == [2, 1]
    assert rows[0]["time_weighted_mean"] == pytest.approx(0.25 * 1 + 0.75 * 3)
    assert rows[1]["time_weighted_mean"] == pytest.approx(0.5 * 3 + 0.5 * 5)
