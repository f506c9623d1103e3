"""The traffic of the bench `line`: what it says of itself is what it sends."""

import tomllib

import numpy as np
import pytest

from benchmarks.line_traffic import Lines, frames
from fieldline.frames import Readings, decode_readings
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct

LINES = Lines(3)
SECONDS = 1900


@pytest.fixture(scope="module")
def sent() -> list[Readings]:
    return [decode_readings(frame) for _, frame in frames(LINES, SECONDS, size=5000)]


def test_every_series_sends_once_a_second_in_order_of_time(sent: list[Readings]) -> None:
    time = np.concatenate([frame.time for frame in sent])
    tags = [frame.tags[tag] for frame in sent for tag in frame.tag.tolist()]

    assert (np.diff(time) >= 0).all()
    assert sum(tag != "@order" for tag in tags) == LINES.series * SECONDS == 3 * 36 * 1900


def test_frames_come_with_the_number_of_their_rows_events_among_them() -> None:
    told = list(frames(LINES, 120))

    assert [number for number, _ in told] == [len(decode_readings(frame).time) for _, frame in told]
    assert sum(number for number, _ in told) > LINES.series * 120


def test_orders_begin_every_half_hour_at_another_second_of_each_line(sent: list[Readings]) -> None:
    begun = [
        (frame.assets[frame.asset[row]], (frame.time[row] - sent[0].time[0]) // 10**9)
        for frame in sent
        for row in range(len(frame.time))
        if frame.tags[frame.tag[row]] == "@order"
    ]

    assert [line for line, _ in begun] == ["plant/area/line0", "plant/area/line1", "plant/area/line2"] * 2
    assert [second for _, second in begun] == [0, 37, 74, 1800, 1837, 1874]


def test_counters_count_what_the_truth_says(sent: list[Readings]) -> None:
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for frame in sent:
        for row in np.flatnonzero(frame.tag == frame.tags.index("good_count")).tolist():
            name = frame.assets[frame.asset[row]]
            first.setdefault(name, frame.value[row])
            assert frame.value[row] >= last.get(name, 0.0)
            last[name] = frame.value[row]

    assert sum(last[name] - first[name] for name in first) == LINES.good_pieces(SECONDS)


def test_its_plant_file_is_one() -> None:
    wrong: list[str] = []

    file = to_struct(PlantFile, tomllib.loads(LINES.plant()), "$", wrong)

    assert wrong == []
    plant = Plant(file)
    assert plant.line_entry("plant/area/line2").output == "plant/area/line2/machine3"
    assert plant.asset_info("plant/area/line1/meter1").state_of == "plant/area/line1/machine1"
    assert plant.tag_info("plant/area/line0/process", "t7").spc is not None
