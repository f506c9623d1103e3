"""What a log has of a tag around a moment, and readings as events correct them."""

import json

import numpy as np
import pytest

from analysis.evidence import Sought, read_evidence
from analysis.heard import Heard, can_be_read, heard
from fieldline.frames import Readings, encode_readings, event_value
from fieldline.log import Stream
from fieldline.plant import Plant
from tests.analysis.written_log import START_NS, WrittenLog, readings

SECOND = 1_000_000_000
LINE = "a/b/c"
OVEN = f"{LINE}/oven"


def put_readings(written: WrittenLog, values: list[float]) -> None:
    """One reading a second of the oven, as ingest keys them."""
    written.log.append(Stream.READINGS, 0, LINE.encode(), readings(OVEN, values)).result(10)


def put_event(written: WrittenLog, second: int, **attributes: object) -> None:
    """An event about a reading of the oven, at a second after the start."""
    payload = json.dumps(attributes, sort_keys=True).encode()
    time = np.array([START_NS + second * SECOND], np.int64)
    zero = np.zeros(1, np.int32)
    value = np.array([event_value(payload)])
    frame = Readings(time, time, zero, zero, value, np.zeros(1, np.uint8), [OVEN], ["@reading"], payload=[payload])
    written.log.append(Stream.READINGS, 0, LINE.encode(), encode_readings(frame)).result(10)


def test_a_tags_reading_and_those_beside_it_are_found(written: WrittenLog) -> None:
    put_readings(written, [1.0, 2.0, 3.0])

    at = [heard(written.url, Plant(), OVEN, "power_kw", START_NS + second * SECOND) for second in (1, 7)]

    assert at[0] == Heard(2.0, START_NS, START_NS + 2 * SECOND)
    assert at[1] == Heard(None, START_NS + 2 * SECOND, None)
    assert not heard(written.url, Plant(), OVEN, "power_kwh", START_NS).is_anything
    assert can_be_read(written.url) and not can_be_read("sqlite:no/such/file.db")


def test_what_events_say_of_readings_stands_in_their_place_and_is_told(written: WrittenLog) -> None:
    put_readings(written, [1.0, 2.0, 3.0, 4.0])
    put_event(written, 1, tag="power_kw", value=20.0, recorded=1_767_300_000)
    put_event(written, 2, tag="power_kw", phase="withdrawn", recorded=1_767_300_000)
    put_event(written, 3, tag="power_kw", value=9.0, recorded=1_767_300_000)
    put_event(written, 3, tag="power_kw", phase="void", recorded=1_767_300_001)
    put_event(written, 9, tag="power_kw", value=9.0)

    (found,) = read_evidence(written.log, [Sought(LINE, lambda *_: (0, 0), START_NS, START_NS + 60 * SECOND)])

    assert [value for _, value in found.series[OVEN, "power_kw"].usable()] == [1.0, 20.0, 4.0]
    told = [((one.time - START_NS) // SECOND, one.was, one.value) for one in found.corrections]
    assert told == [(1, 2.0, 20.0), (2, 3.0, pytest.approx(float("nan"), nan_ok=True))]
