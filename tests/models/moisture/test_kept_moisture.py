"""A kept model of moisture scores in the stream as offline, and says nothing of frozen soil."""

import json
from pathlib import Path

import numpy as np
import polars as pl

from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from models.history import Note
from models.registry import Registry
from models.table import Table
from models.task import silent
from models.tasks import known
from processing.place import operators_for
from processing.scoring.registry import RegistryModels
from tests.processing.derived.test_plant_metrics import plant
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of

PROBE, START = "plant/hall/line1/press", 1_700_000_100_000_000_000 // (86_400 * SECOND) * 86_400 * SECOND


def documented() -> str:
    """The metric of the page, of the asset that the rig's plant has."""
    page = (Path(__file__).parents[3] / "docs/models.md").read_text("utf-8")
    block = next(one for one in page.split("```toml")[1:] if 'kind = "probe_week"' in one)
    return block.split("```")[0].replace("farm/*/probe*", "plant/*/*/press")


def test_a_kept_model_scores_unfrozen_days_and_names_frost(tmp_path: Path) -> None:
    task, random = known()["moisture"], np.random.default_rng(2)
    frame = pl.DataFrame({"time": np.datetime64("2026-03-01") + np.arange(120), "moisture_pct": random.uniform(10, 30, 120),
                          "soil_temperature_c": random.uniform(2, 20, 120)})  # fmt: skip
    model = task.trained(Table(Path("probe.csv"), frame, ""), task.quick, silent)
    assert model.registered is not None
    Registry(tmp_path / "registry").add(*model.registered("probe_week"), Note("2026-01-01T00:00:00Z", "me"))
    of, payload = plant(documented()), json.dumps({"model": "probe_week", "version": 1}).encode()
    days = np.array([[20.0, 5.0], [30.0, 15.0], [7.0, 0.5]])
    rows = [Row("plant/hall/line1", "@model", START, event_value(payload), 0, payload)]
    for number, row in enumerate(days):
        time = START + (86_400 * number + 40_000) * SECOND
        rows += [
            Row(PROBE, tag, time, one) for tag, one in zip(("moisture_pct", "soil_temperature_c"), row, strict=True)
        ]

    operators = operators_for(["telemetry"], of, RegistryModels(tmp_path / "registry"))
    log = SqliteLog(tmp_path / "log.db")
    try:
        got = EngineRig(of, operators=operators, windows=("day",), log=log)
        got.send(frames_of(rows, 7)).finish()
    finally:
        log.close()

    found = [row["moisture_in_7_days_pct"] for _, row in sorted(got.values("probe_week", PROBE, "day").items())]
    np.testing.assert_allclose(found, model.score(days)[:, 0], rtol=1e-12)
    assert np.isnan(found).tolist() == [False, False, True]
    why = [row.get("null_reason", "") for _, row in sorted(got.texts("probe_week", PROBE, "day").items())]
    assert "mean(soil_temperature_c) > 1 is 0" in why[2]
