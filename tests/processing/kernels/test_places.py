"""Where a series is looked up."""

from random import Random

import numpy as np
import pytest

from processing.kernels import layout as at
from processing.kernels.kept import first_of
from processing.kernels.places import PLACE, add_places, map_series


@pytest.mark.parametrize(("assets", "tags", "share"), [(1, 1, 1.0), (3, 400, 1.0), (500, 3, 1.0), (300, 300, 0.01)])
def test_a_series_is_found_by_its_asset_and_tag_and_no_other_is(assets: int, tags: int, share: float) -> None:
    random = Random(assets)
    pairs = [(a, t) for a in range(assets) for t in range(tags) if random.random() <= share]
    random.shuffle(pairs)
    of_series = np.zeros(len(pairs), at.SERIES)
    of_series["asset"], of_series["tag"] = zip(*pairs, strict=True)
    places = np.repeat(first_of(PLACE, series=-1), 1 << (2 * len(pairs)).bit_length())

    add_places(0, of_series[: len(pairs) // 2], places)
    add_places(len(pairs) // 2, of_series, places)

    numbers = {pair: number for number, pair in enumerate(pairs)}
    rows = [(random.randrange(assets), random.randrange(tags)) for _ in range(3000)]
    asset, tag = (np.array(column, np.int32) for column in zip(*rows, strict=True))
    of_asset, of_tag = (np.arange(size)[::-1].copy() for size in (assets, tags))  # what the codes of a frame stand for
    of_asset[0] = -1
    series = np.empty(len(rows), np.int32)
    unknown = map_series(asset, tag, of_asset, of_tag, places, series)

    want = [numbers.get((int(of_asset[a]), int(of_tag[t])), -1) for a, t in rows]
    assert series.tolist() == want
    assert unknown == want.count(-1)
