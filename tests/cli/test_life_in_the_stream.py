"""From a plant's log to remaining lives in the stream: a table, two trainings, a promotion, the scores, and `explain` of them."""

import json
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from cli.main import app
from fieldline.frames import event_value
from fieldline.plant import load_plant
from models.registry import Registry
from processing.place import operators_for
from processing.scoring.registry import RegistryModels
from tests.analysis.whole_pipe import Pipe
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frames_of

QUARTER = 900 * SECOND
START = 1_700_000_100_000_000_000 // (900 * SECOND) * 900 * SECOND
LINE = "plant/hall/line1"
PRESS = f"{LINE}/press"
TEXT = """
[[metric]]
kind = "press_life"
asset = "plant/*/*/press"
windows = ["15m"]
field.vib_mm_s = { value = "mean(vib_mm_s)", unit = "mm/s" }
field.growth = { value = "rolling_slope(mean(vib_mm_s), 3) / window.length_s * 3600", unit = "mm/s/h" }
field.grown = { value = "vib_mm_s / baseline(mean(vib_mm_s), 3)", unit = "1" }
field.warm_degc = { value = "ewma(mean(temp_degc), 0.3)", unit = "degC" }

[metric.model]
output.remaining_life_h = { unit = "h", meaning = "until it fails" }
output.remaining_life_low_h = { unit = "h" }
output.remaining_life_high_h = { unit = "h" }
driver = "remaining_life_h"

[[metric]]
kind = "press_wear"
asset = "plant/*/*/press"
windows = ["15m"]
field.vib_mm_s = { value = "mean(vib_mm_s)", unit = "mm/s" }
field.growth = { value = "rolling_slope(mean(vib_mm_s), 3) / window.length_s * 3600", unit = "mm/s/h" }

[metric.model]
output.remaining_life_h = { unit = "h", meaning = "until 4 mm/s" }
output.remaining_life_high_h = { unit = "h" }
driver = "remaining_life_h"
"""
LIVES = 22
OUTPUTS = ("remaining_life_h", "remaining_life_low_h", "remaining_life_high_h")


def event(quarter: float, kind: str, asset: str = PRESS, **said: object) -> Row:
    payload = json.dumps(said, sort_keys=True).encode()
    return Row(asset, f"@{kind}", START + round(quarter * QUARTER), event_value(payload), 0, payload)


def lives() -> list[Row]:
    """Presses' readings of 22 lives of 21 to 28 quarter-hours, in each of which vibration rises from 1 to 5 mm/s as a square of age."""
    random, rows, begin = np.random.default_rng(2), list[Row](), 0
    for _ in range(LIVES):
        length = int(random.integers(21, 29))
        for k in range(length):
            time, worn = START + (begin + k) * QUARTER, (k / length) ** 2
            rows.append(Row(PRESS, "vib_mm_s", time + 10 * SECOND, 1 + 4 * worn + float(random.normal(0, 0.05))))
            rows.append(Row(PRESS, "temp_degc", time + 20 * SECOND, 40 + 9 * worn + float(random.normal(0, 1))))
        rows += [event(begin + length, "failure", mode="bearing"), event(begin + length, "repaired")]
        begin += length
    return rows


class Learned(NamedTuple):
    """The folder's pipe with scores, its registry, the feature table, and all rows that went in."""

    pipe: Pipe
    registry: Path
    table: pl.DataFrame
    rows: list[Row]


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "200"})
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    folder = tmp_path_factory.mktemp("learned")
    (folder / "before").mkdir()
    (folder / "after").mkdir()
    rows, registry, file = lives(), folder / "registry", folder / "press.parquet"
    before = Pipe(folder / "before", TEXT, rows)
    of = ("--plant", before.plant, "--log", before.log, "--from", START // SECOND, "--window", "15m")
    run("metrics", "table", "press_life", file, *of, "--to", (START + 600 * QUARTER) // SECOND)
    keep, quick = ("--registry", registry, "--name"), ("--set", "cap=4", "--set", "iterations=25", "--set", "bags=2")
    run("train", "rul", "--metric", "press_life", *of, *keep, "press_life", *quick)
    wear = (
        "--set",
        "value=vib_mm_s",
        "--set",
        "slope=growth",
        "--set",
        "threshold=4",
        "--set",
        'units=["growth = mm/s/h"]',
    )
    run("train", "trend", "--table", file, *keep, "press_wear", *wear)
    rows = [event(5, "model", LINE, model=name, version=1) for name in ("press_life", "press_wear")] + rows
    return Learned(
        Pipe(folder / "after", TEXT, rows, models=RegistryModels(registry)), registry, pl.read_parquet(file), rows
    )


def live(learned: Learned, rows: list[Row], size: int) -> EngineRig:
    of = load_plant(Path(learned.pipe.plant))
    return (
        EngineRig(of, operators=operators_for(["telemetry"], of, RegistryModels(learned.registry)), windows=("15m",))
        .send(frames_of(rows, size))
        .finish()
    )


@pytest.fixture(scope="module")
def in_order(learned: Learned) -> EngineRig:
    return live(learned, sorted(learned.rows, key=lambda row: row.time), 20)


@pytest.mark.parametrize(("kind", "outputs"), [("press_life", OUTPUTS), ("press_wear", OUTPUTS[::2])])
def test_the_stream_scores_the_rows_that_were_learned_from_bit_for_bit(
    learned: Learned, in_order: EngineRig, kind: str, outputs: tuple[str, ...]
) -> None:
    found = in_order.values(kind, PRESS, "15m")

    model, table = Registry(learned.registry).read(kind, 1), learned.table.sort("time")
    offline = model.score(table.select(one.name for one in model.features).to_numpy())
    wanted = offline[:, [[one.name for one in model.outputs].index(name) for name in outputs]]
    scored = np.array([[row[name] for name in outputs] for _, row in sorted(found.items())])
    assert len(scored) == table.height
    in_force = np.arange(len(scored)) >= 5
    assert scored[in_force].tobytes() == wanted[in_force].tobytes() and np.isnan(scored[~in_force]).all()
    named = {one["driver"] for one in in_order.texts(kind, PRESS, "15m").values() if one.get("driver")}
    assert named and named <= {one.name for one in model.features}
    left, life = table["remaining_life_h"].to_numpy(), scored[:, 0]
    known = np.isfinite(life) & np.isfinite(left)
    assert known.sum() > 400 and np.corrcoef(left[known], life[known])[0, 1] > 0.7
    if kind == "press_life":
        capped = np.minimum(left[known], 4.0)
        inside = (scored[known, 1] <= capped) & (capped <= scored[known, 2])
        assert inside.mean() > 0.8 and (scored[known, 1] <= life[known]).all()


def test_late_readings_and_a_late_promotion_change_nothing_but_the_revisions(learned: Learned) -> None:
    rows = sorted(learned.rows, key=lambda row: row.time)[:120]
    late = [row for k, row in enumerate(rows) if k % 9 == 4 or row.tag == "@model"]
    Random(1).shuffle(late)

    first, second = live(learned, rows, 7), live(learned, [row for row in rows if row not in late] + late, 7)

    assert differences(first.table, second.table) == []
    scored = [row["remaining_life_h"] for row in second.values("press_life", PRESS, "15m").values()]
    assert np.isfinite(scored).sum() > 30


def explained(learned: Learned, kind: str, quarter: int) -> dict[str, Any]:
    at = (START + quarter * QUARTER) // SECOND
    arguments = (
        "explain",
        kind,
        "--asset",
        PRESS,
        "--at",
        at,
        "--window",
        "15m",
        "--registry",
        learned.registry,
        "--json",
    )
    return json.loads(run(*learned.pipe.arguments(*arguments)))


def test_explain_works_lives_and_their_interval_out_again_by_other_code(learned: Learned) -> None:
    told = explained(learned, "press_life", 200)

    fields = {one["field"]: one for one in told["fields"]}
    assert told["verdict"]["agrees"], told["verdict"]
    for name in OUTPUTS:
        assert fields[name]["agrees"] and fields[name]["value"] == pytest.approx(fields[name]["recount"], abs=1e-9)
    assert fields["remaining_life_low_h"]["value"] < fields["remaining_life_high_h"]["value"]
    assert fields["model_version"]["recount"] == 1 and fields["model_version"]["agrees"]
    inputs = told["inputs"]
    digest = Registry(learned.registry).read("press_life", 1).digest
    assert inputs["models"] == [
        {"role": "champion", "model": "press_life", "version": 1, "digest": digest[:12], "why_not": None}
    ]
    assert {one["feature"]: one["value"] for one in inputs["features"]} == {
        name: fields[name]["value"] for name in ("vib_mm_s", "growth", "grown", "warm_degc")
    }
    assert {one["part"] for one in inputs["contributions"]} == {"bag_1", "bag_2"}
    assert explained(learned, "press_wear", 200)["verdict"]["agrees"]


def test_explain_of_a_row_before_the_promotion_says_that_no_version_was_in_force(learned: Learned) -> None:
    told = explained(learned, "press_life", 4)

    assert told["verdict"]["agrees"], told["verdict"]
    assert told["inputs"]["models"][0]["why_not"] == "no version is in force"


def test_explain_without_the_model_s_files_compares_the_rest_and_says_why(learned: Learned, tmp_path: Path) -> None:
    told = explained(learned._replace(registry=tmp_path), "press_life", 200)

    fields = {one["field"]: one for one in told["fields"]}
    assert told["verdict"]["agrees"] and fields["grown"]["agrees"]
    assert fields["remaining_life_h"]["agrees"] is None
    assert "version 1 of model 'press_life': can't be read in" in told["inputs"]["models"][0]["why_not"]
