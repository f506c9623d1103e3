"""The messages of a simulated plant, in the order in which they are sent, and the truth about them.

Everything is generated lazily, some seconds of the plant's time ahead. Memory: the messages that shuffling and
lateness hold back, no more.
"""

import base64
import heapq
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from fieldline.errors import SettingsError
from ingest.simulator.devices import SECOND_NS, Device, Event
from ingest.simulator.faults import Faults, Spoiler, malformed_payload
from ingest.simulator.foreign.told import Told
from ingest.simulator.noise import draw, noise_key
from ingest.simulator.plant import SimulatedPlant
from ingest.simulator.truth import Truth

_WHOLE = ("good_count", "reject_count")


class Message(NamedTuple):
    """One MQTT message: when it is sent in the plant's time [ns UTC], topic, payload, and what it holds.

    `time_ns` is the time of its newest sample [ns UTC, the device's clock]; `tags` names what has `rows` readings each, of `asset`;
    `is_copy` is True when the same readings were or will be sent before; malformed ones have no tags. Nothing on the way delays one
    that is in order.
    """

    due_ns: int
    topic: str
    payload: bytes
    time_ns: int
    tags: tuple[str, ...]
    rows: int
    asset: str
    is_copy: bool = False
    is_malformed: bool = False
    is_in_order: bool = False


class Simulation:
    """A plant from `start_ns` on.

    start_ns : first moment [ns UTC]; rounded down to a whole second
    pack_s : seconds of samples in one message [s]; 1 for a live plant, more when time runs fast
    foreign : with the devices of `foreign/`, which have faults of their own: of those asked for only doubled, shuffled and late messages
        concern them
    """

    def __init__(
        self,
        start_ns: int,
        *,
        seed: int = 1,
        lines: int = 2,
        rate_hz: float = 1.0,
        pack_s: int = 1,
        faults: Faults | None = None,
        foreign: bool = False,
    ) -> None:
        if not 1 <= pack_s <= 3600:
            raise SettingsError(f"simulate: pack_s lies between 1 and 3600 s, got {pack_s}")
        self.plant = SimulatedPlant(seed, lines, rate_hz, foreign=foreign)
        self.faults = faults or Faults()
        self.start_ns = self.end_ns = start_ns // SECOND_NS * SECOND_NS
        self._pack_ns = pack_s * SECOND_NS
        self._truth = Truth()
        self._held: list[tuple[int, int, Message]] = []
        self._order = count()
        self._way = noise_key(seed, "way")
        self._made = 0
        self._broken = 0
        self._spoilers = self._make_spoilers()

    def messages(
        self, seconds: float, *, chunk_s: int = 1, stopped: Callable[[], bool] | None = None
    ) -> Iterator[Message]:
        """Messages of the next `seconds` of the plant's time, in the order of sending.

        `chunk_s` is generated at once [s]; `stopped` is asked before each, and when it says True, what is held back
        still comes, so that the truth is about what was sent. Whoever stops to iterate earlier loses the truth.
        """
        until = self.end_ns + int(seconds * 1e9)
        step = max(self._pack_ns, chunk_s * SECOND_NS)
        while self.end_ns < until and not (stopped is not None and stopped()):
            stop = min(until, self.end_ns + step)
            self._generate(self.end_ns, stop)
            self.end_ns = stop
            yield from self._released(stop)
        yield from self._released(None)

    def truth(self) -> dict[str, Any]:
        """What was sent so far, as JSON: messages, series, energy by hour, counts, states, orders, lines, figures, causes.

        Figures and causes are what the plant truly did. Where faults of the data or a slow pace keep part of that from ever
        being sent there are none, and `not_told` says what does.
        """
        lines: dict[str, dict[str, int]] = {}
        for asset, tags in self._truth.series.items():
            found = lines.setdefault(_line(asset), {"readings": 0, "copies": 0, "malformed": 0})
            found["readings"] += sum(series.readings for series in tags.values())
            found["copies"] += sum(series.copies for series in tags.values())
        for line, number in self._truth.malformed_by_line.items():
            lines.setdefault(line, {"readings": 0, "copies": 0, "malformed": 0})["malformed"] = number
        known = self.plant.known(self.start_ns, self.end_ns)
        obstacles = self.faults.of_the_data() + self.plant.paces()
        if obstacles:
            known |= {"figures": [], "causes": []}
        return {
            "seed": self.plant.seed,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "faults": msgspec.to_builtins(self.faults),
            "lines": lines,
            **self._truth.report(),
            **known,
            "not_told": obstacles,
        }

    def write_truth(self, path: Path) -> None:
        """Write `truth()` to a JSON file. Raises SettingsError when it can't be written."""
        text = msgspec.json.format(msgspec.json.encode(self.truth()), indent=2)
        try:
            path.write_bytes(text + b"\n")
        except OSError as error:
            raise SettingsError(f"simulate: can't write the truth to {path}: {error.strerror}") from error

    def _make_spoilers(self) -> dict[str, Spoiler]:
        spoilers, seen = {}, set()
        for device in [*self.plant.devices]:
            line = _line(device.asset)
            skewed = line not in seen  # the first asset of each line has the wrong clock
            seen.add(line)
            args = (self.faults, self.plant.seed, device.asset, line, self.start_ns)
            spoilers[device.asset] = Spoiler(*args, skewed=skewed)
        for asset in self.plant.lines + [
            path for device in self.plant.foreign for path in (device.asset, _line(device.asset))
        ]:
            spoilers[asset] = Spoiler(self.faults, self.plant.seed, asset, asset, self.start_ns, skewed=False)
        return spoilers

    def _generate(self, start: int, stop: int) -> None:
        messages: list[Message] = []
        begins = start == self.start_ns
        for device in self.plant.devices:
            messages += self._samples(device, start, stop)
            messages += self._events(device.events(start, stop, announce=begins))
            messages += self._waveforms(device, start, stop)
        messages += self._events(self.plant.order_events(start, stop, announce=begins))
        for other in self.plant.foreign:
            messages += [self._told(other.asset, told) for told in other.told(start, stop, begins=begins)]
        for message in sorted(messages, key=lambda m: (m.due_ns, m.topic)):
            self._dispatch(message)

    def _told(self, asset: str, told: Told) -> Message:
        asset, tags = told.asset or asset, tuple(dict.fromkeys(tag for tag, _, _ in told.rows))
        if not told.is_copy:
            for tag, time, value in told.rows:
                self._truth.add_single(asset, tag, time, value)
        newest = max((time for _, time, _ in told.rows), default=told.time_ns)
        way = {"is_copy": told.is_copy, "is_in_order": told.is_in_order}
        return Message(
            told.time_ns, told.topic, told.payload, newest, tags, len(told.rows) // max(len(tags), 1), asset, **way
        )

    def _samples(self, device: Device, start: int, stop: int) -> Iterator[Message]:
        period, spoiler = device.period_ns, self._spoilers[device.asset]
        times = np.arange(-(-start // period) * period, stop, period, dtype=np.int64)
        day_edges = np.flatnonzero(np.diff(times // (86_400 * SECOND_NS))) + 1
        for part in np.split(times, day_edges):
            part = part[spoiler.keeps(part)]
            if not len(part):
                continue
            columns = device.columns(part)
            if "energy_kwh" in columns:
                columns["energy_kwh"] = spoiler.reset_register(
                    part, columns["energy_kwh"], lambda at: device.columns(at)["energy_kwh"]
                )
            shown = spoiler.device_time(part)
            self._truth.add_samples(device.asset, shown, columns)
            yield from self._packed(device.asset, part, shown, columns)

    def _packed(
        self, asset: str, times: np.ndarray, shown: np.ndarray, columns: dict[str, np.ndarray]
    ) -> Iterator[Message]:
        names = ("ts", *columns)
        lists = [(shown // 1_000_000).tolist()]
        lists += [(c.astype(np.int64) if tag in _WHOLE else c).tolist() for tag, c in columns.items()]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]
        cuts = np.flatnonzero(np.diff(times // self._pack_ns)) + 1
        bounds = [0, *cuts.tolist(), len(rows)]
        for first, last in zip(bounds[:-1], bounds[1:], strict=True):
            body = rows[first] if last - first == 1 else rows[first:last]
            sent, newest = int(times[last - 1]), int(shown[last - 1])
            yield Message(sent, asset, msgspec.json.encode(body), newest, names[1:], last - first, asset)

    def _events(self, events: Iterator[Event] | list[Event]) -> Iterator[Message]:
        for event in events:
            moment = np.array([event.time_ns], np.int64)
            spoiler = self._spoilers[event.asset]
            if not spoiler.keeps(moment)[0]:
                continue
            shown = int(spoiler.device_time(moment)[0])
            tag = f"@{event.attributes['event']}"
            self._truth.add_single(event.asset, tag, shown)
            if tag == "@reject":
                self._truth.reasons[event.asset][str(event.attributes["reason"])] += 1
            payload = msgspec.json.encode({"ts": shown // 1_000_000, **event.attributes})
            yield Message(event.time_ns, event.asset, payload, shown, (tag,), 1, event.asset)

    def _waveforms(self, device: Device, start: int, stop: int) -> Iterator[Message]:
        for wave in device.waveforms(start, stop):
            moment = np.array([wave.time_ns], np.int64)
            spoiler = self._spoilers[wave.asset]
            if not spoiler.keeps(moment)[0]:
                continue
            shown = int(spoiler.device_time(moment)[0])
            self._truth.add_single(wave.asset, "@waveform", shown)
            text = base64.b64encode(wave.samples.astype("<f4").tobytes()).decode()
            body = {"ts": shown // 1_000_000, "rate_hz": wave.rate_hz, "waveform": text}
            payload = msgspec.json.encode(body)
            yield Message(wave.time_ns, wave.asset, payload, shown, ("@waveform",), 1, wave.asset)

    def _dispatch(self, message: Message) -> None:
        """Decide how a message travels: held back, shuffled, doubled, with a malformed one beside it."""
        number, faults = self._made, self.faults
        self._made += 1
        due = message.due_ns
        if not message.is_in_order:
            due += self._spoilers[message.asset].delay_ns(message.due_ns)
        if faults.shuffle_s and not message.is_in_order:
            due += int(faults.shuffle_s * 1e9 * draw(self._way, 4 * number))
        self._hold(message._replace(due_ns=due))
        if faults.duplicates and draw(self._way, 4 * number + 1) < faults.duplicates:
            again = due + int(60e9 * draw(self._way, 4 * number + 2))
            self._hold(message._replace(due_ns=again, is_copy=True))
        is_json = message.topic == message.asset
        if is_json and faults.malformed and draw(self._way, 4 * number + 3) < faults.malformed:
            payload = malformed_payload(self._broken)
            self._hold(Message(due, message.topic, payload, message.time_ns, (), 0, message.asset, is_malformed=True))
            self._broken += 1

    def _hold(self, message: Message) -> None:
        heapq.heappush(self._held, (message.due_ns, next(self._order), message))

    def _released(self, until: int | None) -> Iterator[Message]:
        while self._held and (until is None or self._held[0][0] < until):
            message = heapq.heappop(self._held)[2]
            self._count(message)
            yield message

    def _count(self, message: Message) -> None:
        truth = self._truth
        truth.messages += 1
        if message.is_copy:
            truth.message_copies += 1
            for tag in message.tags:
                truth.series[message.asset][tag].copies += message.rows
        elif message.is_malformed:
            truth.malformed += 1
            truth.malformed_by_line[_line(message.asset)] += 1


def _line(path: str) -> str:
    return "/".join(path.split("/")[:3])
