"""Whether a device shows that it has done what it was told: by a tag of its own, see `AcknowledgedEntry`."""

import numpy as np

from delivery.commands.history import Told
from delivery.commands.steps import Step
from fieldline.errors import FrameError
from fieldline.frames import Quality, Readings
from fieldline.log import Log, Stream
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.plantfile.commands import AcknowledgedEntry
from fieldline.readable import readings_in


def readings_end(log: Log, plant: Plant, asset: str) -> int:
    """Where the readings of an asset's line end: what acknowledges a command comes behind it."""
    return log.bounds(Stream.READINGS, _partition(log, plant, asset))[1]


def acknowledged_at(log: Log, plant: Plant, rule: AcknowledgedEntry, told: Told) -> int | None:
    """When the reading that acknowledges a command was received; None while there is none [ns UTC].

    It was taken and received after the command was sent, so a reading that was on its way before is none. Goes on where it was before.
    """
    asset, sending = told.command.asset, told.step(Step.SENDING)
    if sending is None:
        return None
    partition, line = _partition(log, plant, asset), plant.line_of(asset).encode()
    first, end = log.bounds(Stream.READINGS, partition)
    told.looked = max(told.looked, sending.readings or 0, first)
    for record in log.read(Stream.READINGS, partition, told.looked, end):
        told.looked = record.offset + 1
        if record.key and record.key != line:
            continue
        try:
            found = _in_rows(readings_in(record), rule, told, sending.at_ns)
        except FrameError:
            continue  # the process stage sets it aside
        if found is not None:
            return found
    return None


def _in_rows(rows: Readings, rule: AcknowledgedEntry, told: Told, since_ns: int) -> int | None:
    asset = told.command.asset
    tag = f"@text/{rule.tag}" if rule.is_by_id else rule.tag
    if asset not in rows.assets or tag not in rows.tags:
        return None
    mine = (rows.asset == rows.assets.index(asset)) & (rows.tag == rows.tags.index(tag))
    # Many devices tell whole seconds.
    mine &= (rows.time >= since_ns // 10**9 * 10**9) & (rows.received >= since_ns) & (rows.quality == Quality.GOOD)
    if not rule.is_by_id:
        mine &= rows.value == rule.value(told.command.action)
    for at in np.flatnonzero(mine):
        payload = rows.payload[at] if rows.payload is not None else None
        if not rule.is_by_id or payload == told.command.id.encode():
            return int(rows.received[at])
    return None


def _partition(log: Log, plant: Plant, asset: str) -> int:
    return partition_of(plant.line_of(asset), log.partitions(Stream.READINGS))
