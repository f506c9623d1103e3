"""Messages that come twice under times of their own, as a LoRaWAN uplink that two gateways heard: `[[topic]]`'s `once`.

Two messages of one asset with the same number and equal values, within 15 minutes, are one message. The second gets the times of
the first, so that its readings are the duplicates that they are: counted, and without effect. A device that began to count anew
sends other values, or the same ones again: then one sample is missing, of a value that stands.
"""

from ingest.rows import Rows

_WITHIN_NS = 15 * 60 * 1_000_000_000
_MOST_DEVICES = 50_000
_MOST_NUMBERS = 32

_Said = tuple[object, ...]


class Repeats:
    """What devices said lately. Bounded: 50,000 assets, and of each the last 32 messages. Not kept over a restart."""

    def __init__(self) -> None:
        self._devices: dict[str, dict[int, tuple[int, _Said, list[int]]]] = {}

    def take(self, rows: Rows, start: int, received_ns: int) -> None:
        """Look at the rows from `start` on, all of one message; those of a repeated one get the first one's times."""
        number = rows.seq.get(start)
        if number is None:
            return
        asset = rows.assets.texts[rows.runs[-1][1]]
        said = _said(rows, start)
        device = self._devices.get(asset)
        if device is None:
            if len(self._devices) >= _MOST_DEVICES:
                self._devices.clear()
            device = self._devices[asset] = {}
        before = device.pop(number, None)
        if before is not None and received_ns - before[0] <= _WITHIN_NS and before[1] == said:
            rows.time[start:] = before[2]
            device[number] = before
            return
        if len(device) >= _MOST_NUMBERS:
            del device[next(iter(device))]
        device[number] = (received_ns, said, rows.time[start:])


def _said(rows: Rows, start: int) -> _Said:
    """All that is told but the times: names as texts, since their numbers begin anew now and then."""
    tags = tuple(rows.tags.texts[tag] for tag in rows.tag[start:])
    texts = tuple(rows.payload.get(row) for row in range(start, len(rows)))
    return tags, tuple(rows.value[start:]), texts
