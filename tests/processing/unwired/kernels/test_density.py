"""Local outlier probabilities against all distances written out."""

import math
from random import Random

import numpy as np
import pytest

from processing.unwired.kernels.density import local_outlier_probability as kernel
from tests.twins.outliers import local_outlier_probability


def run(points: list[tuple[float, ...]], neighbours: int, extent: float = 2.0) -> list[float]:
    n = len(points)
    nearest, found = np.empty((n, neighbours), np.int64), np.empty(n)
    tags = np.ascontiguousarray(np.array(points).T)
    kernel(tags, neighbours, extent, nearest, np.empty(neighbours), np.empty(n), np.empty(n), found)
    return found.tolist()


@pytest.mark.parametrize("dimensions", [1, 2, 5])
@pytest.mark.parametrize("neighbours", [1, 5, 20])
def test_probabilities_equal_the_twin(dimensions: int, neighbours: int) -> None:
    random = Random(1)
    points = [tuple(random.gauss(0, 1) for _ in range(dimensions)) for _ in range(80)]

    assert run(points, neighbours) == pytest.approx(local_outlier_probability(points, neighbours, 2.0))


def test_a_point_between_a_dense_and_a_sparse_group_belongs_to_neither() -> None:
    random = Random(2)
    dense = [(random.gauss(0, 0.1), random.gauss(0, 0.1)) for _ in range(40)]
    sparse = [(random.gauss(10, 2), random.gauss(10, 2)) for _ in range(40)]

    found = run([*dense, *sparse, (1.5, 1.5)], 10)

    assert found[-1] > 0.9
    assert sum(probability > 0.9 for probability in found[:-1]) <= 2


def test_points_on_one_place_have_no_density_and_even_spacing_no_outlier() -> None:
    on_one_place = run([(1.0, 1.0)] * 5 + [(2.0, 2.0)], 3)
    square = run([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)], 2)

    assert all(math.isnan(probability) for probability in on_one_place)
    assert square == [0.0] * 4
