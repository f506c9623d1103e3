"""Rows of a random plant in no order: series with rhythms of their own, silences, late beginnings, resets and bad values."""

from collections.abc import Callable, Iterator
from math import nan
from random import Random
from typing import NamedTuple

from tests.bits.arrivals import SECOND, Row

Walk = Callable[[Random, float], float]
"""The next value of a series, after the last one."""

LINE1, LINE2, LINE3, LINE4 = "works/hall/line1", "works/hall/line2", "annex/yard/line3", "annex/yard/line4"


class _Series(NamedTuple):
    """step_s : mean time between two samples; begins : share of the span that goes by before the first one."""

    asset: str
    tag: str
    step_s: float
    walk: Walk
    begins: float = 0.0


def _around(center: float, sigma: float) -> Walk:
    return lambda random, _: random.gauss(center, sigma)


def _drifting(center: float, sigma: float) -> Walk:
    """Stays where it went, now and then elsewhere: for charts that alarm."""
    return lambda random, last: random.gauss(0.7 * (last or center) + 0.3 * center, sigma)


def _register(rate: float, modulus: float = 1e9, resets: float = 0.003) -> Walk:
    """Cumulative; jumps beyond belief and falls back to zero now and then."""

    def walk(random: Random, last: float) -> float:
        if random.random() < resets:
            return random.choice([0.0, last + 400.0 * rate, last - rate])
        return (last + random.uniform(0.0, 2.0 * rate)) % modulus

    return walk


def _counter(most: int, modulus: float = 1e9, resets: float = 0.003) -> Walk:
    """As a register, in whole pieces."""

    def walk(random: Random, last: float) -> float:
        return 0.0 if random.random() < resets else (last + random.randrange(most + 1)) % modulus

    return walk


def _one_of(*values: float) -> Walk:
    return lambda random, _: random.choice(values)


ODD = (-0.0, 0.0, 1e-300, 1e6, 0.1)
"""Values that are easily got wrong."""

SERIES = (
    _Series(f"{LINE1}/press", "mode", 90, _one_of(0, 1, 1, 2, 3, 3, 3, 4, 5, 9)),
    _Series(f"{LINE1}/press", "strokes", 30, _counter(20, 1000.0)),
    _Series(f"{LINE1}/press", "reject_count", 120, _counter(2)),
    _Series(f"{LINE1}/press", "power_kw", 8, _around(30, 8)),
    _Series(f"{LINE1}/press", "reactive_power_kvar", 15, _around(5, 4)),
    _Series(f"{LINE1}/press", "force_kn", 20, _drifting(50, 1.6)),
    _Series(f"{LINE1}/oven", "power_kw", 25, _around(60, 20)),
    _Series(f"{LINE1}/oven", "interval_energy_kwh", 60, _around(1, 0.3)),
    _Series(f"{LINE1}/oven", "interval_reactive_energy_kvarh", 90, _around(0.3, 0.2)),
    _Series(f"{LINE1}/oven", "temp_c", 25, _drifting(180, 2)),
    _Series(f"{LINE1}/oven", "seal_c", 12, _drifting(150, 1.5)),
    _Series(f"{LINE1}/oven", "fan_rpm", 120, _drifting(1200, 25)),
    _Series(f"{LINE1}/oven", "draught_pa", 25, _drifting(12, 0.9)),
    _Series(f"{LINE1}/oven", "gas_m3_h", 200, _drifting(40, 1.5)),
    _Series(f"{LINE1}/oven", "total_count", 60, _counter(12)),
    _Series(f"{LINE1}/packer", "running", 100, _one_of(0, 1, 1, 1)),
    _Series(f"{LINE1}/packer", "packed", 45, _counter(7, 9.0)),
    _Series(f"{LINE1}/packer", "power_kw", 30, _around(4, 1), 0.4),
    _Series(f"{LINE1}/meter", "total", 120, _register(0.002, 1.0)),
    _Series(f"{LINE2}/saw", "packml_state", 80, _one_of(2, 4, 6, 6, 6, 9, 15, 99)),
    _Series(f"{LINE2}/saw", "power_kw", 20, _around(12, 5)),
    _Series(f"{LINE2}/saw", "reactive_energy_kvarh", 60, _register(0.2)),
    _Series(f"{LINE2}/saw", "feed_mm_s", 100, _drifting(5, 0.3)),
    _Series(f"{LINE2}/saw", "coolant_c", 100, _drifting(25, 0.6)),
    _Series(f"{LINE2}/saw", "speed_rpm", 40, _drifting(900, 15)),
    _Series(f"{LINE2}/saw", "total_count", 60, _counter(4)),
    _Series(f"{LINE2}/saw", "scrap_count", 200, _counter(1)),
    _Series(f"{LINE2}/saw", "rework_count", 200, _counter(1)),
    _Series(f"{LINE2}/drill", "good_count", 60, _counter(4)),
    _Series(f"{LINE2}/drill", "scrap_count", 150, _counter(1)),
    _Series(f"{LINE2}/drill", "rework_count", 150, _counter(1)),
    _Series(f"{LINE2}/meter", "pulses", 90, _one_of(0, 1, 2, 5)),
    _Series(f"{LINE2}/meter", "energy_kwh", 200, _register(2.0), 0.6),
    _Series(f"{LINE2}/meter", "energy_t1_kwh", 200, _register(1.0), 0.5),
    _Series(f"{LINE2}/meter", "power_kw", 60, _around(20, 15)),
    _Series(f"{LINE2}/meter", "export_kwh", 200, _register(0.3)),
    _Series(f"{LINE3}/mill", "energy_kwh", 120, _register(0.5)),
    _Series(f"{LINE3}/mill", "power_kw", 30, _around(15, 15)),
    _Series(f"{LINE3}/mill", "temp_c", 60, _one_of(*ODD)),
    _Series(f"{LINE3}/fan", "power_kw", 200, _one_of(*ODD)),
    _Series(f"{LINE3}/fan", "reactive_power_kvar", 200, _around(1, 1)),
    _Series(f"{LINE3}/fan", "run", 400, _one_of(0, 1)),
    _Series(f"{LINE4}/probe", "soil_moisture_percent", 900, _around(30, 2)),
    _Series(f"{LINE4}/probe", "power_kw", 600, _around(1, 0.1)),
    *(_Series(f"{LINE4}/probe", f"level{k}_m", 1800, _around(k, 1), k / 40) for k in range(40)),
)
"""Of the last asset a tag begins every now and then, so that the line's blocks widen."""


def readings(random: Random, start: int, span_s: float) -> Iterator[Row]:
    """Rows of all series; lines run for a while, are silent for a while, and sample more often at times."""
    for line in (LINE1, LINE2, LINE3, LINE4):
        runs = list(_runs(random, span_s))
        for series in SERIES:
            if series.asset.startswith(f"{line}/"):
                yield from _series_rows(random, series, start, span_s, runs)


def _runs(random: Random, span_s: float) -> Iterator[tuple[float, float, float]]:
    """Begin and end of each run, and how much more slowly than usual it is sampled [s]."""
    at = random.uniform(0, 600)
    while at < span_s:
        length = random.choice([300, 1800, 5400, 9000])
        yield at, min(at + length, span_s), random.choice([0.3, 1.0, 1.0, 3.0])
        at += length + random.choice([0, 61, 400, 4000, 9000, 20_000])


def _series_rows(
    random: Random, series: _Series, start: int, span_s: float, runs: list[tuple[float, float, float]]
) -> Iterator[Row]:
    value = 0.0
    for begin, end, slowness in runs:
        second = max(begin, series.begins * span_s) + random.uniform(0, series.step_s)
        while second < end:
            time = start + _moment(random, second)
            value = series.walk(random, value)
            shown = nan if random.random() < 0.003 else value
            yield Row(series.asset, series.tag, time, shown, random.choices([0, 1, 2, 3], [94, 3, 2, 1])[0])
            second += series.step_s * slowness * random.uniform(0.3, 1.7)


def _moment(random: Random, second: float) -> int:
    """The second in ns; often whole, as devices give it, so that series share times and edges of windows are met."""
    return round(second) * SECOND if random.random() < 0.3 else round(second * 1000) * 1_000_000 + random.randrange(2)
