"""Drift in the stream: PSI from first principles, Page-Hinkley of a score, right in any order of arrival, after crashes, by version."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from models.draft import Draft, PartDraft
from models.evaluation.drift import reference_of
from models.flatten.linear import flat_linear
from models.model_writer import write_model
from processing.derived.plant_faults import faults
from processing.place import operators_for
from processing.scoring.document import Column
from processing.scoring.reference import Reference
from processing.scoring.registry import RegistryModels
from tests.processing.derived.test_plant_metrics import plant
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz

WINDOW = 900 * SECOND
START = 1_700_000_100_000_000_000 // (86_400 * SECOND) * 86_400 * SECOND
LINE = "plant/hall/line1"
PRESS, OVEN = f"{LINE}/press", f"{LINE}/oven"
SPAN = 20
TEXT = f"""
[[metric]]
kind = "health"
asset = "plant/*/*/*"
windows = ["15m"]
field.load_kw = {{ value = "mean(power_kw)", unit = "kW" }}
field.warm_degc = {{ value = "ewma(mean(temp_degc), 0.5)", unit = "degC" }}

[metric.model]
output.risk = {{ unit = "1" }}
driver = "risk"
drift = {{ score = "risk", windows = {SPAN} }}
"""
TRAINED = np.random.default_rng(1).normal([25.0, 60.0], [3.0, 2.0], size=(400, 2))
TRAINED[::25, 0] = np.nan
WEIGHTS = np.array([[0.02, 0.01], [-0.01, 0.03]])
"""Of two versions; the second is of rows that were 8 kW higher."""


def references(number: int) -> dict[str, Reference]:
    columns = (TRAINED + [8.0 * number, 0.0]).T
    return {name: reference_of(column) for name, column in zip(("load_kw", "warm_degc"), columns, strict=True)}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    rows = TRAINED[~np.isnan(TRAINED).any(axis=1)][:20]
    for number, weights in enumerate(WEIGHTS):
        estimator = Ridge(0.0).fit(rows, rows @ weights)
        draft = Draft(
            name="health",
            task="failure",
            features=(Column("load_kw", "kW"), Column("warm_degc", "degC")),
            outputs=(Column("risk", "1"),),
            parts=(PartDraft("linear", flat_linear(estimator), ("load_kw", "warm_degc"), ("risk",)),),
            golden_rows=rows,
            golden_scores=estimator.predict(rows)[:, None],
            card={"reference": msgspec.to_builtins(references(number))},
        )
        write_model(draft, folder / "health" / str(number + 1))
    return folder


def rig(registry: Path, text: str = TEXT, **options: object) -> EngineRig:
    of = plant(text)
    operators = operators_for(["telemetry"], of, RegistryModels(registry))
    return EngineRig(of, operators=operators, windows=("15m",), **options)  # type: ignore[arg-type]


def promoted(window: float, version: int, recorded: float | None = None) -> Row:
    """In force from a window on; recorded : the window in which it is told, if that is another."""
    said = {"model": "health", "version": version, "from": (START + round(window * WINDOW)) / SECOND}
    payload = json.dumps(said).encode()
    time = START + round((window if recorded is None else recorded) * WINDOW)
    return Row(LINE, "@model", time, event_value(payload), 0, payload)


def readings(count: int, asset: str = PRESS, shift: int = 10_000) -> list[Row]:
    """Like those of training, but 9 kW higher from window `shift` on; every seventh window has no power."""
    drawn, found = np.random.default_rng(count).normal([25.0, 60.0], [3.0, 2.0], size=(count, 2)), []
    for number, (power, temp) in enumerate(drawn):
        time = START + number * WINDOW + 60 * SECOND
        if number % 7:
            found.append(Row(asset, "power_kw", time, round(power + 9.0 * (number >= shift), 3)))
        found.append(Row(asset, "temp_degc", time + SECOND, round(temp, 3)))
    return found


def in_order(*rows: Row) -> list[Row]:
    return sorted(rows, key=lambda row: row.time)


def rows_of(got: EngineRig, asset: str = PRESS) -> list[dict[str, float]]:
    return [row for _, row in sorted(got.values("health", asset, "15m").items())]


def index(reference: Reference, values: np.ndarray, weights: np.ndarray) -> float:
    """PSI of weighed values, written out."""
    bins = np.where(np.isnan(values), len(reference.shares), np.searchsorted(reference.edges, values))
    now = np.array([weights[bins == k].sum() for k in range(len(reference.shares) + 1)]) / weights.sum()
    then = np.array([*(share * (1 - reference.missing) for share in reference.shares), reference.missing])
    now, then = np.maximum(now, 1e-4), np.maximum(then, 1e-4)
    return float(np.sum((now - then) * np.log(now / then)))


def test_psi_is_that_of_the_version_s_windows_which_fade_and_names_the_feature(registry: Path) -> None:
    rows = in_order(*readings(70, shift=40), promoted(0, 1), promoted(50, 2))

    got = rig(registry).send(frames_of(rows, 9)).finish()

    found, texts = rows_of(got), [text for _, text in sorted(got.texts("health", PRESS, "15m").items())]
    assert len(found) == 70
    for number, row in enumerate(found):
        version, first = (1, 0) if number < 50 else (2, 50)
        assert row["model_version"] == version
        behind = found[first : number + 1]
        if len(behind) < SPAN:
            assert np.isnan(row["drift_psi"]) and "drift_feature" not in texts[number]
            assert f"drift_psi: fewer than {SPAN} windows of the version" in texts[number]["null_reason"]
            continue
        weights = (1 - 1 / SPAN) ** np.arange(len(behind) - 1, -1, -1.0)
        want = {
            name: index(one, np.array([each[name] for each in behind]), weights)
            for name, one in references(version - 1).items()
        }
        assert row["drift_psi"] == pytest.approx(max(want.values()), rel=1e-9)
        assert texts[number]["drift_feature"] == max(want, key=lambda name: want[name])
    assert texts[39]["drift_feature"] == "warm_degc"  # smoothed, it swings less than in training


def test_the_level_of_the_score_rises_with_the_shift_and_not_before(registry: Path) -> None:
    rows = in_order(*readings(120, shift=70), promoted(0, 1))

    got = rig(registry).send(frames_of(rows, 9)).finish()

    verdicts = np.array([row["score_drift"] for row in rows_of(got)])
    risen = np.flatnonzero(verdicts == 1)
    assert np.isnan(verdicts[:SPAN]).all() and not (verdicts == -1).any()
    assert len(risen) and 70 < risen[0] < 90
    scores = np.array([row["risk"] for row in rows_of(got)])
    np.testing.assert_array_equal(
        np.isnan(verdicts[SPAN + 4 :]), np.isnan(scores[SPAN + 4 :])
    )  # 3 of the first have none


def test_the_driver_is_the_feature_that_is_farthest_from_usual_by_its_weight(registry: Path) -> None:
    got = rig(registry).send(frames_of(in_order(*readings(30, shift=15), promoted(0, 1)), 9)).finish()

    reference = references(0)
    for row, (_, text) in zip(rows_of(got), sorted(got.texts("health", PRESS, "15m").items()), strict=True):
        if np.isnan(row["load_kw"]):
            assert np.isnan(row["driver_share"]) and "driver" not in text
            continue
        usual = {name: one.edges[len(one.edges) // 2] for name, one in reference.items()}
        parts = {name: abs(weight * (row[name] - usual[name])) for name, weight in zip(usual, WEIGHTS[0], strict=True)}
        assert text["driver"] == max(parts, key=lambda name: parts[name])
        assert row["driver_share"] == pytest.approx(max(parts.values()) / sum(parts.values()), rel=1e-6)


def test_a_promotion_that_is_dated_back_begins_counting_anew_from_then_on(registry: Path) -> None:
    rows = readings(60)
    got = rig(registry).send(frames_of(in_order(*rows, promoted(0, 1)), 9))
    got.wait(3600, turns=3)

    got.send([frame_of([promoted(30, 2, recorded=59.5)])]).finish()

    want = rig(registry).send(frames_of(in_order(*rows, promoted(0, 1), promoted(30, 2)), 9)).finish()
    assert np.isnan([row["drift_psi"] for row in rows_of(got)][30 : 30 + SPAN - 1]).all()
    assert not np.isnan([row["drift_psi"] for row in rows_of(got)][30 + SPAN - 1])
    assert differences(want.table, got.table) == []


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


@given(data=st.data())
@fuzz(6)
def test_any_order_with_any_crash_gives_what_order_gives(
    data: st.DataObject, registry: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(data.draw(st.integers(0, 2**32 - 1)))
    rows = random.sample(readings(32, shift=20) + readings(30, OVEN), data.draw(st.integers(60, 100)))
    rows += [promoted(0, 1), *(promoted(random.randrange(30) + k / 7, random.choice([1, 2])) for k in range(2))]
    want = rig(registry).send([frame_of(in_order(*rows))]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    try:
        got = rig(registry, log=log, node_cache=data.draw(st.sampled_from([0, 1 << 30])), row_cache=1)
        arrival.play(got)
    finally:
        log.close()

    assert differences(want.table, got.table)[:3] == []


def test_a_card_without_distributions_says_so(registry: Path, tmp_path: Path) -> None:
    rows = TRAINED[1:20]
    estimator = Ridge(0.0).fit(rows, rows @ WEIGHTS[0])
    draft = Draft(
        name="health",
        task="own estimator",
        features=(Column("load_kw", "kW"), Column("warm_degc", "degC")),
        outputs=(Column("risk", "1"),),
        parts=(PartDraft("linear", flat_linear(estimator), ("load_kw", "warm_degc"), ("risk",)),),
        golden_rows=rows,
        golden_scores=estimator.predict(rows)[:, None],
    )
    write_model(draft, tmp_path / "health" / "1")

    got = rig(tmp_path).send(frames_of(in_order(*readings(3)[1:], promoted(0, 1)), 9)).finish()

    ((_, said), *_) = sorted(got.texts("health", PRESS, "15m").items())
    assert said["null_reason"] == (
        "driver_share: model 'health': its card does not say how its features were distributed: train it again; "
        "drift_psi: the version's card does not say how its features were distributed: train it again; "
        "score_drift: the version's card does not say how its features were distributed: train it again"
    )


SLIPS = {
    'driver = "risk"': ('driver = "riks"', "driver: expected an output of the model, one of risk, got 'riks', did you mean 'risk'?"),
    'score = "risk"': ('score = "load_kw"', "drift.score: expected an output of the model, one of risk, got 'load_kw'"),
    "windows = 20": ("windows = 5", "drift.windows"),
    '["15m"]': ('["1m"]', "windows: model.drift remembers: expected windows that follow one another, 15m, 1h, day, week, month, got '1m'"),
    "output.risk": ("output.drift_psi", "output: 'drift_psi' is what is told of the model"),
    "field.load_kw": ("field.driver_share", "model.output: 'driver_share' is a field already"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_plant_file_is_named(slip: str) -> None:
    instead, reason = SLIPS[slip]
    wrong: list[str] = []

    to_struct(
        PlantFile,
        tomllib.loads(TEXT.replace(slip, instead).replace("ewma(mean(temp_degc), 0.5)", "mean(temp_degc)")),
        "$",
        wrong,
    )

    assert any(reason in one for one in wrong), wrong


def test_more_features_than_can_be_watched_are_refused_with_the_number() -> None:
    fields = "\n".join(f'field.f{k} = {{ value = "mean(power_kw) + {k}" }}' for k in range(46))
    text = TEXT.replace('field.load_kw = { value = "mean(power_kw)", unit = "kW" }', fields)

    (fault,) = faults(plant(text), ["telemetry"])

    assert "health remembers 531 numbers of an asset: expected at most 512" in fault
    assert "a model's drift 11 a feature" in fault
