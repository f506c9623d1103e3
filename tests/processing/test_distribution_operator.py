"""`distribution` through the stream: against sorted values by rank, against a slow digest, and of no tag that did not ask."""

import math
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from processing.kernels.layout import HOUR, MINUTE
from processing.operators import chosen
from processing.operators.distribution import PROBABILITIES
from processing.place import needed, operators_for
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frames_of
from tests.twins.quantiles import Digest, quantile, rank_error

PRESS = "plant/hall1/line1/press"


def plant_of(*tags: str) -> Plant:
    """A plant that asks for the quantiles of tags of the press."""
    asked = {tag: TagEntry(quantiles=True) for tag in tags}
    return Plant(PlantFile(asset=(AssetEntry(path=PRESS, tags=asked),)))


PLANT = plant_of("pressure_bar")
OPERATORS = chosen(["telemetry", "distribution"])
START = T0 // HOUR * HOUR + 3 * HOUR  # an hour after midnight
STEP = 0.25

SHAPES: dict[str, Callable[[Random, int], float]] = {
    "normal on a level": lambda random, _: random.gauss(1e6, 1),
    "exponential": lambda random, _: random.expovariate(1),
    "heavy tail": lambda random, _: random.paretovariate(0.7),
    "two humps": lambda random, _: random.gauss(random.choice([0, 100]), 1),
    "ever rising": lambda random, k: k + random.random(),
    "ever falling": lambda random, k: -k + random.random(),
}


def run(
    values: list[float], every_s: float = 1.0, quality: list[int] | None = None, shuffled: bool = False
) -> EngineRig:
    """Values of the press at a rate from a full hour on; as they come late and twice, where they are shuffled."""
    rows = [
        Row(PRESS, "pressure_bar", START + round(k * every_s * SECOND), value, quality[k] if quality else 0)
        for k, value in enumerate(values)
    ]
    if shuffled:
        rows = Random(1).sample(rows + rows[::7], len(rows) + len(rows[::7]))
    return EngineRig(PLANT, operators=OPERATORS).send(frames_of(rows, 300)).finish()


def quantiles(rig: EngineRig, window: str) -> list[list[float]]:
    """Those of each window of the press, by time."""
    found = rig.values("distribution", PRESS, window, "pressure_bar")
    return [[row[name] for name in PROBABILITIES] for _, row in sorted(found.items())]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_rank_of_every_quantile_of_an_hour_and_a_day_is_near(shape: str) -> None:
    random = Random(3)
    values = [SHAPES[shape](random, k) for k in range(2 * 3600)]

    rig = run(values)

    for window, parts in (("1h", (values[:3600], values[3600:])), ("day", (values,))):
        for part, found in zip(parts, quantiles(rig, window), strict=True):
            for p, estimate in zip(PROBABILITIES.values(), found, strict=True):
                # Half of the largest centroid that a minute merges, 2π / 31 · sqrt(q (1 - q)); most are far nearer.
                assert rank_error(part, estimate, p) <= math.pi / 31 * math.sqrt(p * (1 - p)), (window, p)


def test_noise_on_a_level_is_off_by_half_a_percent_of_rank_at_most() -> None:
    random = Random(4)
    values = [random.gauss(20, 3) for _ in range(3600)]

    (found,) = quantiles(run(values), "1h")

    errors = [rank_error(values, estimate, p) for p, estimate in zip(PROBABILITIES.values(), found, strict=True)]
    assert max(errors) <= 0.005


def test_constant_values_have_that_one_at_every_rank() -> None:
    rig = run([0.1] * 3600)

    assert quantiles(rig, "1h") == [[0.1] * len(PROBABILITIES)]
    assert quantiles(rig, "1m") == [[0.1] * len(PROBABILITIES)] * 60


@pytest.mark.parametrize("levels", [2, 8])
def test_few_levels_of_a_converter_have_exact_quantiles_however_many_samples_there_are(levels: int) -> None:
    random = Random(6)
    values = [random.randrange(levels) * STEP for _ in range(3600)]

    (found,) = quantiles(run(values), "1h")

    assert found == pytest.approx([quantile(values, p) for p in PROBABILITIES.values()], rel=1e-12)


def test_many_levels_of_a_converter_are_off_by_one_of_its_steps_at_most() -> None:
    random = Random(6)
    values = [round(random.gauss(0, 12)) * STEP for _ in range(3600)]

    (found,) = quantiles(run(values), "1h")

    assert found == pytest.approx([quantile(values, p) for p in PROBABILITIES.values()], abs=STEP)


@pytest.mark.parametrize(
    ("count", "window", "every_s"), [(1, "1m", 1.0), (32, "1m", 1.8), (64, "1h", 50.0), (7, "day", 500.0)]
)
def test_few_samples_have_exact_quantiles(count: int, window: str, every_s: float) -> None:
    random = Random(count)
    values = [random.random() for _ in range(count)]

    (found,) = quantiles(run(values, every_s), window)

    assert found == pytest.approx([quantile(values, p) for p in PROBABILITIES.values()], rel=1e-12)


def test_minutes_quarters_and_an_hour_equal_their_twin_however_late_rows_come() -> None:
    random = Random(5)
    values = [random.choice([random.gauss(0, 1), 0.5, -0.5]) for _ in range(1800)]

    rig = run(values, shuffled=True)

    minutes = [Digest(32).take(values[k : k + 60]) for k in range(0, 1800, 60)]
    quarters = [Digest(64).take_all(minutes[k : k + 15]) for k in range(0, 30, 15)]
    for window, twins in (("1m", minutes), ("15m", quarters), ("1h", [Digest(64).take_all(quarters)])):
        want = [[twin.quantile(p) for p in PROBABILITIES.values()] for twin in twins]
        assert np.array(quantiles(rig, window)) == pytest.approx(np.array(want), rel=1e-12)


def test_what_is_bad_or_no_finite_number_counts_nothing_and_coverage_is_that_of_telemetry() -> None:
    rig = run([1.0, 2.0, math.inf, 9.0, 3.0], every_s=10.0, quality=[0, 1, 0, 2, 0])

    (row,) = rig.values("distribution", PRESS, "1m", "pressure_bar").values()
    (all_of,) = rig.values("telemetry", PRESS, "1m", "pressure_bar").values()
    assert (row["count"], row["p50"], row["p01"]) == pytest.approx((3, 2.0, 1.02))
    assert row["coverage"] == all_of["coverage"] == pytest.approx(1.0)


def test_a_window_without_a_finite_sample_has_no_row() -> None:
    rig = run([math.nan, 1.0], every_s=MINUTE / SECOND)

    assert len(quantiles(rig, "1m")) == 1


def test_only_a_tag_that_asks_has_rows_and_without_any_the_operator_does_not_run() -> None:
    rows = [Row(PRESS, tag, START + k * SECOND, float(k)) for k in range(9) for tag in ("pressure_bar", "speed")]

    rig = EngineRig(PLANT, operators=OPERATORS).send(frames_of(rows, 5)).finish()

    assert {key[2] for key in rig.table if key[0] == "distribution"} == {"pressure_bar"}
    assert [one.name for one in needed(OPERATORS, Plant())] == ["telemetry"]
    assert "distribution" not in {one.name for one in operators_for(None, Plant())}
    assert "distribution" in {one.name for one in operators_for(None, PLANT)}


def test_a_tag_that_asks_later_has_the_rows_of_one_that_always_did_and_of_one_that_asks_no_more_they_stand(
    tmp_path: Path,
) -> None:
    random = Random(7)
    tags = ("pressure_bar", "speed")
    rows = [Row(PRESS, tag, START + k * 20 * SECOND, random.gauss(5, 1)) for k in range(90) for tag in tags]
    both = plant_of(*tags)
    log = SqliteLog(tmp_path / "checkpoints.db")

    rig = EngineRig(PLANT, operators=OPERATORS, log=log).send(frames_of(rows, 60)).finish()
    rig.restart(plant=both).wait(400.0, turns=4)
    asks_later = {tag: rig.values("distribution", PRESS, "15m", tag) for tag in tags}
    rig.restart(plant=plant_of("speed"))
    later = [Row(PRESS, tag, START + HOUR + k * SECOND, 5.0) for k in range(9) for tag in tags]
    rig.send(frames_of(later, 9)).finish()

    always = EngineRig(both, operators=OPERATORS).send(frames_of(rows, 60)).finish()
    assert asks_later == {tag: always.values("distribution", PRESS, "15m", tag) for tag in tags}
    now = {tag: rig.values("distribution", PRESS, "15m", tag) for tag in tags}
    assert now["pressure_bar"] == asks_later["pressure_bar"]
    assert now["speed"].keys() - asks_later["speed"].keys() == {START + HOUR}
    log.close()
