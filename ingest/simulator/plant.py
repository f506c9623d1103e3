"""The simulated plant and farm: which lines and devices there are, and what only the plant itself knows.

plant/hall1/line1/{press1,press2,oven,packer}     and line2, and as many more as are asked for
farm/north/field1/{weather,soil1,soil2,pump,tractor}
farm/north/barn1/climate

and, if they are asked for, the devices of `foreign/`: plant/hall1/utilities/{compressor,chiller,edge1/vacuum,plug1},
plant/hall1/packaging/labeller, farm/north/field1/soil3, and the farm of `estate/`, farm/savanna/estate
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from fieldline.errors import SettingsError
from ingest.simulator.causes import causes_of
from ingest.simulator.devices import DAY_NS, SECOND_NS, Device, Event, days_between
from ingest.simulator.estate import estate_devices
from ingest.simulator.farm import BarnClimate, Pump, SoilProbe, Tractor, WeatherStation
from ingest.simulator.figures import figures_of
from ingest.simulator.foreign import FOREIGN_TOPICS, foreign_devices
from ingest.simulator.foreign.told import Foreign
from ingest.simulator.machines import Machine, Oven, Packer, Press
from ingest.simulator.press_health import health_of
from ingest.simulator.schedule import Order, orders_of
from ingest.simulator.spans import whole_spans
from ingest.simulator.subgroups import points_of
from ingest.simulator.vibration import WEAK_LIFE_NS

FIELD = "farm/north/field1"
BARN = "farm/north/barn1"
TOPICS = ("plant/#", "farm/#")
FIGURE_DAYS = 7
"""Of a longer run only so many days have figures, some five thousand rows each: all of them would not fit in memory."""


class SimulatedPlant:
    """All devices of one seed.

    lines : production lines, two unless more load is wanted
    rate_hz : how often machines, pump and tractor measure [Hz]; weather, soil and barn keep their slow pace
    foreign : with the devices of `foreign/` and `estate/`

    Raises SettingsError for no lines or an impossible rate.
    """

    def __init__(self, seed: int = 1, lines: int = 2, rate_hz: float = 1.0, *, foreign: bool = False) -> None:
        if not 0 <= lines <= 500:
            raise SettingsError(f"simulate: lines lies between 0 and 500, got {lines}")
        if not 0.01 <= rate_hz <= 1000:
            raise SettingsError(f"simulate: rate_hz lies between 0.01 and 1000 Hz, got {rate_hz:g}")
        self.seed = seed
        # Whole milliseconds, as devices send them.
        period_ns = max(1, round(1000 / rate_hz)) * 1_000_000
        self.lines = [f"plant/hall{1 + n // 10}/line{n + 1}" for n in range(lines)]
        self.machines: dict[str, list[Machine]] = {line: self._machines(line, period_ns) for line in self.lines}
        self.farm: list[Device] = [
            WeatherStation(seed, f"{FIELD}/weather"),
            SoilProbe(seed, f"{FIELD}/soil1"),
            SoilProbe(seed, f"{FIELD}/soil2"),
            Pump(seed, f"{FIELD}/pump", period_ns),
            Tractor(seed, f"{FIELD}/tractor", period_ns),
            BarnClimate(seed, f"{BARN}/climate"),
        ]
        self.foreign: list[Foreign] = (
            [*foreign_devices(seed, FIELD, period_ns), *estate_devices(seed)] if foreign else []
        )
        self.topics = TOPICS + (FOREIGN_TOPICS if foreign else ())

    @property
    def devices(self) -> list[Device]:
        """Every device, machines first."""
        return [machine for line in self.lines for machine in self.machines[line]] + self.farm

    def readings_per_second(self) -> float:
        """Scalar readings in a second of the plant's time."""
        noon = np.array([20_000 * DAY_NS + DAY_NS // 2], np.int64)
        own = sum(len(device.columns(noon)) * SECOND_NS / device.period_ns for device in self.devices)
        return own + sum(device.readings_per_second() for device in self.foreign)

    def paces(self) -> list[str]:
        """`rate_hz` when machines don't measure at each whole second, at which all that happens to them happens."""
        machines = [machine for line in self.lines for machine in self.machines[line]]
        return ["rate_hz"] if any(SECOND_NS % machine.period_ns for machine in machines) else []

    def order_events(self, start_ns: int, stop_ns: int, *, announce: bool) -> list[Event]:
        """Orders that start and stop in [start, stop), on the line's own path.

        With `announce`, an order that is running at `start_ns` is said to start then: a simulator that is switched on
        in the middle of an order tells so.
        """
        events: list[Event] = []
        for line in self.lines:
            for day, start, stop in days_between(start_ns, stop_ns):
                for order in orders_of(self.seed, line, day):
                    begin, end = (day * DAY_NS + s * SECOND_NS for s in (order.start_s, order.stop_s))
                    if announce and start == start_ns and begin < start < end:
                        begin = start
                    events += [
                        Event(at, line, {"event": "order", **order.attributes(), "phase": phase})
                        for at, phase in ((begin, "start"), (end, "stop"))
                        if start <= at < stop
                    ]
        return events

    def known(self, start_ns: int, stop_ns: int) -> dict[str, Any]:
        """What happened in [start, stop) whether or not a message told so: seconds by state, and orders with parts.

        `figures` and `causes` are of the windows that lie wholly inside and in the last `FIGURE_DAYS`, see `figures.py`,
        `subgroups.py` and `causes.py`.
        """
        states = {m.asset: m.state_seconds(start_ns, stop_ns) for line in self.lines for m in self.machines[line]}
        orders = [
            self._order_report(line, order, day, start, stop)
            for line in self.lines
            for day, start, stop in days_between(start_ns, stop_ns)
            for order in orders_of(self.seed, line, day)
            if day * DAY_NS + order.start_s * SECOND_NS < stop and day * DAY_NS + order.stop_s * SECOND_NS > start
        ]
        figures, causes = [], []
        first = max(start_ns, stop_ns - FIGURE_DAYS * DAY_NS)
        for line in self.lines:
            spans, machines = whole_spans(self.seed, line, first, stop_ns), self.machines[line]
            figures += figures_of(machines, self.output_of(line), spans, start_ns)
            figures += [row for packer in machines if isinstance(packer, Packer) for row in points_of(packer, spans)]
            presses = [machine for machine in machines if isinstance(machine, Press)]
            figures += [row for press in presses for row in press.bearing.figures(spans)]
            figures += [
                row for press in presses for row in health_of(press.asset, press.bearing, start_ns, first, stop_ns)
            ]
            causes += causes_of(machines, spans)
        for device in self.foreign:
            line = "/".join(device.asset.split("/")[:3])
            figures += device.figures(whole_spans(self.seed, line, first, stop_ns), start_ns)
        return {"states_s": states, "orders": orders, "figures": figures, "causes": causes}

    def output_of(self, line: str) -> str:
        """The machine whose good pieces are the line's: the packer, the last one."""
        return self.machines[line][-1].asset

    def _machines(self, line: str, period_ns: int) -> list[Machine]:
        return [
            Press(self.seed, line, "press1", period_ns),
            Press(self.seed, line, "press2", period_ns, WEAK_LIFE_NS if line == self.lines[0] else None),
            Oven(self.seed, line, "oven", period_ns),
            Packer(self.seed, line, "packer", period_ns),
        ]

    def _order_report(self, line: str, order: Order, day: int, start: int, stop: int) -> dict[str, Any]:
        first = max(order.start_s, (start % DAY_NS) // SECOND_NS)
        last = min(order.stop_s, (stop - day * DAY_NS) // SECOND_NS)
        parts: dict[str, dict[str, int]] = {}
        for machine in self.machines[line]:
            good, reject, _ = machine.counters(day)
            parts[machine.asset] = {
                "good": int(good[last] - good[first]),
                "reject": int(reject[last] - reject[first]),
            }
        return {
            "line": line,
            "order": order.number,
            "product": order.product.name,
            "start": _iso(day, first),
            "stop": _iso(day, last),
            "complete": (first, last) == (order.start_s, order.stop_s),
            "parts": parts,
        }


def _iso(day: int, second: int) -> str:
    return datetime.fromtimestamp(day * 86_400 + second, UTC).isoformat()
