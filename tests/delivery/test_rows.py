"""Labels and texts of metric rows as delivery reads them from a frame."""

import math

import numpy as np
import pytest

from delivery.rows import read_rows
from fieldline.errors import FrameError
from fieldline.frames import decode_batch, encode_metrics
from tests.delivery.metric_frames import labelled_rows

ONE = np.zeros(1, np.int32), ["a"]


def test_a_label_or_text_that_is_empty_is_none() -> None:
    rows = labelled_rows("oee", [0, 1, 2], ["a"] * 3, {"shift": ["", "early", None]}, {"order_id": ["", None, "7"]})

    assert [rows.labels["shift"].names[code] if code >= 0 else None for code in rows.labels["shift"].codes] == [
        None,
        "early",
        None,
    ]
    assert (rows.texts["order_id"].codes >= 0).tolist() == [False, False, True]


def test_a_row_has_a_value_when_it_has_a_number_or_a_text_whatever_its_labels() -> None:
    nan = math.nan

    rows = labelled_rows(
        "oee", [0, 1, 2], ["a"] * 3, {"shift": ["e"] * 3}, {"why": [None, "w", None]}, oee=[1, nan, nan]
    )

    assert rows.has_values.tolist() == [True, True, False]


@pytest.mark.parametrize("name", ["level", "site", "area", "line", "name", "_field", "", "#x"])
def test_a_label_that_a_database_cannot_hold_is_refused_by_name(name: str) -> None:
    frame = encode_metrics("oee", np.arange(1), ONE, None, None, {"oee": np.ones(1)}, {name: ONE})

    with pytest.raises(FrameError, match=repr(name)):
        read_rows(decode_batch(frame))
