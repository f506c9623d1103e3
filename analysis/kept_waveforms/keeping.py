"""Keeps what the log has of waveforms, before its retention takes them.

What is kept is a function of what lies on the log: its waveforms and what events tell of their machines. So keeping again adds what came
late and changes nothing else. The newest stay undecided, and on the log alone, until what may happen around them is known.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from analysis.corrected import READING
from analysis.evidence import Sought, read_evidence
from analysis.kept_waveforms.rule import REGULAR, Point, Rule, reasons
from analysis.kept_waveforms.store import Kept, Store
from analysis.maintenance.lives import Told, told_of_maintenance
from analysis.waveforms import TAG, speeds_at
from fieldline.errors import FrameError
from fieldline.frames import Quality, Readings
from fieldline.log import Log, Stream
from fieldline.plant import Plant
from fieldline.plantfile import MachineEntry
from fieldline.readable import readings_in
from processing.formulas.severity import ZONES
from processing.operators.vibration import FAULT_NAMES, INPUTS, formula
from processing.vibration.features import FEATURES, features

_SEVERE = 3.0
"""Zone C, from which on a machine should not run for long."""


class Place(NamedTuple):
    """Where a waveform lies on the log: partition and offset of its record; value : the number that stands for its payload."""

    value: float
    partition: int
    offset: int


class Account(NamedTuple):
    """What became of an asset's waveforms.

    seen : those on the log; undecided : of them too new; regular, around : those in the store now, by why; added : by this keeping
    days_dropped : files that were too old
    """

    asset: str
    seen: int
    undecided: int
    added: int
    regular: int
    around: int
    days_dropped: int


def keep(log: Log, plant: Plant, store: Store, rule: Rule, now_ns: int) -> Iterator[Account]:
    """Keep waveforms of all assets, one asset after the other. now_ns : what began within `around` before it is too new.

    Reads the log some three times. Memory grows with the number of waveforms, not with their length. Raises SettingsError, Unavailable.
    """
    places, told = _waveforms(log), told_of_maintenance(log)
    speeds = _speeds(log, plant, places)
    with store.alone():
        for asset, mine in sorted(places.items()):
            times = np.array(sorted(mine), np.int64)
            shafts = dict(zip(times.tolist(), speeds[asset], strict=True))
            points = [*_severe(log, plant, asset, mine, shafts), *_happened(asset, told)]
            why = dict(zip(times.tolist(), reasons(times, points, rule), strict=True))
            there = set(store.times(asset).tolist())
            new = [time for time, said in why.items() if said and time < now_ns - rule.around_ns and time not in there]
            store.put(
                asset, [Kept(time, shafts[time], why[time], _payload(log, asset, time, mine[time])) for time in new]
            )
            yield _account(store, asset, rule, times, now_ns, len(new))


def _account(store: Store, asset: str, rule: Rule, times: np.ndarray, now_ns: int, added: int) -> Account:
    kept = store.times(asset)
    dropped = 0
    if rule.days is not None and len(kept):
        # By the asset's own newest waveform: a clock that jumps, or a machine that stands, costs none.
        dropped = store.drop_before(asset, int(kept[-1]) - rule.days * 86_400_000_000_000)
    whys = store.reasons(asset)
    regular, undecided = whys.count(REGULAR), int((times >= now_ns - rule.around_ns).sum())
    return Account(asset, len(times), undecided, added, regular, len(whys) - regular, dropped)


def _rows(frame: Readings) -> Iterator[tuple[str, int, int]]:
    """Asset, time and number of each usable waveform row."""
    if TAG not in frame.tags or frame.payload is None:
        return
    for row in np.flatnonzero((frame.tag == frame.tags.index(TAG)) & (frame.quality <= Quality.UNCERTAIN)).tolist():
        if frame.payload[row] is not None:
            yield frame.assets[frame.asset[row]], int(frame.time[row]), row


def _waveforms(log: Log) -> dict[str, dict[int, Place]]:
    """Where waveforms lie, by asset and time; of several of one time the one that counts."""
    found: dict[str, dict[int, Place]] = {}
    for partition in range(log.partitions(Stream.READINGS)):
        for record in log.read(Stream.READINGS, partition, *log.bounds(Stream.READINGS, partition)):
            with suppress(FrameError):  # a record that can't be read is a dead letter of the process stage
                frame = readings_in(record)
                for asset, time, row in _rows(frame):
                    place = Place(float(frame.value[row]), partition, record.offset)
                    mine = found.setdefault(asset, {})
                    mine[time] = min(place, mine.get(time, place))
    return found


def _speeds(log: Log, plant: Plant, places: Mapping[str, Mapping[int, Place]]) -> dict[str, list[float]]:
    """How fast each shaft turned at its waveforms in the order of time [Hz]; NaN where that is not known."""
    found, by_line = dict[str, list[float]](), dict[str, dict[str, tuple[str, int]]]()
    for asset, mine in places.items():
        machine = plant.asset_info(asset).machine or MachineEntry()
        found[asset] = [machine.shaft_hz] * len(mine)
        if machine.speed_tag is not None:
            hold = int(plant.tag_info(asset, machine.speed_tag).max_gap_s * 1e9)
            by_line.setdefault(plant.line_of(asset), {})[asset] = machine.speed_tag, hold
    sought = [_speed_sought(line, tags, places) for line, tags in by_line.items()]
    for tags, evidence in zip(by_line.values(), read_evidence(log, sought) if sought else [], strict=True):
        for asset, (tag, _) in tags.items():
            rows = evidence.series.get((asset, tag))
            usable = rows.usable() if rows is not None else []
            found[asset] = speeds_at(plant, asset, usable, sorted(places[asset]))
    return found


def _speed_sought(line: str, tags: Mapping[str, tuple[str, int]], places: Mapping[str, Mapping[int, Place]]) -> Sought:
    def choose(asset: str, its: str) -> tuple[int, int] | None:
        tag, hold = tags.get(asset, ("", 0))
        return (hold, 0) if tag and its in (tag, f"{READING}/{tag}") else None

    times = [time for asset in tags for time in places[asset]]
    return Sought(line, choose, min(times), max(times) + 1)


def _severe(
    log: Log, plant: Plant, asset: str, places: Mapping[int, Place], shafts: Mapping[int, float]
) -> list[Point]:
    """Waveforms that say that something is wrong, by the formula of `vibration`: a zone from C on, or a fault that is named."""
    machine = plant.asset_info(asset).machine
    if machine is None or not places:
        return []
    times = sorted(places)
    told = np.stack([features(_payload(log, asset, time, places[time]), machine, shafts[time]) for time in times])
    said = dict(zip(FEATURES, told.T, strict=True))
    found = formula(_inputs(said, machine.numbers, len(times)))
    points = []
    for time, zone, fault in zip(times, found["zone"].tolist(), found["fault"].tolist(), strict=True):
        if fault > 0:
            points.append(Point(time, f"{FAULT_NAMES[int(fault)]} named"))
        elif zone >= _SEVERE:
            points.append(Point(time, f"zone {ZONES[int(zone) - 1]}"))
    return points


def _inputs(said: Mapping[str, np.ndarray], numbers: Mapping[str, float], n: int) -> dict[str, np.ndarray]:
    """What the formula reads, of windows of one waveform each."""
    given = {}
    for name, text in INPUTS.items():
        statistic, _, of = text.removesuffix(")").partition("(")
        if statistic == "count":
            given[name] = np.isfinite(said[of]).astype(np.float64)
        elif of:
            given[name] = said[of]
        else:
            given[name] = np.full(n, numbers[text.removeprefix("asset.")])
    return given


def _happened(asset: str, told: Mapping[str, Sequence[Told]]) -> list[Point]:
    """What events tell of an asset, and of what it is a part of."""
    return [
        Point(event.time, event.kind)
        for whose, events in told.items()
        if asset == whose or asset.startswith(f"{whose}/")
        for event in events
    ]


def _payload(log: Log, asset: str, time: int, place: Place) -> bytes:
    (record,) = log.read(Stream.READINGS, place.partition, place.offset, place.offset + 1)
    frame = readings_in(record)
    found = [
        (float(frame.value[row]), payload)
        for whose, when, row in _rows(frame)
        if (whose, when) == (asset, time) and frame.payload is not None and (payload := frame.payload[row]) is not None
    ]
    return min(found)[1]
