"""From a feature table to scores in the stream: a model of failures is trained, kept, put in force, and scores as its estimators do."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fieldline.frames import event_value
from models.history import Note
from models.registry import Registry
from models.task import silent
from models.tasks import known
from processing.place import operators_for
from processing.scoring.registry import RegistryModels
from tests.processing.derived.test_plant_metrics import plant
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of

PRESS, START = "plant/hall/line1/press", 1_700_000_100_000_000_000 // (900 * SECOND) * 900 * SECOND
TEXT = """
[[metric]]
kind = "press_failure"
asset = "plant/*/*/press"
windows = ["1m"]
field.load_kw = { value = "mean(power_kw)", unit = "kW" }
field.temp_degc = { value = "mean(temp_degc)", unit = "degC" }

[metric.model]
output.failure_probability = { unit = "1" }
"""


def table(folder: Path) -> Path:
    rng = np.random.default_rng(4)
    load, temp = rng.uniform(10, 40, 600), rng.uniform(40, 90, 600)
    fails = (load * temp > 2400) ^ (rng.random(600) < 0.02)
    frame = pl.DataFrame({
        "unit": [f"press#{k // 30}" for k in range(600)],
        "time": pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 1, 9, 59), "1m", time_zone="UTC", eager=True),
        "asset": ["press"] * 600,
        "load_kw": load,
        "temp_degc": temp,
        "remaining_life_h": [None] * 599 + [1.0],
        "fails_soon": fails.astype(float),
        "failure_mode": ["heat" if one else None for one in fails],
    })  # fmt: skip
    frame.write_parquet(folder / "press.parquet")
    return folder / "press.parquet"


@pytest.mark.parametrize("pairs", ["yes", "no"])
def test_a_model_learned_from_a_feature_table_scores_in_the_stream_as_its_estimators_do(
    tmp_path: Path, pairs: str
) -> None:
    task = known()["failure"]
    told = {
        "target": "fails_soon",
        "unit": "unit",
        "mode": "failure_mode",
        "without": ["time", "asset"],
        "size": 8,
        "repeats": 1,
        "pairs": pairs,
    }
    trained = task.trained(task.read(table(tmp_path)), task.options_of(told), silent)
    assert trained.registered is not None
    assert (
        Registry(tmp_path / "registry").add(*trained.registered("press_failure"), Note("2026-01-01T00:00:00Z", "me"))
        == 1
    )
    of, payload = plant(TEXT), json.dumps({"model": "press_failure", "version": 1}).encode()
    rows = [Row("plant/hall/line1", "@model", START, event_value(payload), 0, payload)]
    for minute in range(20):
        rows.append(Row(PRESS, "power_kw", START + (60 * minute + 10) * SECOND, 30.0 + 0.5 * minute))
        rows.append(Row(PRESS, "temp_degc", START + (60 * minute + 20) * SECOND, 60.0 + 1.3 * minute))

    got = EngineRig(
        of, operators=operators_for(["telemetry"], of, RegistryModels(tmp_path / "registry")), windows=("1m",)
    )
    found = got.send(frames_of(rows, 7)).finish().values("press_failure", PRESS, "1m")

    scored = np.array([row["failure_probability"] for _, row in sorted(found.items())])
    load, temp = (np.array([row[name] for _, row in sorted(found.items())]) for name in ("load_kw", "temp_degc"))
    paired = [load * temp, load - temp] if pairs == "yes" else []
    wanted = trained.score(np.column_stack([load, temp, *paired]))[:, 0]
    np.testing.assert_allclose(scored, wanted, rtol=0, atol=1e-15)
    assert {row["model_version"] for row in found.values()} == {1.0}
    assert scored.max() > 0.5 > scored.min()


@pytest.mark.parametrize("kinds", [2, 3])
def test_a_model_of_kinds_is_kept_with_a_probability_of_each(tmp_path: Path, kinds: int) -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(240, 3))
    kind = np.array(["A crack", "dent", "stain"])[(rows[:, 0] > 0).astype(int) + (rows[:, 1] > 0.5) * (kinds == 3)]
    frame = pl.DataFrame(dict(zip(("wide_mm", "deep_mm", "hue"), rows.T, strict=True)) | {"kind": kind})
    frame.write_parquet(tmp_path / "plates.parquet")
    task = known()["defect"]

    trained = task.trained(
        task.read(tmp_path / "plates.parquet"), task.options_of({"target": "kind", "size": 6, "repeats": 1}), silent
    )

    assert trained.registered is not None
    registry = Registry(tmp_path / "registry")
    registry.add(*trained.registered("plates"), Note("2026-01-01T00:00:00Z", "me"))
    model = registry.read("plates", 1)
    assert [one.name for one in model.outputs] == ["a_crack_probability", "dent_probability", "stain_probability"][
        :kinds
    ]
    assert [(one.name, one.unit) for one in model.features] == [("wide_mm", "mm"), ("deep_mm", "mm"), ("hue", "1")]
    np.testing.assert_allclose(model.score(rows), trained.score(rows), rtol=0, atol=1e-12)
