"""Whatever is edited between restarts, and whatever the log has forgotten: nothing is lowered, and the rest is as if it had always been so."""

import os
import tempfile
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from fieldline.frames import Readings
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import (
    AssetEntry,
    CalendarEntry,
    PlantFile,
    RotaEntry,
    ShiftEntry,
    SiteEntry,
    TagEntry,
    TariffEntry,
)
from processing.metric_rows import MetricRows
from processing.operators import energy, machine, order, telemetry
from processing.timeline.timing import Timing
from tests.processing.engine_rig import SECOND, EngineRig, Row, frame_of

_EXAMPLES = int(os.environ.get("FIELDLINE_TEST_EXAMPLES", "12"))
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
DAY0 = 1_699_920_000 * SECOND  # 2023-11-14 00:00 UTC
LINE1, LINE2 = "plant/hall/line1", "plant/hall/line2"
OVEN, METER, SAW = f"{LINE1}/oven", f"{LINE1}/meter", f"{LINE2}/saw"
HOURS = 30
_LENGTHS = {"1m": MINUTE, "15m": 15 * MINUTE, "1h": HOUR}
_OPERATORS = (telemetry.COMPONENT, energy.COMPONENT, machine.COMPONENT, order.COMPONENT)
_WINDOWS = (("1m", "15m", "1h"), ("1h", "day", "shift"), ("1m", "15m", "1h", "day", "week", "month", "shift", "order"))


def plant(gap: float, unit: str, shift: str, price: float, zone: str, other: float, crews: dict[str, int]) -> Plant:
    """A plant file; all but `other` are about the first line. crews : none: a calendar without a rota."""
    rota = RotaEntry(anchor=date(2023, 11, 13), pattern=(shift, "night"), crews=crews) if crews else None
    shifts = tuple(
        ShiftEntry(name=name, start=start, end=end)
        for name, start, end in ((shift, "06:00", "18:00"), ("night", "18:00", "06:00"))
    )
    return Plant(
        PlantFile(
            site=(SiteEntry(path=LINE1, time_zone=zone),),
            asset=(
                AssetEntry(path=OVEN, tags={"power_kw": TagEntry(max_gap_s=gap)}),
                AssetEntry(path=METER, tags={"energy_kwh": TagEntry(kind="register", unit=unit)}),
                AssetEntry(path="plant/hall/line9/press", ideal_cycle_s=other),
            ),
            calendar=(CalendarEntry(path=LINE1, shift=shifts, rota=rota),),
            tariff=(TariffEntry(path=LINE1, currency="EUR", price=price),),
        )
    )


def told(random: Random) -> dict[str, Any]:
    """The settings of one start."""
    file = plant(
        random.choice([120.0, 300.0, 900.0]),
        random.choice(["kWh", "kWh", "Wh"]),
        random.choice(["early", "day"]),
        random.choice([0.1, 0.2]),
        random.choice(["UTC", "UTC", "UTC", "Asia/Tokyo"]),
        random.choice([1.0, 2.0]),
        random.choice([{}, {"A": 0, "B": 1}, {"B": 0, "A": 1}, {"A": 0}]),
    )
    horizon, settle = random.choice([2, 5, 12]) * HOUR, random.choice([0, SECOND])
    return {
        "plant": file,
        "operators": list(_OPERATORS[: random.choice([1, 2, 4, 4])]),
        "windows": random.choice(_WINDOWS),
        "timing": Timing(horizon=horizon, settle=settle),
    }


def readings(late: list[int]) -> tuple[list[Readings], dict[tuple[str, str], list[int]]]:
    """Frames of ten minutes; of the minutes `late` those of the oven come with the next frame. And the times of each series."""
    frames, times = [], dict[tuple[str, str], list[int]]()
    held: list[Row] = []
    for begin in range(0, HOURS * 60, 10):
        rows, held, next_ones = held, [], []
        for minute in range(begin, begin + 10):
            t = DAY0 + minute * MINUTE
            (next_ones if minute in late else rows).append(Row(OVEN, "power_kw", t, 10.0))
            rows.append(Row(SAW, "power_kw", t, 5.0))
        rows.append(Row(METER, "energy_kwh", t, float(begin)))
        held = next_ones
        frames.append(frame_of(rows, t))
        for row in rows:
            times.setdefault((row.asset, row.tag), []).append(row.time)
    return frames, times


class Watched(EngineRig):
    """An engine whose rows may not get less: of each that is overwritten it is looked whether it covers less than before."""

    lowered: list[Any]

    def keep(self, rows: MetricRows, keys: list[tuple[str, ...]]) -> None:
        before = {key: self.table[key] for key in keys if key in self.table}
        super().keep(rows, keys)
        for key, was in before.items():
            fields = self.table[key]
            if "retracted" in (was.keys() | fields.keys()):
                continue
            for name in ("count", "coverage") if key[3] in _LENGTHS else ():
                if name in was and np.frombuffer(fields[name])[0] < np.frombuffer(was[name])[0] - 1e-9:
                    self.lowered.append((key, name))


@pytest.fixture(scope="module")
def log() -> Iterator[SqliteLog]:
    with tempfile.TemporaryDirectory() as folder:
        log = SqliteLog(Path(folder) / "checkpoints.db")
        yield log
        log.close()


def concerned(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether the second line has anything to do with a change."""
    names = ("operators", "windows")
    return any(before[name] != after[name] for name in names)


@pytest.mark.parametrize("seed", range(_EXAMPLES))
def test_whatever_changes_nothing_is_lowered_and_what_the_log_holds_is_as_now_told(seed: int, log: SqliteLog) -> None:
    random = Random(seed)
    frames, times = readings([random.randrange(HOURS * 60) for _ in range(random.randrange(20))])
    starts = [told(random) for _ in range(random.choice([2, 2, 3, 4]))]
    at = [0, *sorted(random.randrange(6, len(frames) - 6) for _ in starts[1:]), len(frames)]
    rig = Watched(starts[0]["plant"], **{name: starts[0][name] for name in ("operators", "windows", "timing")}, log=log)
    rig.lowered = []
    since = {LINE1: -1, LINE2: -1}

    for number, (first, last) in enumerate(pairwise(at)):
        if number:
            rig.prune(max(random.randrange(-60, first), 0))
            rig.restart(**starts[number])
            if not concerned(starts[number - 1], starts[number]):
                assert [key for key in rig.emitted_since_restart if key[1].startswith(LINE2)] == []
            for done in rig.adapted:
                since[done.line] = max(since[done.line], done.since)
        rig.send(frames[first:last])
    rig.finish()

    assert rig.lowered == []
    missing = 0.0
    always = {name for name in _LENGTHS if all(name in start["windows"] for start in starts)}
    for key, fields in rig.table.items():
        if key[0] == "telemetry" and key[3] in always:
            start = int(key[4])
            inside = [t for t in times[key[1], key[2]] if start <= t < start + _LENGTHS[key[3]]]
            missing += len(inside) - np.frombuffer(fields["count"])[0] if key[3] == "1h" else 0
            assert np.frombuffer(fields["count"])[0] in range(len(inside) - rig.counts["late"], len(inside) + 1), key
    assert (
        missing <= rig.counts["late"]
    )  # rows whose slices the log had forgotten: counted, and nothing lowered by them
    if rig.counts["late"]:
        return
    final = {name: starts[-1][name] for name in ("operators", "windows", "timing")}
    want = EngineRig(starts[-1]["plant"], **final).send(frames).finish().table
    recent = {key for key in want if int(key[4]) >= since["/".join(key[1].split("/")[:3])]}
    assert [(key, want[key], rig.table.get(key)) for key in sorted(recent) if want[key] != rig.table.get(key)][:3] == []
