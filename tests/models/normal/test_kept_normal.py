"""From a table of normal work to an anomaly in the stream: the model is trained, kept, put in force, and scores bit for bit as offline."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fieldline.errors import SettingsError
from fieldline.frames import event_value
from models.history import Note
from models.registry import Registry
from models.task import silent
from models.tasks import known
from tests.models.kept_in_stream import streamed
from tests.processing.derived.test_plant_metrics import plant
from tests.processing.engine_rig import SECOND, Row

PRESS, START = "plant/hall/line1/press", 1_700_000_100_000_000_000 // (86_400 * SECOND) * 86_400 * SECOND
TAGS = ("power_kw", "temp_degc", "flow_m3_h")
TEXT = """
[[metric]]
kind = "press_normal"
asset = "plant/*/*/press"
windows = ["15m"]
field.load_kw = { value = "mean(power_kw)", unit = "kW" }
field.warm = { value = "mean(temp_degc)", unit = "degC" }
field.flow_m3_h = { value = "mean(flow_m3_h)", unit = "m3/h" }
BEFORE
[metric.model]
output.anomaly_ratio = { unit = "1", meaning = "the larger of T² and Q by its limit" }
output.t2 = { unit = "1" }
driver = "anomaly_ratio"
"""
BEFORE = """
field.load_kw_1_before = { value = "previous(load_kw)", unit = "kW" }
field.warm_1_before = { value = "previous(warm)", unit = "degC" }
field.flow_m3_h_1_before = { value = "previous(flow_m3_h)", unit = "m3/h" }
"""


def driven(rows: int, seed: int) -> np.ndarray:
    """Load, warmth and flow that one slow movement drives."""
    random, state = np.random.default_rng(seed), 0.0
    found = np.empty((rows, 3))
    for row in found:
        state = 0.8 * state + random.normal()
        row[:] = (
            np.array([25.0, 60.0, 5.0]) + np.array([3.0, 2.0, -0.5]) * state + random.normal(size=3) * [0.3, 0.2, 0.05]
        )
    return found.round(3)


def table(folder: Path) -> Path:
    """Two lives of a press, whose last twenty rows each are far from normal, as `fieldline metrics table` writes them."""
    values = driven(400, 1)
    soon = (np.arange(400) % 200) >= 180
    values[soon] += [20.0, 0.0, 0.0]
    frame = pl.DataFrame({
        "unit": [f"press#{k // 200}" for k in range(400)],
        "time": pl.datetime_range(pl.datetime(2026, 1, 1), interval="15m", end=pl.datetime(2026, 1, 5, 3, 45), time_zone="UTC", eager=True),
        "asset": ["press"] * 400,
        **dict(zip(("load_kw", "warm", "flow_m3_h"), values.T, strict=True)),
        "remaining_life_h": [None] * 400,
        "fails_soon": soon.astype(float),
        "failure_mode": ["heat" if one else None for one in soon],
    }, schema_overrides={"remaining_life_h": pl.Float64})  # fmt: skip
    frame.write_parquet(folder / "press.parquet")
    return folder / "press.parquet"


@pytest.mark.parametrize(("kind", "lags"), [("pca", 1), ("cva", 1), ("cva", 2)])
def test_a_kept_model_of_normal_work_scores_in_the_stream_what_it_scores_offline(
    tmp_path: Path, kind: str, lags: int
) -> None:
    task = known()["anomaly"]
    told = {"kind": kind, "lags": lags, "states": 2, "units": ["warm = degC"]}
    trained = task.trained(task.read(table(tmp_path)), task.options_of(told), silent)
    assert trained.registered is not None
    registry = Registry(tmp_path / "registry")
    registry.add(*trained.registered("press_normal"), Note("2026-01-01T00:00:00Z", "me"))
    of, payload = (
        plant(TEXT.replace("BEFORE", BEFORE if lags == 2 else "")),
        json.dumps({"model": "press_normal", "version": 1}).encode(),
    )
    values = driven(40, 2)
    values[30:, 2] += 3.0  # more flow than the load lets expect
    rows = [Row("plant/hall/line1", "@model", START, event_value(payload), 0, payload)]
    for number, row in enumerate(values):
        time = START + (900 * number + 60) * SECOND
        rows += [Row(PRESS, tag, time, value) for tag, value in zip(TAGS, row.tolist(), strict=True)]
    late = [row for k, row in enumerate(rows) if k % 5 == 4]

    got = streamed(of, tmp_path, rows, late)

    found, texts = (
        dict(sorted(each.items()))
        for each in (got.values("press_normal", PRESS, "15m"), got.texts("press_normal", PRESS, "15m"))
    )
    features = values if lags == 1 else np.concatenate([values, np.r_[np.full((1, 3), np.nan), values[:-1]]], axis=1)
    scored, offline = (
        np.array([row["anomaly_ratio"] for row in found.values()]),
        registry.read("press_normal", 1).score(features),
    )
    np.testing.assert_array_equal(scored, offline[:, 2])
    np.testing.assert_array_equal([row["t2"] for row in found.values()], offline[:, 0])
    np.testing.assert_allclose(trained.score(features), offline, rtol=1e-9)
    assert np.nanmean(scored[:30] > 1) < 0.2 and (scored[30:] > 1).all()
    assert {text["driver"].removesuffix("_1_before") for text in [*texts.values()][31:]} == {"flow_m3_h"}


def test_a_unit_of_a_channel_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    task = known()["anomaly"]

    with pytest.raises(
        SettingsError, match="units: expected FEATURE = UNIT, of load_kw, warm, flow_m3_h, got 'heat = K'"
    ):
        task.trained(task.read(table(tmp_path)), task.options_of({"lags": 1, "units": ["heat = K"]}), silent)
