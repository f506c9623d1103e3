"""Charts handed from cell to cell say what the block functions say of the whole series, and what the twin says of each stretch."""

import math
from random import Random
from typing import NamedTuple

import numpy as np
import pytest

from fieldline.plantfile import RULES, SpcEntry
from processing.kernels import layout as at
from processing.kernels import spc, spc_memory, spc_points
from processing.kernels.jit import words
from processing.kernels.kept import first_of
from processing.kernels.layout import Plant
from processing.timeline.charts import Charts
from processing.timeline.tables import Tables
from tests.processing.kernels import value_by_value
from tests.twins import spc as twin

HELD = {0: (0, 0, math.nan, math.nan), 1: (1, 1, 10.0, 2.0), 2: (2, 4, 13.0, 1.5)}
"""Limits by product; the first has none."""


class Chain(NamedTuple):
    """One charted tag's cells, a slice each, oldest first."""

    plant: Plant
    windows: np.ndarray
    labels: np.ndarray
    cells: np.ndarray
    dirty: np.ndarray
    charts: np.ndarray

    @classmethod
    def of(cls, points: list[twin.Point], entry: SpcEntry) -> "Chain":
        count, known = len(points), Charts()
        known.add(0, 0, entry, 0)
        tables = Tables([])
        tables.add_line(0, 0, 0)
        tables.lines["shift"] = 0
        tables.row_series = np.zeros(1, np.int32)
        tables.append_series(np.zeros(1, at.SERIES))
        tables.append_scopes(first_of(at.SCOPE, machine=-1))
        windows, labels = np.zeros(count, at.WINDOW), np.zeros(count, at.LABEL)
        cells = np.repeat(spc.KEPT.slice, count)
        number = np.arange(count)
        windows["older"], windows["block"], windows["flags"] = number - 1, number, at.USED
        windows["newer"] = np.where(number + 1 < count, number + 1, -1)
        for k, point in enumerate(points):
            windows["start"][k], labels["product"][k] = point.cell * at.MINUTE, point.limits[0]
            fill(cells[k], point.samples)
        return cls(tables.plant, windows, labels, cells, np.zeros(count, np.uint8), known.charts)

    def scan(self, ids: list[int], settings: float = 1.0) -> "Chain":
        rows, room = np.zeros(1, np.int64), spc_points.Scratch.made()
        limits = np.array([(*HELD[product], settings) for product in range(3)], spc.LIMITS)
        missing = spc_memory.carry_on(
            spc_memory.Way(np.array(ids), np.array([0, -1])),
            spc.Charted(np.array([0, 1]), rows, rows, self.charts, limits),
            self.plant,
            self.windows,
            self.labels,
            spc_memory.Cells(self.cells, words(self.cells), self.dirty),
            spc_memory.Handed(room, words(room.memory)),
            np.empty(4, np.int64),
        )
        assert missing == 0
        return self

    def said(self) -> np.ndarray:
        every, said = np.arange(len(self.windows)), np.zeros(len(self.windows), spc_points.SAID)
        room = spc_points.Scratch.made()
        spc_points.read_points(self.cells, every, self.windows, self.charts, np.zeros_like(every), room, said)
        return said


def fill(cell: np.void, samples: list[float]) -> None:
    """A cell's moments, worked out otherwise than on the stream."""
    if samples:
        mean = math.fsum(samples) / len(samples)
        square = math.fsum((value - mean) ** 2 for value in samples)
        cell["count"], cell["mean"], cell["m2"] = len(samples), mean, square
        cell["min"], cell["max"] = min(samples), max(samples)


def random_points(seed: int, count: int, sizes: tuple[int, ...]) -> list[twin.Point]:
    """Points of three products in runs, with missing cells and shifts."""
    random, points, cell, product, level = Random(seed), [], 1000, 1, 10.0
    for _ in range(count):
        cell += 1 if random.random() > 0.02 else random.choice([5, 300])
        product = product if random.random() > 0.006 else random.choice([0, 1, 2])
        level = level if random.random() > 0.03 else 10.0 + random.choice([0.0, 0.0, 4.0, -4.0])
        size = random.choice(sizes)
        points.append(twin.Point(cell, HELD[product], [random.gauss(level, 2.0) for _ in range(size)]))
    return points


def names(mask: int) -> frozenset[str]:
    return frozenset(n for k, n in enumerate(RULES) if mask >> k & 1)


@pytest.mark.parametrize(("chart", "sizes"), [("i_mr", (1, 4)), ("xbar_r", (1, 2, 5))])
@pytest.mark.parametrize("seed", range(3))
def test_every_point_of_a_chart_equals_the_twin(seed: int, chart: str, sizes: tuple[int, ...]) -> None:
    points = random_points(seed, 400, sizes)
    entry = SpcEntry(chart=chart, ewma_lambda=0.3, cusum_k=0.4)  # type: ignore[arg-type]

    said = Chain.of(points, entry).scan([0]).said()

    want = twin.judge(points, twin.Settings(chart != "i_mr", 0.3, 0.4))
    numbers = [[one.z, one.moving_range, one.ewma, one.high, one.low, one.drift, one.outlier] for one in want]
    columns = ("z", "moving_range", "ewma", "high", "low", "drift", "outlier")
    np.testing.assert_allclose(np.stack([said[name] for name in columns], axis=1), numbers, rtol=1e-9, atol=1e-9)
    assert [names(mask) for mask in said["rules"].tolist()] == [one.rules for one in want]
    assert np.nansum(np.abs(said["drift"])) > 0 and np.nansum(said["outlier"]) > 0


def test_the_points_of_one_stretch_are_those_of_the_block_functions_bit_for_bit() -> None:
    points = [point._replace(cell=256 * 9 + k, limits=HELD[1]) for k, point in enumerate(random_points(7, 250, (1,)))]

    said = Chain.of(points, SpcEntry(ewma_lambda=0.2, cusum_k=0.5)).scan([0]).said()

    z = np.array([(point.samples[0] - 10.0) / 2.0 for point in points])
    averages, (high, low) = value_by_value.ewma(z, 0.0, 0.2), value_by_value.cusum(z, 0.0, 0.5)
    assert said["z"].tobytes() == z.tobytes()
    assert said["ewma"].tobytes() == averages.tobytes()
    assert said["high"].tobytes() == high.tobytes()
    assert said["low"].tobytes() == low.tobytes()
    assert said["drift"].tolist() == value_by_value.page_hinkley(z, 0.5, 8.0, 1.0, 30)


@pytest.mark.parametrize("seed", range(4))
def test_a_cell_that_changes_later_changes_those_after_it_as_if_it_had_always_been_so(seed: int) -> None:
    random, points = Random(seed), random_points(seed, 300, (1, 3))
    late = sorted(random.sample(range(300), 5))
    before = [point._replace(samples=[]) if k in late[:2] else point for k, point in enumerate(points)]
    chain = Chain.of(before, SpcEntry()).scan([0])
    for k in late:
        if k not in late[:2]:
            points[k] = points[k]._replace(samples=[*points[k].samples, 25.0])
        for name in ("count", "mean", "m2", "min", "max"):
            chain.cells[name][k] = spc.KEPT.slice[name][0]
        fill(chain.cells[k], points[k].samples)

    chain.scan(late)

    assert chain.said().tobytes() == Chain.of(points, SpcEntry()).scan([0]).said().tobytes()


def test_a_change_is_followed_only_as_far_as_it_changes_bits() -> None:
    points = [twin.Point(cell, HELD[1], [10.0 + cell % 7 - 3.0]) for cell in range(3000)]
    chain = Chain.of(points, SpcEntry()).scan([0])
    chain.dirty[:] = 0
    chain.cells["mean"][100] = 11.0

    chain.scan([100])

    marked = np.flatnonzero(chain.dirty)
    assert marked[0] == 101 and len(marked) == marked[-1] - 100
    assert 15 < len(marked) < 400


def test_what_a_cell_that_is_gone_left_is_not_lost() -> None:
    points = random_points(3, 120, (1,))
    whole = Chain.of(points, SpcEntry()).scan([0])
    want = whole.said()
    whole.windows["older"][60] = -1

    whole.scan([60, 61])

    assert whole.said()[60:].tobytes() == want[60:].tobytes()


def test_a_new_cell_before_all_others_takes_what_the_next_one_began_with() -> None:
    points = random_points(4, 120, (1,))
    chain = Chain.of(points, SpcEntry()).scan([0])
    want = chain.said()
    # The 61st cell is taken out and put in again, after all before it are gone.
    chain.windows["older"][60] = -1
    for name in spc.MEMORY.names or ():
        chain.cells[name][61] = chain.cells[name][60]
    for name in spc.SCANNED_FIELDS:
        chain.cells[name][60] = spc.KEPT.slice[name][0]

    chain.scan([60])

    assert chain.said()[60:].tobytes() == want[60:].tobytes()


def test_a_chart_that_is_drawn_otherwise_begins_anew() -> None:
    points = [point._replace(limits=HELD[1]) for point in random_points(5, 40, (1,))]
    chain = Chain.of(points, SpcEntry()).scan(list(range(20)))

    said = chain.scan(list(range(20, 40)), settings=2.0).said()

    anew = Chain.of(points[20:], SpcEntry()).scan([0]).said()
    assert said[20:].tobytes() == anew.tobytes()
    assert said["step"][19] == 20.0


@pytest.mark.parametrize(
    ("samples", "limits", "reason"),
    [
        ([9.0, 11.0], HELD[1], spc_points.JUDGED),
        ([9.0, 11.0], HELD[0], spc_points.NO_LIMITS),
        ([9.0], HELD[1], spc_points.SUBGROUP_OF_ONE),
    ],
)
def test_a_subgroup_without_a_place_on_its_chart_says_why(
    samples: list[float], limits: tuple[int, int, float, float], reason: int
) -> None:
    chain = Chain.of([twin.Point(0, limits, samples)], SpcEntry(chart="xbar_r"))

    said = chain.scan([0]).said()[0]

    assert said["reason"] == reason
    assert math.isnan(said["z"]) == (reason != spc_points.JUDGED)


def test_a_sigma_below_the_center_s_last_digit_is_a_flat_signal() -> None:
    chain = Chain.of([twin.Point(0, HELD[1], [10.0])], SpcEntry()).scan([0])
    chain.cells["now_center"][0] = 1e17

    said = chain.said()[0]

    assert said["reason"] == spc_points.FLAT and math.isnan(said["z"])


def test_drift_hardly_ever_cries_wolf_and_finds_a_shift_of_one_sigma() -> None:
    random = np.random.default_rng(11)
    quiet = random.normal(10.0, 2.0, 6_000)
    shifted = random.normal(10.0, 2.0, 250)
    shifted[150:] += 2.0
    calm = [twin.Point(k, HELD[1], [value]) for k, value in enumerate(quiet.tolist())]
    moved = [twin.Point(k, HELD[1], [value]) for k, value in enumerate(shifted.tolist())]

    of_calm = Chain.of(calm, SpcEntry()).scan([0]).said()["drift"]
    of_moved = Chain.of(moved, SpcEntry()).scan([0]).said()["drift"]

    assert np.abs(of_calm).sum() <= 3  # in 6000 points
    assert 1.0 in of_moved[150:190].tolist()
    assert np.abs(of_moved[:150]).sum() == 0.0
