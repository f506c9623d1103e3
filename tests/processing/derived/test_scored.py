"""Scores in the stream: those of the version that events put in force, in any order of arrival, after crashes, and dated back."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from models.draft import Draft, PartDraft
from models.flatten.linear import flat_linear
from models.model_writer import write_model
from processing.place import operators_for
from processing.scoring.document import Column
from processing.scoring.registry import RegistryModels
from tests.processing.derived.test_plant_metrics import plant
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz

MINUTE = 60 * SECOND
START = 1_700_000_100_000_000_000 // (900 * SECOND) * 900 * SECOND
LINE = "plant/hall/line1"
PRESS, OVEN = f"{LINE}/press", f"{LINE}/oven"
TEXT = """
[[metric]]
kind = "press_health"
asset = "plant/*/*/*"
windows = ["1m", "15m"]
field.load = { value = "mean(power_kw) / 10", unit = "1" }
field.warm_degc = { value = "mean(temp_degc)", unit = "degC" }
field.beside = { value = "count(power_kw)" }

[metric.model]
features = ["load", "warm_degc"]
output.failure_probability = { unit = "1", meaning = "of a failure within a day" }
"""
SLOW = """
[[metric]]
kind = "slow_health"
asset = "plant/*/*/*"
windows = ["15m"]
field.load = { value = "mean(power_kw) / 10", unit = "1" }
field.warm_degc = { value = "ewma(mean(temp_degc), 0.5)", unit = "degC" }

[metric.model]
name = "press_health"
output.failure_probability = { unit = "1" }
"""
"""Features that remember, of the same model."""
WEIGHTS = {1: (0.1, 0.01), 2: (0.2, -0.03), 3: (0.0, 0.5)}
"""What each version makes of load and temperature."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for number, weights in WEIGHTS.items():
        rows = np.random.default_rng(number).normal(size=(20, 2))
        estimator = Ridge(0.0).fit(rows, rows @ weights + 0.5)
        part = PartDraft("linear", flat_linear(estimator), ("load", "warm_degc"), ("failure_probability",))
        draft = Draft(
            name="press_health",
            task="failure",
            features=(Column("load", "1"), Column("warm_degc", "degC")),
            outputs=(Column("failure_probability", "1"),),
            parts=(part,),
            golden_rows=rows,
            golden_scores=estimator.predict(rows)[:, None],
        )
        write_model(draft, folder / "press_health" / str(number))
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


def rig(registry: Path, text: str = TEXT, **options: object) -> EngineRig:
    of = plant(text)
    operators = operators_for(["telemetry"], of, RegistryModels(registry))
    return EngineRig(of, operators=operators, windows=("1m", "15m"), **options)  # type: ignore[arg-type]


def at(minute: float) -> int:
    return START + round(minute * MINUTE)


def promoted(minute: float, asset: str = LINE, **said: object) -> Row:
    """An event of a minute; `since` and `until` are minutes, too."""
    for key, name in (("since", "from"), ("until", "until")):
        if key in said:
            said[name] = at(float(str(said.pop(key)))) / SECOND
    payload = json.dumps({"model": "press_health", **said}, sort_keys=True).encode()
    return Row(asset, "@model", at(minute), event_value(payload), 0, payload)


def readings(minutes: int = 60, asset: str = PRESS) -> list[Row]:
    found = []
    for minute in range(minutes):
        found.append(Row(asset, "power_kw", at(minute + 0.2), 20.0 + minute % 7))
        found.append(Row(asset, "temp_degc", at(minute + 0.4), 60.0 + minute % 5))
    return found


def in_order(*rows: Row) -> list[Row]:
    return sorted(rows, key=lambda row: row.time)


def versions(got: EngineRig, asset: str = PRESS, field: str = "model_version") -> dict[int, float]:
    """By minute."""
    return {
        (start - START) // MINUTE: row[field] for start, row in sorted(got.values("press_health", asset, "1m").items())
    }


def test_a_score_is_what_the_version_in_force_makes_of_the_row_s_fields(registry: Path) -> None:
    got = (
        rig(registry)
        .send(frames_of(in_order(*readings(), promoted(10, version=1), promoted(30, version=2)), 7))
        .finish()
    )

    rows = got.values("press_health", PRESS, "1m")
    assert len(rows) == 60
    for start, row in rows.items():
        minute = (start - START) // MINUTE
        version = 0 if minute < 10 else 1 if minute < 30 else 2
        if not version:
            assert np.isnan(row["failure_probability"]) and np.isnan(row["model_version"])
            continue
        weights = WEIGHTS[version]
        assert row["model_version"] == version
        want = weights[0] * row["load"] + weights[1] * row["warm_degc"] + 0.5
        assert row["failure_probability"] == pytest.approx(want, rel=1e-9)
    said = got.texts("press_health", PRESS, "1m")
    assert said[START]["null_reason"] == "failure_probability: no version of the model is in force"


WHO: dict[str, tuple[list[Row], dict[range, float]]] = {
    "from then on": ([promoted(10, version=1)], {range(10, 60): 1}),
    "dated back": ([promoted(40, since=5, version=1)], {range(5, 60): 1}),
    "until": ([promoted(10, version=1, until=20)], {range(10, 20): 1}),
    "above its line": ([promoted(10, version=1), promoted(5, PRESS, version=2)], {range(5, 60): 2}),
    "until its own ends": ([promoted(0, version=1), promoted(5, PRESS, version=2, until=9)], {range(0, 5): 1, range(5, 9): 2, range(9, 60): 1}),
    "of another asset": ([promoted(10, OVEN, version=1)], {}),
    "of another model": ([promoted(10, model="another", version=1)], {}),
    "of two models at once": ([promoted(10, model="another", version=3), promoted(10, version=2)], {range(10, 60): 2}),
    "with another beside it from the same moment on": ([promoted(10, version=1), promoted(10, version=2, role="shadow")], {range(10, 60): 1}),
    "stopped": ([promoted(10, version=1), promoted(20, phase="stop")], {range(10, 20): 1}),
    "taken back": ([promoted(10, version=1), promoted(20, version=2), promoted(20, phase="void", recorded=1_800_000_000)], {range(10, 60): 1}),
    "rolled back": ([promoted(10, version=1), promoted(20, version=2), promoted(50, since=20, version=1)], {range(10, 60): 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", WHO)
def test_which_version_scores_is_what_was_told_whenever_it_was_told(name: str, registry: Path) -> None:
    events, want = WHO[name]

    early = rig(registry).send(frames_of(in_order(*readings(), *events), 5)).finish()
    late = rig(registry).send(frames_of([*readings(), *reversed(events)], 1)).finish()

    told = {minute: float(version) for minutes, version in want.items() for minute in minutes}
    assert versions(early) == pytest.approx({minute: told.get(minute, np.nan) for minute in range(60)}, nan_ok=True)
    assert differences(early.table, late.table) == []


def test_a_promotion_that_is_dated_back_revises_the_windows_after_it_and_no_other(registry: Path) -> None:
    got = rig(registry).send(frames_of(in_order(*readings(), *readings(asset=OVEN), promoted(0, PRESS, version=1)), 9))
    got.wait(300, turns=3)
    before, rows = dict(got.revisions), dict(got.table)

    got.send([frame_of([promoted(59, PRESS, since=30, version=2)])]).finish()

    changed = {key for key in rows if got.table[key] != rows[key]}
    assert {key[:2] for key in changed} == {("press_health", PRESS)}
    assert {(int(key[4]) - START) // MINUTE for key in changed if key[3] == "1m"} == set(range(30, 60))
    assert {(int(key[4]) - START) // MINUTE for key in changed if key[3] == "15m"} == {30, 45}
    assert all(got.revisions[key] > before[key] for key in changed if int(key[4]) < at(45))


def test_a_shadow_scores_beside_and_changes_nothing_else(registry: Path) -> None:
    rows = readings()

    got = (
        rig(registry)
        .send(frames_of(in_order(*rows, promoted(0, version=1), promoted(10, version=2, role="shadow")), 9))
        .finish()
    )

    plain = rig(registry).send(frames_of(in_order(*rows, promoted(0, version=1)), 9)).finish()
    assert versions(got) == versions(plain)
    assert [v for v in versions(got, field="shadow_model_version").values() if v == v] == [2.0] * 50
    alone = rig(registry).send(frames_of(in_order(*rows, promoted(0, version=2)), 9)).finish()
    shadow, champion = versions(got, field="shadow_failure_probability"), versions(alone, field="failure_probability")
    assert {m: v for m, v in shadow.items() if m >= 10} == {m: v for m, v in champion.items() if m >= 10}


@given(data=st.data())
@fuzz(8)
def test_any_order_with_any_crash_gives_what_order_gives(
    data: st.DataObject, registry: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(data.draw(st.integers(0, 2**32 - 1)))
    rows = random.sample(readings(40) + readings(40, OVEN), data.draw(st.integers(2, 30)))
    for number in range(data.draw(st.integers(1, 5))):
        who, minute = random.choice([LINE, PRESS, OVEN]), random.randrange(40) + number / 100
        said: dict[str, object] = {
            "version": random.choice([1, 2, 3, 9]),
            "role": random.choice(["champion", "shadow"]),
        }
        said |= random.choice([{}, {"since": random.randrange(40)}, {"until": 41}])
        rows.append(promoted(minute, who, **random.choice([said, said, {"phase": "stop"}])))
    want = rig(registry, TEXT + SLOW).send([frame_of([row]) for row in in_order(*rows)]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    try:
        got = rig(registry, TEXT + SLOW, log=log, node_cache=data.draw(st.sampled_from([0, 1 << 30])), row_cache=1)
        arrival.play(got)
    finally:
        log.close()

    assert differences(want.table, got.table)[:3] == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"version": 7}, "version 7 of model 'press_health': there is none in "),
        (
            {"version": 1, "digest": "0" * 64},
            "version 1 of model 'press_health': expected files with the digest 000000000000…, got ",
        ),
    ],
)
def test_a_version_that_can_not_be_had_scores_nothing_and_says_why(
    said: dict[str, object], reason: str, registry: Path
) -> None:
    got = rig(registry).send(frames_of(in_order(*readings(3), promoted(0, **said)), 3)).finish()

    for start, row in got.values("press_health", PRESS, "1m").items():
        assert np.isnan(row["failure_probability"]) and row["load"] > 0
        assert got.texts("press_health", PRESS, "1m")[start]["null_reason"].startswith(f"failure_probability: {reason}")


def test_a_model_of_other_features_scores_nothing_and_says_which(registry: Path) -> None:
    of = plant(TEXT.replace('unit = "degC"', 'unit = "K"'))
    got = EngineRig(of, operators=operators_for(["telemetry"], of, RegistryModels(registry)), windows=("1m",))

    got.send(frames_of(in_order(*readings(2), promoted(0, version=1)), 3)).finish()

    said = {row["null_reason"] for row in got.texts("press_health", PRESS, "1m").values()}
    assert said == {
        "failure_probability: model 'press_health': expects load [1], warm_degc [degC]; press_health has load [1], warm_degc [K]"
    }


def test_a_row_without_a_feature_says_which(registry: Path) -> None:
    rows = [row for row in readings(3) if row.tag == "power_kw"]

    got = rig(registry).send(frames_of(in_order(*rows, promoted(0, version=1)), 3)).finish()

    said = {row["null_reason"] for row in got.texts("press_health", PRESS, "1m").values()}
    assert said == {"warm_degc: no mean(temp_degc); failure_probability: no warm_degc"}
