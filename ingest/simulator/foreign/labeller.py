"""A labeller with PackML: its state, a number of ISA-TR88.00.02, and its two counters are said when they change, and only then.

Its meter speaks JSON as those of the other machines. It stands on a line of its own, which has orders, and is idle in breaks, for
PackML knows no planned stop.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS, days_between
from ingest.simulator.figures import figures_of
from ingest.simulator.foreign.told import Told, multiples
from ingest.simulator.machines import Machine
from ingest.simulator.schedule import State, orders_of
from ingest.simulator.spans import Span

LABELLER_LINE = "plant/hall1/packaging"
_STATE = "Status/StateCurrent"
_COUNTERS = {"Admin/ProdProcessedCount": "total_count", "Admin/ProdDefectiveCount": "scrap_count"}
_TAGS = ("power_kw", "energy_kwh")
_AT_ONCE = 5
"""Samples of its meter in one message."""
PACKML_OF = {State.IDLE: 5, State.PRODUCING: 6, State.STOPPED: 9, State.CHANGEOVER: 15}
"""Suspended, execute, aborted, resetting."""


class Labeller(Machine):
    """See above. Parts are counted as a packer's."""

    nominal_kw = 8.0
    cycle_field = "packer_cycle_s"
    ideal_field = "packer_ideal_s"
    in_break = State.IDLE

    def told(self, start_ns: int, stop_ns: int, *, begins: bool) -> Iterator[Told]:
        yield from self._meter_told(start_ns, stop_ns)
        for day, start, stop in days_between(start_ns, stop_ns):
            first, last = -(-(start - day * DAY_NS) // SECOND_NS), -(-(stop - day * DAY_NS) // SECOND_NS)
            is_first = begins and start == start_ns
            yield from self._states(day, first, last, is_first)
            yield from self._counts(day, first, last, is_first)
            yield from self._orders(day, first, last, is_first)

    def figures(self, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
        return figures_of([self], self.asset, spans, start_ns)

    def readings_per_second(self) -> float:
        return 2 * SECOND_NS / self.period_ns

    def _meter_told(self, start_ns: int, stop_ns: int) -> Iterator[Told]:
        for _, start, stop in days_between(start_ns, stop_ns):
            times = np.array(multiples(self.period_ns, start, stop), np.int64)
            if len(times):
                power, register = self._meter.power_kw(times).tolist(), self._meter.register_kwh(times).tolist()
                samples = list(zip(times.tolist(), power, register, strict=True))
                for first in range(0, len(samples), _AT_ONCE):
                    some = samples[first : first + _AT_ONCE]
                    said = [{"ts": time // 1_000_000, "power_kw": kw, "energy_kwh": kwh} for time, kw, kwh in some]
                    rows = [(_TAGS[tag], row[0], row[tag + 1]) for row in some for tag in (0, 1)]
                    yield Told(some[-1][0], self.asset, msgspec.json.encode(said), rows)

    def _states(self, day: int, first: int, last: int, begins: bool) -> Iterator[Told]:
        state = self.timeline(day).state
        before = np.concatenate((self.timeline(day - 1).state[-1:], state[:-1])) if first == 0 else state[:-1]
        changes = np.flatnonzero(state[len(state) - len(before) :] != before) + (len(state) - len(before))
        moments = set(changes[(changes >= first) & (changes < last)].tolist()) | ({first} if begins else set())
        for second in sorted(moments):
            number = PACKML_OF[State(int(state[second]))]
            yield self._value(day, second, _STATE, "StateCurrent", number)

    def _counts(self, day: int, first: int, last: int, begins: bool) -> Iterator[Told]:
        """What a counter shows when a part is done, and once at the start and at midnight, when it begins at zero."""
        counters = self.counters(day)
        for topic, tag in _COUNTERS.items():
            shown = counters.reject if tag == "scrap_count" else counters.good + counters.reject
            done = np.flatnonzero(np.diff(shown[first : last + 1])) + first
            begin = {first} if begins or first == 0 else set()
            for second in sorted({*done.tolist(), *begin}):
                yield self._value(day, second, topic, tag, int(shown[second + 1]))

    def _orders(self, day: int, first: int, last: int, begins: bool) -> Iterator[Told]:
        for order in orders_of(self.seed, self.line, day):
            begin = first if begins and order.start_s < first < order.stop_s else order.start_s
            for second, phase in ((begin, "start"), (order.stop_s, "stop")):
                if first <= second < last:
                    time = day * DAY_NS + second * SECOND_NS
                    said = {"ts": time // 1_000_000, "event": "order", **order.attributes(), "phase": phase}
                    yield Told(time, self.line, msgspec.json.encode(said), [("@order", time, float("nan"))], self.line)

    def _value(self, day: int, second: int, topic: str, tag: str, value: int) -> Told:
        time = day * DAY_NS + second * SECOND_NS
        payload = msgspec.json.encode({"ts": time // 1_000_000, "value": value})
        return Told(time, f"{self.asset}/{topic}", payload, [(tag, time, float(value))])
