"""Causes of stops and rejects, read from the events on a log."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.causes import UNREPORTED, Cause, by_reason, by_station, causes_of
from fieldline.frames import encode_readings
from fieldline.log import Log, Stream, open_log
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from tests.processing.engine_rig import SECOND, T0, Row, event, frame_of

LINE = "plant/hall1/line1"
PRESS = f"{LINE}/press"
OVEN = f"{LINE}/oven"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'plant.db'}")
    yield opened
    opened.close()


def tell(log: Log, *events: tuple[str, str, int, dict[str, Any]]) -> None:
    """Put events on the log: asset, kind, seconds after T0, attributes."""
    rows = [event(a, f"@{k}", T0 + s * SECOND, json.dumps(said, sort_keys=True).encode()) for a, k, s, said in events]
    partition = partition_of(LINE, log.partitions(Stream.READINGS))
    key = LINE.encode() if all(asset.startswith(LINE) for asset, *_ in events) else b""
    log.append(Stream.READINGS, partition, key, encode_readings(frame_of(rows))).result(10.0)


def stops(log: Log, first: int = 0, last: int = 1000) -> list[Cause]:
    return causes_of(log, LINE, T0 + first * SECOND, T0 + last * SECOND).stops_s


def test_a_stop_lasts_until_the_next_state(log: Log) -> None:
    tell(
        log,
        (PRESS, "state", 10, {"state": "stopped", "reason": "jam"}),
        (PRESS, "state", 70, {"state": "producing"}),
        (PRESS, "state", 100, {"state": "stopped"}),
        (PRESS, "state", 130, {"state": "idle", "reason": "no part"}),
    )

    assert stops(log) == [Cause(PRESS, "jam", "", 60.0), Cause(PRESS, UNREPORTED, "", 30.0)]


def test_a_state_in_the_plants_own_words_is_a_stop_with_its_reason(log: Log) -> None:
    plant = Plant(PlantFile(states={"S7": "down"}))
    tell(
        log,
        (PRESS, "state", 10, {"state": "S7", "reason": "jam"}),
        (PRESS, "state", 70, {"state": "producing"}),
    )

    assert causes_of(log, LINE, T0, T0 + 1000 * SECOND, plant).stops_s == [Cause(PRESS, "jam", "", 60.0)]


def test_stops_that_a_state_tag_tells_have_no_reason_but_where_an_event_gives_one(log: Log) -> None:
    plant = Plant(
        PlantFile(asset=(AssetEntry(path=PRESS, tags={"running": TagEntry(kind="running", max_gap_s=2000)}),))
    )
    rows = [Row(PRESS, "running", T0 + s * SECOND, value) for s, value in ((0, 1.0), (100, 0.0), (400, 1.0))]
    log.append(
        Stream.READINGS,
        partition_of(LINE, log.partitions(Stream.READINGS)),
        LINE.encode(),
        encode_readings(frame_of(rows)),
    ).result(10.0)
    tell(log, (PRESS, "correction", 150, {"state": "stopped", "reason": "jam", "until": T0 / SECOND + 250}))

    found = causes_of(log, LINE, T0, T0 + 1000 * SECOND, plant).stops_s

    assert by_reason(found) == {"jam": 100.0, UNREPORTED: 200.0}


def test_what_lies_outside_the_window_does_not_count(log: Log) -> None:
    tell(log, (PRESS, "state", 0, {"state": "down", "reason": "jam"}), (PRESS, "state", 100, {"state": "running"}))

    assert stops(log, 40, 60) == [Cause(PRESS, "jam", "", 20.0)]
    assert stops(log, 100, 200) == []


def test_a_stop_without_an_end_goes_on(log: Log) -> None:
    tell(log, (OVEN, "state", 900, {"state": "fault", "reason": "burner"}))

    assert stops(log) == [Cause(OVEN, "burner", "", 100.0)]


def test_another_lines_events_in_the_same_record_do_not_count(log: Log) -> None:
    other = "plant/hall1/line10/press"
    tell(log, (PRESS, "reject", 5, {"reason": "burr"}), (other, "reject", 5, {"reason": "burr"}))

    assert causes_of(log, LINE, T0, T0 + 100 * SECOND).rejects == [Cause(PRESS, "burr", "", 1.0)]


def test_an_event_that_came_twice_counts_once(log: Log) -> None:
    said = (PRESS, "reject", 5, {"reason": "burr", "count": 2})
    tell(log, said)
    tell(log, said)

    assert causes_of(log, LINE, T0, T0 + 100 * SECOND).rejects == [Cause(PRESS, "burr", "", 2.0)]


@pytest.mark.parametrize("until", [(T0 + 40 * SECOND) / 1e9, "2023-11-14T22:14:40+00:00"])
def test_a_correction_takes_the_place_of_what_it_covers(log: Log, until: float | str) -> None:
    tell(
        log,
        (PRESS, "state", 10, {"state": "stopped", "reason": "jam"}),
        (PRESS, "state", 70, {"state": "producing"}),
        (PRESS, "correction", 20, {"state": "planned_stop", "reason": "cleaning", "until": until}),
    )

    assert stops(log) == [Cause(PRESS, "jam", "", 40.0)]


def test_a_correction_can_tell_another_reason_until_the_next_state(log: Log) -> None:
    tell(
        log,
        (PRESS, "state", 10, {"state": "stopped"}),
        (PRESS, "state", 70, {"state": "producing"}),
        (PRESS, "correction", 10, {"state": "breakdown", "reason": "hydraulics", "until": "soon"}),
    )

    assert stops(log) == [Cause(PRESS, "hydraulics", "", 60.0)]


def test_rejects_count_by_reason_and_by_station(log: Log) -> None:
    tell(
        log,
        (PRESS, "reject", 1, {"reason": "burr"}),
        (PRESS, "reject", 2, {"reason": "burr", "count": 3}),
        (OVEN, "reject", 3, {"reason": "crack"}),
        (OVEN, "count", 4, {"scrap": 2, "reason": "crack", "station": "audit"}),
        (OVEN, "count", 5, {"good": 2}),
    )

    rejects = causes_of(log, LINE, T0, T0 + 100 * SECOND).rejects

    assert by_reason(rejects) == {"burr": 4.0, "crack": 3.0}
    assert by_station(rejects) == {"press": 4.0, "oven": 1.0, "audit": 2.0}
