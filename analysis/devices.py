"""How each device has been doing lately, from its readings on the log: what a metric can't say, since it depends on when rows came.

Read are the newest rows of each partition. A device is an asset; its clock and rhythm are those of the rows that it sent.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from fieldline.errors import FrameError
from fieldline.frames import Quality, Readings
from fieldline.log import Log, Stream
from fieldline.plant import Plant
from fieldline.readable import readings_in

MOST_ROWS = 1_000_000
"""Rows of a partition that are read at most."""

_SECOND_NS = 1e9
_DAY_NS = 86_400 * _SECOND_NS
_RESTART = 1000
"""A sequence number that lies further back than this, or at 1, is a counter that began anew."""
_FLAT_SAMPLES = 20
_FLAT_S = 600.0
"""So many equal samples over so long are a flat line."""
_LIVE_NS = 600 * _SECOND_NS
"""A row that came later than this after its time is a backlog: it says nothing of the clock."""
_DRIFT_NS = 600 * _SECOND_NS


class Device(NamedTuple):
    """One device, since `since` [ns UTC].

    begins : since when its rows were looked at [ns UTC]; last_seen : when its newest row came [ns UTC]; rows : that came
    rate_hz : rows a second of its fastest tag
    of_expected : the smallest share of the rows that were due by `expected_rate_hz`, and `expected_tag`; None: nothing is declared
    clock_offset_s : its clock behind ours, with the way of the quickest rows [s]; drift_s_per_day : by how much more each day; None: it
    sends no times, or not for long enough
    missing : sequence numbers that did not come; duplicates : rows of a series and time that came before
    texts : where numbers belong; outside : readings beyond `low` or `high`; bad : of quality bad or stale
    flat : tags that told one value all the time, though they are no states or counters
    """

    asset: str
    begins: int
    last_seen: int
    rows: int
    rate_hz: float
    of_expected: float | None
    expected_tag: str
    clock_offset_s: float | None
    drift_s_per_day: float | None
    missing: int
    duplicates: int
    texts: int
    outside: int
    bad: int
    flat: list[str]


class Looked(NamedTuple):
    """devices : by path; since : from when on rows are looked at [ns UTC]; is_cut : whether not all since then were read."""

    devices: list[Device]
    since: int
    is_cut: bool


def look(log: Log, plant: Plant, since: int, now: int) -> Looked:
    """The devices of all partitions whose rows came since a moment [ns UTC]. Raises Unavailable."""
    devices: list[Device] = []
    is_cut = False
    for partition in range(log.partitions(Stream.READINGS)):
        blocks, is_all = _newest(log, partition, since)
        is_cut |= not is_all
        oldest = min((int(block.received.min()) for block in blocks if len(block.time)), default=since)
        by_asset: dict[str, list[_Rows]] = {}
        for block in blocks:
            for asset, rows in _of_assets(block, since):
                by_asset.setdefault(asset, []).append(rows)
        devices += [_device(asset, _joined(parts), plant, max(since, oldest), now) for asset, parts in by_asset.items()]
    return Looked(sorted(devices, key=lambda device: device.asset), since, is_cut)


def _newest(log: Log, partition: int, since: int) -> tuple[list[Readings], bool]:
    """Records appended since a moment, from the newest back, as many as may be, and whether these are all."""
    first, end = log.bounds(Stream.READINGS, partition)
    blocks: list[Readings] = []
    rows, step = 0, 256
    while end > first:
        start = max(first, end - step)
        for record in reversed(list(log.read(Stream.READINGS, partition, start, end))):
            if record.appended_ns < since:
                return blocks, True
            if rows >= MOST_ROWS:
                return blocks, False
            with suppress(FrameError):
                blocks.append(readings_in(record))
                rows += len(blocks[-1].time)
        end, step = start, min(step * 2, 4096)
    return blocks, True


class _Rows(NamedTuple):
    """Rows of one asset. tag : numbers of `names`; seq : −1 where a row has none."""

    time: np.ndarray
    received: np.ndarray
    tag: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    seq: np.ndarray
    names: list[str]


def _of_assets(block: Readings, since: int) -> Iterator[tuple[str, _Rows]]:
    seq = block.seq if block.seq is not None else np.full(len(block.time), -1, np.int64)
    order = np.argsort(block.asset, kind="stable")
    bounds = np.searchsorted(block.asset[order], np.arange(len(block.assets) + 1))
    for code, asset in enumerate(block.assets):
        mine = order[bounds[code] : bounds[code + 1]]
        mine = mine[block.received[mine] >= since]
        if len(mine):
            columns = (
                column[mine] for column in (block.time, block.received, block.tag, block.value, block.quality, seq)
            )
            yield asset, _Rows._make([*columns, block.tags])


def _joined(parts: list[_Rows]) -> _Rows:
    """Rows of several records, whose tags have numbers in common then, by when they came."""
    names = sorted({name for part in parts for name in part.names})
    number = {name: code for code, name in enumerate(names)}
    tags = [np.array([number[name] for name in part.names], np.int64)[part.tag] for part in parts]
    columns = [np.concatenate([part[k] for part in parts]) for k in range(6)]
    columns[2] = np.concatenate(tags)
    order = np.lexsort((columns[0], columns[1]))
    return _Rows._make([*(column[order] for column in columns), names])


def _device(asset: str, rows: _Rows, plant: Plant, since: int, now: int) -> Device:
    span_s = max((now - since) / _SECOND_NS, 1.0)
    keys = np.stack([rows.tag, rows.time])
    distinct = len(np.unique(keys, axis=1).T)
    counts = np.bincount(rows.tag, minlength=len(rows.names))
    shares = [
        (counts[code] / (rate * span_s), name)
        for code, name in enumerate(rows.names)
        if counts[code] and (rate := plant.tag_info(asset, name).expected_rate_hz) == rate
    ]
    share, tag = min(shares, default=(None, ""))
    offset, drift = _clock(rows)
    return Device(
        asset,
        since,
        int(rows.received.max()),
        len(rows.time),
        float(counts.max() / span_s),
        None if share is None else float(share),
        tag,
        offset,
        drift,
        _missing(rows),
        len(rows.time) - distinct,
        *_useless(asset, rows, counts, plant),
    )


def _clock(rows: _Rows) -> tuple[float | None, float | None]:
    """How far the device's clock is behind ours [s], and its drift [s a day]: between the quickest rows of the first and the last quarter.

    A row's way takes time, never less than none: the quickest of many say most of the clock. Rows whose time is that of their
    reception tell nothing.
    """
    behind = (rows.received - rows.time).astype(np.float64)
    told = (np.abs(behind) > 1e6) & (behind < _LIVE_NS)  # a time of reception is the reception's, to the millisecond
    if np.count_nonzero(told) < 2:
        return None, None
    at, behind = rows.received[told], behind[told]
    quarter = max(len(at) // 4, 1)
    first, last = (slice(0, quarter), slice(len(at) - quarter, None))
    offset = float(behind[last].min() / _SECOND_NS)
    apart = float(np.median(at[last]) - np.median(at[first]))
    if apart < _DRIFT_NS:
        return offset, None
    return offset, float((behind[last].min() - behind[first].min()) / _SECOND_NS / (apart / _DAY_NS))


def _missing(rows: _Rows) -> int:
    """Numbers of messages that are passed over; a message has one for all its rows, a number far back begins anew."""
    numbers = rows.seq[rows.seq >= 0]
    if not len(numbers):
        return 0
    newest = np.maximum.accumulate(numbers)
    anew = np.zeros(len(numbers), bool)
    anew[1:] = (numbers[1:] < newest[:-1] - _RESTART) | ((numbers[1:] <= 1) & (newest[:-1] > 1))
    missing = 0
    for part in np.split(numbers, np.flatnonzero(np.diff(anew.astype(np.int8)) == 1) + 1):
        missing += int(part.max() - part.min() + 1 - len(np.unique(part)))
    return missing


def _useless(asset: str, rows: _Rows, counts: np.ndarray, plant: Plant) -> tuple[int, int, int, list[str]]:
    """Texts where numbers belong, readings outside, of a bad quality, flat tags."""
    texts = outside = 0
    flat = []
    for code, name in enumerate(rows.names):
        if not counts[code]:
            continue
        if name.startswith("@"):
            is_text = name.startswith("@text/") and plant.tag_info(asset, name.removeprefix("@text/")).is_number
            texts += int(counts[code]) if is_text else 0
            continue
        info, mine = plant.tag_info(asset, name), rows.tag == code
        value, time = rows.value[mine], rows.time[mine]
        outside += int(np.count_nonzero((value < info.low) | (value > info.high)))
        is_long = len(value) >= _FLAT_SAMPLES and (time.max() - time.min()) / _SECOND_NS >= _FLAT_S
        if is_long and value.min() == value.max() and info.unit is not None and not info.may_rest:
            flat.append(name)
    return texts, outside, int(np.count_nonzero(rows.quality > Quality.UNCERTAIN)), flat
