"""Sessions: against a twin that merges whatever overlaps, and of readings as they lie on a log."""

from random import Random

import numpy as np
import pytest

from analysis.overview.sessions import Wanted, first_of_sessions, sessions_of
from fieldline.errors import SettingsError
from fieldline.frames import encode_readings
from fieldline.log import Stream
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from tests.analysis.written_log import START_NS, WrittenLog
from tests.processing.engine_rig import SECOND, Row, frame_of
from tests.twins.windowing import session_windows

PRESS = "plant/hall1/line1/press"
TAG = "pressure_bar"
MINUTE = 60 * SECOND
ALL = Wanted(PRESS, TAG, START_NS, START_NS + 86_400 * SECOND, 5 * MINUTE)


@pytest.mark.parametrize("seed", range(4))
def test_sessions_are_what_is_left_when_all_that_overlaps_or_touches_is_merged(seed: int) -> None:
    random = Random(seed)
    times = [random.randrange(-200, 200) for _ in range(30)]
    ascending = np.sort(times)

    first = first_of_sessions(ascending, 10)

    sessions = [(int(e[0]), int(e[-1]) + 10, len(e)) for e in np.split(ascending, first[1:])]
    assert sessions == session_windows(times, 10, touching=True)


def test_no_reading_begins_no_session() -> None:
    assert first_of_sessions(np.empty(0, np.int64), 10).tolist() == []


def put(written: WrittenLog, *samples: tuple[int, float, int], tag: str = TAG) -> None:
    """Readings of the press: seconds after the start, value, quality."""
    rows = [Row(PRESS, tag, START_NS + second * SECOND, value, quality) for second, value, quality in samples]
    written.log.append(Stream.READINGS, 0, b"", encode_readings(frame_of(rows))).result(10)


def test_a_pause_longer_than_the_gap_ends_a_session_and_bad_readings_bridge_none(written: WrittenLog) -> None:
    # 300 s is no pause, 301 s is; the bad reading amid the pause, the NaN and the copy count nothing.
    put(written, (601, 5.0, 0), (0, 1.0, 0), (300, 3.0, 1), (450, 9.0, 2), (460, float("nan"), 0))
    put(written, (300, 3.0, 1), (602, 7.0, 0))
    put(written, (450, 1.0, 0), tag="speed")

    found = sessions_of(ALL, Plant(), written.log)

    first, second = found
    assert first == (Moment(START_NS, "UTC"), Moment(START_NS + 300 * SECOND, "UTC"), 2, 2.0, 1.0, 3.0)
    assert second == (Moment(START_NS + 601 * SECOND, "UTC"), Moment(START_NS + 602 * SECOND, "UTC"), 2, 6.0, 5.0, 7.0)
    assert (first.length_s, second.length_s) == (300.0, 1.0)


def test_only_readings_of_the_span_count(written: WrittenLog) -> None:
    put(written, *((second, float(second), 0) for second in range(0, 100, 10)))

    (one,) = sessions_of(ALL._replace(start=START_NS + 20 * SECOND, stop=START_NS + 50 * SECOND), Plant(), written.log)

    assert (one.samples, one.least, one.most) == (3, 20.0, 40.0)


def test_what_the_log_has_no_reading_of_is_told(written: WrittenLog) -> None:
    put(written, (0, 1.0, 0))
    made = Plant(PlantFile(asset=(AssetEntry(path=PRESS, tags={"twice": TagEntry(formula="2 * pressure_bar")}),)))

    with pytest.raises(SettingsError, match="no reading of plant/hall1/line1/press speed then"):
        sessions_of(ALL._replace(tag="speed"), Plant(), written.log)
    with pytest.raises(SettingsError, match="twice is calculated, so the log has no reading of it"):
        sessions_of(ALL._replace(tag="twice"), made, written.log)
