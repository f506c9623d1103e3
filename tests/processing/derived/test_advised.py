"""Health by the weakest channel, and what costs least to do about it, worked out by hand; late readings and the plant file's slips."""

import tomllib
from math import nan

import pytest

from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.derived.plant_faults import faults
from tests.processing.derived.test_plant_metrics import plant, rig
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frames_of

PRESS = "plant/hall/line1/press"
START = 1_700_000_100_000_000_000 // (900 * SECOND) * 900 * SECOND
TEXT = """
[[metric]]
kind = "press_health"
asset = "plant/*/*/press"
windows = ["1m"]
field.of_vibration = { value = "1 - mean(vibration_mm_s) / 10", unit = "1" }
field.of_warmth = { value = "(100 - mean(temp_degc)) / 50", unit = "1" }
field.risk = { value = "(1 - of_vibration) ** 2", unit = "1" }

[metric.health]
channels = ["of_vibration", "of_warmth"]
weights = [3, 1]

[metric.advice]
probability = "risk"
failure_cost = 10000

[[metric.advice.action]]
name = "lubricate"
cost = 100
removes = 0.4

[[metric.advice.action]]
name = "replace bearing"
cost = 1500
"""


def at(minute: int, tag: str, value: float) -> Row:
    return Row(PRESS, tag, START + minute * 60 * SECOND, value)


ROWS = [
    at(0, "vibration_mm_s", 0.5), at(0, "temp_degc", 60.0),
    at(1, "vibration_mm_s", 2.0), at(1, "temp_degc", 95.0),
    at(2, "vibration_mm_s", 6.0), at(2, "temp_degc", 30.0),
    at(3, "temp_degc", 75.0),
]  # fmt: skip


def told(got: EngineRig, *fields: str) -> list[tuple[float | str, ...]]:
    rows, texts = got.values("press_health", PRESS, "1m"), got.texts("press_health", PRESS, "1m")
    return [
        tuple(texts[start].get(one, "") if one not in rows[start] else rows[start][one] for one in fields)
        for start in sorted(rows)
    ]


def test_health_is_that_of_the_weakest_channel_which_is_named() -> None:
    got = rig(TEXT).send(frames_of(ROWS, 2)).finish()

    found = told(got, "health", "weighted_health", "weakest_channel")

    # Channels: 0.95 and 0.8; 0.8 and 0.1; 0.4 and 1.4, which is cut to 1; none and 0.5.
    want = [
        (0.8, (3 * 0.95 + 0.8) / 4, "of_warmth"),
        (0.1, (3 * 0.8 + 0.1) / 4, "of_warmth"),
        (0.4, (3 * 0.4 + 1) / 4, "of_vibration"),
        (0.5, nan, "of_warmth"),
    ]
    for row, (health, together, channel) in zip(found, want, strict=True):
        assert row[:2] == pytest.approx((health, together), nan_ok=True)
        assert row[2] == channel


def test_the_action_of_least_expected_cost_is_advised() -> None:
    got = rig(TEXT).send(frames_of(ROWS, 2)).finish()

    # Risks 0.0025, 0.04, 0.36: waiting 25, 400, 3600; lubricating 100 + 60 % of these; replacing 1500.
    assert told(got, "advised_action", "expected_cost", "waiting_cost")[:3] == [
        ("wait", pytest.approx(25), pytest.approx(25)),
        ("lubricate", pytest.approx(340), pytest.approx(400)),
        ("replace bearing", pytest.approx(1500), pytest.approx(3600)),
    ]
    last = told(got, "advised_action", "expected_cost", "null_reason")[3]
    assert last[0] == "" and last[1] != last[1]
    assert "expected_cost: no risk" in str(last[2])


def test_a_late_reading_changes_the_advice_as_if_it_had_come_in_time() -> None:
    late = [*ROWS[:2], *ROWS[3:], ROWS[2]]

    got = rig(TEXT).send(frames_of(late, 1)).finish()

    assert differences(rig(TEXT).send(frames_of(ROWS, 1)).finish().table, got.table) == []


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ('channels = ["of_vibration"', 'channels = ["of_vibraton"', "health.channels: 'of_vibraton' is no field of this metric, did you mean 'of_vibration'?"),
        ("weights = [3, 1]", "weights = [3]", "weights: expected one for each of 2 channels, got 1"),
        ("weights = [3, 1]", "weights = [0, 0]", "weights: expected numbers from 0 on, not all 0"),
        ('probability = "risk"', 'probability = "rsk"', "advice.probability: 'rsk' is no field or output of this metric, did you mean 'risk'?"),
        ("field.risk", "field.health", "health.health: is a field already"),
        ('name = "lubricate"', 'name = "wait"', "'wait' is what is done without one"),
        ('name = "lubricate"', 'name = "replace bearing"', "'replace bearing' is declared twice"),
        ("removes = 0.4", "removes = 1.4", "removes"),
    ],
)  # fmt: skip
def test_a_slip_in_the_plant_file_is_named(was: str, now: str, says: str) -> None:
    wrong: list[str] = []

    to_struct(PlantFile, tomllib.loads(TEXT.replace(was, now)), "$", wrong)

    assert any(says in one for one in wrong), wrong


def test_health_of_assets_of_several_lines_is_refused() -> None:
    text = TEXT.replace("windows =", 'assets.oven = "plant/hall/line2/oven"\nwindows =')

    assert any(
        "has a model, health or advice, which are of assets of one line" in one
        for one in faults(plant(text), ["telemetry"])
    )
