"""The traffic of most benches: frames are such as ingest makes of many devices."""

import numpy as np

from benchmarks.traffic import Field, frames, readings
from fieldline.frames import Readings, decode_readings

FIELD = Field(lines=2, assets=10, tags=["a", "b", "c", "d", "e"])
SECONDS = 40


def names(frame: Readings) -> list[tuple[str, str]]:
    return [(frame.assets[a], frame.tags[t]) for a, t in zip(frame.asset.tolist(), frame.tag.tolist(), strict=True)]


def sent(late_share: float = 0.0, size: int = 20) -> list[Readings]:
    return [decode_readings(frame) for _, frame in frames(readings(FIELD, SECONDS, late_share), size)]


def test_every_series_sends_once_a_second_in_order_of_time() -> None:
    whole = sent(size=FIELD.series)

    assert [sorted(set(names(frame))) for frame in whole] == [sorted(set(names(whole[0])))] * SECONDS
    assert len(set(names(whole[0]))) == FIELD.series
    assert (np.diff(np.concatenate([frame.time for frame in whole])) >= 0).all()


def test_a_frame_names_only_what_it_holds_sorted() -> None:
    for frame in sent():
        assert frame.assets == sorted({asset for asset, _ in names(frame)})
        assert frame.tags == sorted({tag for _, tag in names(frame)})


def test_no_two_small_frames_hold_the_same_series() -> None:
    small = [tuple(sorted(names(frame))) for frame in sent()]

    assert len(small) == FIELD.series * SECONDS / 20
    assert len(set(small)) == len(small)


def test_late_rows_are_the_same_rows_in_another_order() -> None:
    in_order, late = readings(FIELD, SECONDS), readings(FIELD, SECONDS, 0.1)

    assert sorted(zip(late.time.tolist(), late.value.tolist(), strict=True)) == sorted(
        zip(in_order.time.tolist(), in_order.value.tolist(), strict=True)
    )
    assert 0.05 < (np.maximum.accumulate(late.time) > late.time).mean() < 0.15
    assert (late.received - late.time).max() <= 120_000_000_000
