"""Metric rows share frames where their columns are the same, and nothing else about them changes."""

import numpy as np
import polars as pl

from fieldline.frames import decode_batch
from processing.metric_rows import MetricRows, Named
from processing.outgoing import METRIC_ROWS, frames_of, merged

LIMIT = 16 << 20
ASSETS, TAGS = ["press", "oven", "saw"], ["t"]


def rows(kind: str, asset: list[int], window: int, value: list[float], **names: Named) -> MetricRows:
    time, codes = np.arange(len(asset)), np.array(asset, np.int32)
    windows = np.full(len(asset), window, np.int32)
    return MetricRows(kind, time, codes, None, windows, {"value": np.array(value)}, {}, names)


def test_pieces_of_one_kind_with_the_same_columns_share_a_frame() -> None:
    outbox = [rows("oee", [0], 1, [1.0]), rows("energy", [1], 1, [2.0]), rows("oee", [2, 0], 2, [3.0, np.nan])]

    found = {
        kind: pl.DataFrame(pl.from_arrow(decode_batch(frame)))
        for kind, _, frame in frames_of(outbox, ASSETS, TAGS, LIMIT)
    }

    assert len(found) == 2
    assert found["oee"]["asset"].cast(pl.String).to_list() == ["press", "saw", "press"]
    assert found["oee"]["window"].cast(pl.String).to_list() == ["1m", "15m", "15m"]
    assert found["oee"]["value"].to_list() == [1.0, 3.0, None]


def test_names_keep_their_rows_when_each_piece_numbers_them_otherwise() -> None:
    first = Named(np.array([0, -1, 1], np.int32), ["A", "B"])
    second = Named(np.array([0, 1, 1], np.int32), ["B", "C"])

    (joined,) = merged(
        [rows("oee", [0, 0, 0], 1, [0.0] * 3, why=first), rows("oee", [0, 0, 0], 1, [0.0] * 3, why=second)]
    )

    why = joined.texts["why"]
    assert [why.names[code] if code >= 0 else None for code in why.codes] == ["A", None, "B", "B", "C", "C"]


def test_rows_of_a_kind_stay_in_their_order_across_pieces_with_other_columns() -> None:
    why = Named(np.array([0], np.int32), ["x"])
    outbox = [rows("spc", [0], 1, [1.0]), rows("spc", [0], 1, [2.0], why=why), rows("spc", [0], 1, [3.0])]

    values = [piece.fields["value"].tolist() for piece in merged(outbox)]

    assert values == [[1.0], [2.0], [3.0]]


def test_a_frame_has_a_largest_size() -> None:
    n = METRIC_ROWS + 1

    sizes = [number for _, number, _ in frames_of([rows("oee", [0] * n, 1, [0.0] * n)], ASSETS, TAGS, LIMIT)]

    assert sizes == [METRIC_ROWS, 1]


def test_a_frame_over_the_log_s_limit_goes_in_parts_that_fit_in_their_order() -> None:
    n = 5000
    values = np.random.default_rng(7).random(n).tolist()

    frames = list(frames_of([rows("oee", [0] * n, 1, values)], ASSETS, TAGS, 20_000))

    assert len(frames) > 1
    assert max(len(frame) for _, _, frame in frames) <= 20_000
    found = [pl.DataFrame(pl.from_arrow(decode_batch(frame)))["value"].to_list() for _, _, frame in frames]
    assert [value for part in found for value in part] == values
    assert [count for _, count, _ in frames] == [len(part) for part in found]
