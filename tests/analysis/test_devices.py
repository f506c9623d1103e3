"""How devices have been doing, from rows on a log: each figure has its working in numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from analysis.devices import Device, look
from cli.answers.devices import devices
from fieldline.frames import Readings, encode_readings, payload_digest
from fieldline.log import Stream
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.settings import Settings
from tests.analysis.written_log import START_NS, WrittenLog

SECOND, MINUTE = 1_000_000_000, 60_000_000_000
PUMP = "plant/hall1/line1/pump"
HOUR = 60 * MINUTE


class Row:
    """A row: time and reception in seconds after the start."""

    def __init__(self, at: float, value: float = 1.0, tag: str = "power_kw", *, late: float = 0.0, **more: Any) -> None:
        self.time, self.received = START_NS + round(at * SECOND), START_NS + round((at + late) * SECOND)
        self.value, self.tag, self.asset = value, tag, more.get("asset", PUMP)
        self.seq, self.quality, self.payload = more.get("seq", -1), more.get("quality", 0), more.get("payload")


def put(written: WrittenLog, rows: Sequence[Row], size: int = 7) -> None:
    """Append rows in records of `size`."""
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        assets, tags = sorted({row.asset for row in part}), sorted({row.tag for row in part})
        payloads = [row.payload for row in part]
        frame = Readings(
            np.array([row.time for row in part], np.int64),
            np.array([row.received for row in part], np.int64),
            np.array([assets.index(row.asset) for row in part], np.int32),
            np.array([tags.index(row.tag) for row in part], np.int32),
            np.array([payload_digest(row.payload) if row.payload else row.value for row in part], np.float64),
            np.array([row.quality for row in part], np.uint8),
            assets,
            tags,
            np.array([row.seq for row in part], np.int64),
            payloads if any(payloads) else None,
        )
        headers = {"rows": str(len(part)).encode()}
        written.log.append(Stream.READINGS, 0, b"", encode_readings(frame), headers).result(10)


def found(written: WrittenLog, plant: Plant | None = None, now: int = START_NS + HOUR) -> dict[str, Device]:
    return {device.asset: device for device in look(written.log, plant or Plant(), START_NS, now).devices}


def test_a_device_that_does_as_it_should_has_nothing_to_be_said(written: WrittenLog) -> None:
    put(written, [Row(k, 40.0 + k % 3, seq=k) for k in range(3600)], 100)
    plant = Plant(PlantFile(asset=(AssetEntry(path=PUMP, tags={"power_kw": TagEntry(expected_rate_hz=1.0, low=0.0)}),)))

    (pump,) = found(written, plant).values()
    document = devices(Settings(log=written.url), plant, START_NS, START_NS + HOUR).pieces[2]

    assert (pump.rows, pump.rate_hz, pump.of_expected, pump.expected_tag) == (3600, 1.0, 1.0, "power_kw")
    assert pump.last_seen == START_NS + 3599 * SECOND
    assert pump[8:] == (None, 0, 0, 0, 0, 0, [])
    assert document.value[0]["said"] == []


def test_the_rate_is_that_of_the_tag_with_the_fewest_of_the_rows_that_are_due(written: WrittenLog) -> None:
    put(written, [Row(k, k % 3, tag) for k in range(0, 3600, 10) for tag in ("power_kw", "temp_degc")])
    tags = {"power_kw": TagEntry(expected_rate_hz=0.1), "temp_degc": TagEntry(expected_rate_hz=0.5)}

    (pump,) = found(written, Plant(PlantFile(asset=(AssetEntry(path=PUMP, tags=tags),)))).values()

    assert pump.expected_tag == "temp_degc"
    assert pump.of_expected == pytest.approx(360 / 1800)


@pytest.mark.parametrize("per_day", [0.0, 86.4, -86.4])
def test_a_clock_is_told_by_the_quickest_rows(written: WrittenLog, per_day: float) -> None:
    """3 s behind at first, every seventh row takes 20 ms and all others up to 4 s; a backlog of 20 minutes is none of the clock's."""
    ways = [0.02 if k % 7 == 0 else 0.5 + k % 4 for k in range(1800)]
    put(written, [Row(2 * k, k % 5, late=3 + per_day * 2 * k / 86_400 + way) for k, way in enumerate(ways)], 100)
    put(written, [Row(3000 + k / 10, 1.0, "temp_degc", late=1200.0) for k in range(50)])

    (pump,) = found(written, now=START_NS + 2 * HOUR).values()

    assert pump.drift_s_per_day == pytest.approx(per_day, abs=3.0)
    assert pump.clock_offset_s == pytest.approx(3.02 + per_day * 3150 / 86_400, abs=0.6)


def test_a_device_without_times_of_its_own_has_no_clock(written: WrittenLog) -> None:
    put(written, [Row(k, k % 5) for k in range(100)])

    assert found(written)[PUMP].clock_offset_s is None


def test_numbers_that_did_not_come_are_missing_whatever_their_order_and_a_counter_may_begin_anew(
    written: WrittenLog,
) -> None:
    numbers = [5000, 5001, 5004, 5003, 5003, 5009, 1, 2, 4]  # 5002, 5005 to 5008, 3
    put(written, [Row(k, k % 5, seq=number) for k, number in enumerate(numbers)])

    assert found(written)[PUMP].missing == 6


def test_what_is_wrong_with_values_is_counted(written: WrittenLog) -> None:
    entry = TagEntry(low=0.0, high=50.0)
    plant = Plant(PlantFile(asset=(AssetEntry(path=PUMP, tags={"power_kw": entry}),)))
    rows = [Row(k * 30, 20.0 + k % 3) for k in range(40)]
    rows += [Row(1, 60.0), Row(2, -1.0), Row(30, 21.0), Row(60, 22.0), Row(61, 3.0, quality=2)]
    rows += [Row(5, tag="@text/power_kw", payload=b"n/a"), Row(6, tag="@text/recipe", payload=b"A 7")]
    rows += [Row(k * 30, 7.0, "temp_degc") for k in range(40)]
    rows += [Row(k * 30, 7.0, "energy_kwh") for k in range(40)]  # a machine that draws nothing
    put(written, rows)

    pump = found(written, plant)[PUMP]

    assert (pump.outside, pump.duplicates, pump.bad, pump.texts, pump.flat) == (2, 2, 1, 1, ["temp_degc"])


def test_only_what_came_since_is_looked_at_and_each_device_by_itself(written: WrittenLog) -> None:
    put(written, [Row(k, k % 5, asset=f"{PUMP}{k % 3}") for k in range(300)])

    looked = look(written.log, Plant(), START_NS + 150 * SECOND, START_NS + 300 * SECOND)

    assert [(device.asset, device.rows) for device in looked.devices] == [(f"{PUMP}{k}", 50) for k in range(3)]
    assert not looked.is_cut
