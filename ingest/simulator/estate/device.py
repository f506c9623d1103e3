"""How the estate is heard: devices behind one gateway, which delivers the days that it kept, and then each sample."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec

from ingest.simulator.devices import DAY_NS, SECOND_NS, day_of
from ingest.simulator.estate.balance import Day, balanced
from ingest.simulator.estate.declared import (
    ALTITUDE_M,
    FIELDS,
    LATITUDE_DEG,
    PROBE,
    STATION,
    VALVE,
    WIND_HEIGHT_M,
    Field,
)
from ingest.simulator.estate.evapotranspiration import Place, evaporated, measured
from ingest.simulator.estate.weather import HOUR_NS, Estate
from ingest.simulator.foreign.told import Told
from ingest.simulator.spans import Span

BACKLOG_DAYS = 12
PLACE = Place(LATITUDE_DEG, ALTITUDE_M, WIND_HEIGHT_M)
_FIRST_NS, _NEXT_NS = 60 * SECOND_NS, SECOND_NS
"""When the gateway has found the network, and what it takes for a day."""
_AIR_NS = 5 * SECOND_NS

Measures = Callable[[Estate, int], dict[str, float]]
Row = tuple[str, dict[str, float]]
"""A kind of metric and its figures."""


class Remote:
    """One device. measures : its tags at a time; truth : rows of a day, of which it is given the days so far."""

    def __init__(
        self,
        seed: int,
        asset: str,
        period_ns: int,
        measures: Measures,
        truth: "Callable[[Days], list[list[Row]]] | None",
    ) -> None:
        self.asset = asset
        self._seed, self._period_ns, self._measures, self._truth = seed, period_ns, measures, truth
        self._on_ns = 0

    def told(self, start_ns: int, stop_ns: int, *, begins: bool) -> Iterator[Told]:
        if begins:
            self._on_ns = start_ns
        today = day_of(self._on_ns)
        for number, day in enumerate(range(today - BACKLOG_DAYS, today + 1)):
            due = self._on_ns + _FIRST_NS + number * _NEXT_NS
            if start_ns <= due < stop_ns:
                yield from self._parcel(due, self.times(day * DAY_NS, min((day + 1) * DAY_NS, self._on_ns)))
        for time in self.times(max(start_ns - _AIR_NS, self._on_ns), stop_ns - _AIR_NS):
            yield from self._parcel(time + _AIR_NS, [time])

    def figures(self, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
        """Of whole days, from the first of the backlog on; none of a run so short that the backlog did not come."""
        last_s = max((span.end_s for span in spans), default=0)
        if self._truth is None or last_s * SECOND_NS < start_ns + HOUR_NS // 2:
            return []
        estate = Estate(self._seed, day_of(start_ns))
        days = range(estate.today - BACKLOG_DAYS, max(estate.today, last_s // 86_400))
        return [
            {"kind": kind, "asset": self.asset, "window": "day", "start_ns": day * DAY_NS, "end_ns": (day + 1) * DAY_NS}
            | {"figures": figures}
            for day, rows in zip(days, self._truth(Days(estate, days)), strict=True)
            for kind, figures in rows
        ]

    def readings_per_second(self) -> float:
        return len(self._measures(Estate(self._seed, 0), 0)) * SECOND_NS / self._period_ns

    def times(self, start_ns: int, stop_ns: int) -> list[int]:
        """When it measures in [start, stop): in the middle of each period [ns UTC]."""
        half = self._period_ns // 2
        first = -(-(start_ns - half) // self._period_ns) * self._period_ns + half
        return list(range(first, stop_ns, self._period_ns))

    def _parcel(self, due_ns: int, times: list[int]) -> Iterator[Told]:
        estate = Estate(self._seed, day_of(self._on_ns))
        samples = [(time, self._measures(estate, time)) for time in times]
        if samples:
            body = [{"ts": time // 1_000_000, **tags} for time, tags in samples]
            rows = [(tag, time, value) for time, tags in samples for tag, value in tags.items()]
            yield Told(due_ns, self.asset, msgspec.json.encode(body), rows)


class Days:
    """What happened on some days that follow each other."""

    def __init__(self, estate: Estate, days: range) -> None:
        self._estate, self._days = estate, days

    def weather(self) -> list[dict[str, float]]:
        """The figures of `et0`."""
        samples = ([self._estate.weather(time) for time in _times(day, HOUR_NS)] for day in self._days)
        return [evaporated(PLACE, day, measured(each)) for day, each in zip(self._days, samples, strict=True)]

    def volumes(self) -> list[float]:
        """What went through the valve, by the last that its meter showed on each day [m³]."""
        shown = [self._estate.water(_times(day, HOUR_NS)[-1])["water_m3"] for day in self._days]
        first = self._estate.water(_times(self._days[0], HOUR_NS)[0])["water_m3"]
        return [after - before for before, after in pairwise([first, *shown])]

    def probe(self) -> list[list[float]]:
        """What the probe said."""
        return [[self._estate.soil(time)["moisture_pct"] for time in _times(day, HOUR_NS // 2)] for day in self._days]


def estate_devices(seed: int) -> list[Remote]:
    """All of them; the meter is true by the fields that it waters."""
    fields = [Remote(seed, field.asset, HOUR_NS, Estate.canopy, _truth_of(field)) for field in FIELDS]
    return [
        Remote(seed, STATION, HOUR_NS, Estate.weather, _of_station),
        Remote(seed, VALVE, HOUR_NS, Estate.water, None),
        Remote(seed, PROBE, HOUR_NS // 2, Estate.soil, None),
        *fields,
    ]


def _of_station(days: Days) -> list[list[Row]]:
    return [[("et0", figures), ("rain", {"rain_mm": 0.0})] for figures in days.weather()]


def _truth_of(field: Field) -> Callable[[Days], list[list[Row]]]:
    def truth(days: Days) -> list[list[Row]]:
        weather = days.weather()
        if not field.is_watched:
            return [[("soil_water", row)] for row in balanced(field, [Day(one, 0.0, ()) for one in weather])]
        volumes = days.volumes()
        gross = [volume / (10 * field.area_ha) for volume in volumes]
        told = balanced(field, list(map(Day, weather, gross, days.probe())))
        water = (
            {"volume_m3": volume, "gross_mm": depth, "net_mm": field.system.efficiency * depth}
            for volume, depth in zip(volumes, gross, strict=True)
        )
        return [[("irrigation", given), ("soil_water", row)] for given, row in zip(water, told, strict=True)]

    return truth


def _times(day: int, period_ns: int) -> range:
    return range(day * DAY_NS + period_ns // 2, (day + 1) * DAY_NS, period_ns)
