"""What a device of another maker says, and what a simulation asks of it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ingest.simulator.devices import SECOND_NS
from ingest.simulator.meter import Meter
from ingest.simulator.spans import Span
from ingest.simulator.tariff import CO2_KG_PER_KWH, price_of_hours

_HOUR_S = 3600


class Told(NamedTuple):
    """One message. time_ns : when it is sent [ns UTC].

    rows : (tag, time of the sample [ns UTC], value) of each reading that it means, as many of each tag; NaN for events
    asset : whose; empty: the device's own
    is_copy : all of it was said before, by a message of other bytes
    is_in_order : its place among the device's messages matters: nothing on the way delays it
    """

    time_ns: int
    topic: str
    payload: bytes
    rows: Sequence[tuple[str, int, float]]
    asset: str = ""
    is_copy: bool = False
    is_in_order: bool = False


class Foreign(Protocol):
    """A device. Asked with spans that follow each other, from the moment at which it is switched on."""

    asset: str

    def told(self, start_ns: int, stop_ns: int, *, begins: bool) -> Iterator[Told]:
        """What it says in [start, stop). begins : it is switched on at `start_ns`."""

    def figures(self, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
        """What results must come to, as rows of `figures.py`. start_ns : when the simulator was switched on."""

    def readings_per_second(self) -> float:
        """Scalar readings in a second, on average."""


def multiples(period_ns: int, start_ns: int, stop_ns: int) -> range:
    """The multiples of a period in [start, stop)."""
    return range(-(-start_ns // period_ns) * period_ns, stop_ns, period_ns)


def clock_spans(spans: list[Span]) -> list[Span]:
    """Those that begin and end at whole hours: all but orders."""
    return [span for span in spans if span.window != "order"]


def row_of(kind: str, asset: str, span: Span, figures: dict[str, float]) -> dict[str, Any]:
    """A row as `figures.py` has them."""
    window = {"window": span.window, "start_ns": span.start_s * SECOND_NS, "end_ns": span.end_s * SECOND_NS}
    return {"kind": kind, "asset": asset, **window, "figures": figures}


def energy_of(meter: Meter, span: Span) -> dict[str, float]:
    """What a meter truly drew in whole hours, what it cost and emitted: an hour's difference at the hour's price [kWh, EUR, kg]."""
    total, cost, co2 = 0.0, 0.0, 0.0
    for hour in range(span.start_s, span.end_s, _HOUR_S):
        first, last = (_register(meter, second) for second in (hour, hour + _HOUR_S))
        of_day = hour // _HOUR_S % 24
        total += last - first
        cost += (last - first) * float(price_of_hours()[of_day])
        co2 += (last - first) * CO2_KG_PER_KWH[of_day]
    return {"active_energy_kwh": total, "energy_cost": cost, "co2_kg": co2}


def _register(meter: Meter, second: int) -> float:
    return float(meter.register_kwh(np.array([second * SECOND_NS], np.int64))[0])
