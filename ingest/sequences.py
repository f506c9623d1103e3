"""Devices' own numbers of their messages: which are missing, so that what was lost before it came to us is seen too.

A broker that is killed may have acknowledged messages that it forgets. Nobody behind it can know, unless the device counts.
"""

from ingest.rows import Rows

_MOST_ASSETS = 50_000
_MOST_MISSING = 1000
_RESTART = 1000
"""A number that lies further behind the newest is a counter that began anew, not a message that is late."""


class _Device:
    """The newest number of one asset, and those before it that did not come."""

    __slots__ = ("missing", "newest")

    def __init__(self, newest: int) -> None:
        self.newest = newest
        self.missing: set[int] = set()


class SequenceWatch:
    """Counts numbers that are missing, per asset. Bounded: 50,000 assets, and of each the last 1,000 missing numbers.

    changes : asset → missing messages more (or fewer, when they came late after all) since it was last taken
    """

    def __init__(self) -> None:
        self.changes: dict[str, int] = {}
        self._devices: dict[str, _Device] = {}

    def take(self, rows: Rows, start: int, is_again: bool) -> None:
        """Look at the rows from `start` on, all of one message; rows without a number say nothing.

        is_again : the message may have come before, so that a small number in it does not mean that the device began anew
        """
        at, numbers = len(rows), []
        for count, asset, _ in reversed(rows.runs):
            at -= count
            if at < start:
                break
            if at in rows.seq:
                numbers.append((rows.assets.texts[asset], rows.seq[at]))
        for name, number in reversed(numbers):
            self._note(name, number, is_again)

    def add(self, missing: dict[str, int]) -> None:
        """Messages that a codec found missing, by asset."""
        for asset, count in missing.items():
            self._change(asset, count)

    def _note(self, asset: str, number: int, is_again: bool) -> None:
        device = self._devices.get(asset)
        if device is None:
            if len(self._devices) >= _MOST_ASSETS:
                self._devices.clear()
            self._devices[asset] = _Device(number)
        elif number in device.missing:
            device.missing.discard(number)
            self._change(asset, -1)
        elif number > device.newest:
            gap = number - device.newest - 1
            if gap:
                self._change(asset, gap)
                device.missing.update(range(max(device.newest + 1, number - _MOST_MISSING), number))
                if len(device.missing) > _MOST_MISSING:
                    device.missing = set(sorted(device.missing)[-_MOST_MISSING:])
            device.newest = number
        elif not is_again and (number < device.newest - _RESTART or number <= 1 < device.newest):
            self._devices[asset] = _Device(number)

    def _change(self, asset: str, count: int) -> None:
        self.changes[asset] = self.changes.get(asset, 0) + count
