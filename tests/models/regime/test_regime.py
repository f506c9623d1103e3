"""From a table of settings to a regime in the stream: what is found, what is refused, and norms of each regime, live as offline."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fieldline.errors import SettingsError
from fieldline.frames import event_value
from models.history import Note
from models.registry import Registry
from models.table import Table
from models.task import Held, Trained, silent
from models.tasks import known
from tests.models.kept_in_stream import streamed
from tests.processing.derived.test_plant_metrics import plant
from tests.processing.engine_rig import SECOND, Row

TASK = known()["regime"]
CENTRES = np.array([[600.0, 5.0], [600.0, 12.0], [1500.0, 9.0]])
"""Of the task's sample: speed [rpm] and load [kW]."""
PRESS, START = "plant/hall/line1/press", 1_700_000_100_000_000_000 // (86_400 * SECOND) * 86_400 * SECOND
TEXT = """
[[metric]]
kind = "press_state"
asset = "plant/*/*/press"
windows = ["15m"]
field.speed_rpm = { value = "mean(speed_rpm)", unit = "rpm" }
field.load_kw = { value = "mean(load_kw)", unit = "kW" }
[metric.model]
output.regime = { unit = "1", meaning = "in which way it is run" }

[[metric]]
kind = "press_norm"
asset = "plant/*/*/press"
windows = ["15m"]
field.residual_mm_s = { value = "mean(vib_mm_s) - baseline(mean(vib_mm_s), 3, press_state.regime)", unit = "mm/s" }
"""


def trained(frame: pl.DataFrame | None = None, **told: object) -> Trained:
    table = TASK.sample() if frame is None else Table(Path("rows.csv"), frame, "")
    return TASK.trained(table, TASK.options_of(told), silent)


def test_the_regimes_of_the_sample_are_found_and_numbered_by_speed() -> None:
    model = trained()

    rows = np.array([*CENTRES, [620.0, 11.0], [1400.0, 8.0], [np.nan, 9.0]])
    found = model.score(rows)[:, 0]
    assert model.inputs == ("speed_rpm", "load_kw")  # the third stands still
    np.testing.assert_array_equal(
        found, [0.0, 1.0, 2.0, 1.0, 2.0, np.nan]
    )  # two are of one speed: the load numbers them
    figures = {one.name: one.value for one in TASK.evaluate(model, Held(TASK.sample()), TASK.quick)}
    assert figures["silhouette"] > 0.9 and figures["largest_share"] == pytest.approx(1 / 3)


def test_settings_without_clear_clumps_are_one_regime() -> None:
    noise = pl.DataFrame(np.random.default_rng(1).normal(size=(300, 2)), schema=["speed_rpm", "load_kw"])

    model = trained(noise)

    assert not model.score(noise.to_numpy()).any()
    assert model.card.limits[0].startswith("All rows are one regime: the clearest clustering has the silhouette 0.")
    assert {one.name for one in model.card.figures} == {"largest_share"}


@pytest.mark.parametrize(
    ("column", "told", "why"),
    [
        ([5.0] * 300, {}, "expected settings that move, got 1 constant ones"),
        ([np.inf, *range(299)], {}, "column 'speed' holds an infinite value"),
        ([None] * 250 + [1.0] * 50, {}, "expected at least 100 rows in which no setting is missing, got 50"),
        ([*range(300)], {"settings": ["sped"]}, "no column 'sped'"),
        ([*range(300)], {"most": 9}, "most: expected 2 to 8, got 9"),
    ],
)
def test_what_no_regimes_can_be_found_in_is_refused(column: list[float], told: dict[str, object], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        trained(pl.DataFrame({"speed": column}), **told)


def some_values(count: int) -> np.ndarray:
    """Speed, load and vibration of windows, float64[n, 3]: nine of them go through the regimes; of the 5th and 20th a setting is missing."""
    random, kind = np.random.default_rng(2), np.arange(count) // 3 % 3
    settings = CENTRES[kind] + random.normal(size=(count, 2)) * [10.0, 0.2]
    values = np.column_stack([settings, kind + random.normal(size=count) / 9]).round(4)
    values[[5, 20], [0, 1]] = np.nan
    return values


def in_force() -> Row:
    """The event that puts the model in force for the line."""
    payload = json.dumps({"model": "press_state", "version": 1}).encode()
    return Row("plant/hall/line1", "@model", START, event_value(payload), 0, payload)


def rows_of(values: np.ndarray) -> list[Row]:
    """Readings of speed, load and vibration, a row of values a quarter-hour."""
    tags = ("speed_rpm", "load_kw", "vib_mm_s")
    return [
        Row(PRESS, tag, START + (900 * number + 60) * SECOND, value)
        for number, row in enumerate(values.tolist())
        for tag, value in zip(tags, row, strict=True)
        if value == value
    ]


def test_a_kept_model_tells_regimes_in_the_stream_and_another_metric_has_a_norm_of_each(tmp_path: Path) -> None:
    model = trained()
    assert model.registered is not None
    registry = Registry(tmp_path / "registry")
    registry.add(*model.registered("press_state"), Note("2026-01-01T00:00:00Z", "me"))
    values = some_values(48)
    rows, told = rows_of(values), in_force()
    late = [told, *rows[2::7]]
    of = plant(TEXT)
    got = streamed(of, tmp_path, rows, late)

    states, norms = (got.values(kind, PRESS, "15m") for kind in ("press_state", "press_norm"))
    regime = np.array([row["regime"] for _, row in sorted(states.items())])
    offline = registry.read("press_state", 1).score(np.ascontiguousarray(values[:, :2]))[:, 0]
    assert regime.tobytes() == offline.tobytes() == model.score(values[:, :2])[:, 0].tobytes()
    assert np.isnan(regime).tolist() == [k in (5, 20) for k in range(48)]
    first: dict[float, list[float]] = {}
    for time, row in sorted(norms.items()):
        number = (time - START) // (900 * SECOND)
        vibration = values[number, 2]
        norm = first.setdefault(regime[number], [])
        norm.append(vibration)
        has_norm = not np.isnan(regime[number]) and len(norm) >= 3
        want = vibration - sum(norm[:3]) / 3 if has_norm else np.nan
        assert row["residual_mm_s"] == pytest.approx(want, rel=1e-12, abs=1e-12, nan_ok=True)
    said = got.texts("press_norm", PRESS, "15m")[START + 5 * 900 * SECOND]
    assert said["null_reason"] == "residual_mm_s: no press_state.regime"
