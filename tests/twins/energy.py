"""Slow, obvious twin of `energy`: every pair of samples is split over the windows it shares time with, in plain Python."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

from fieldline.meters import Share
from fieldline.plant import Role, TagInfo
from tests.twins.power import reach, spans_that_count
from tests.twins.registers import Told, told_by
from tests.twins.samples import NS
from tests.twins.windows import window_of, windows_of

ACTIVE = (Role.ACTIVE_REGISTER, Role.ACTIVE_INTERVAL, Role.ACTIVE_PULSE, Role.ACTIVE_POWER)
REACTIVE = (Role.REACTIVE_REGISTER, Role.REACTIVE_INTERVAL, Role.REACTIVE_POWER)
POWERS = (Role.ACTIVE_POWER, Role.REACTIVE_POWER)
REGISTERS = (Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER)


@dataclass
class Part:
    """What one series gives one window: amounts [kWh or kvarh] and seconds between samples near to each other."""

    amounts: list[float] = field(default_factory=list)
    covered: list[float] = field(default_factory=list)
    whole: bool = False
    """Whether an amount was booked at one time, since when nobody knows."""


def shares(
    samples: list[tuple[int, float]], info: TagInfo, window: str, zone: str = "UTC", rated_kw: float = math.nan
) -> dict[tuple[int, int], Part]:
    """What a series gives each window that it has a part in."""
    found: dict[tuple[int, int], Part] = defaultdict(Part)
    gap = int(info.register_max_gap_s * 1e9)
    if info.role in REGISTERS:
        return _register_shares(samples, info, gap, window, zone, rated_kw)
    if info.role in POWERS:
        return _power_shares(samples, info, window, zone)
    for number, (time, value) in enumerate(samples):
        if number == 0 or time - samples[number - 1][0] > gap:
            found[window_of(time, window, zone)].amounts.append(value * info.scale)
            found[window_of(time, window, zone)].whole |= value != 0.0
    for (t0, _), (t1, v1) in zip(samples, samples[1:], strict=False):
        for start, end in windows_of(t0, t1, window, zone) if t1 - t0 <= gap else ():
            a, b = max(t0, start), min(t1, end)
            found[(start, end)].covered.append((b - a) * NS)
            found[(start, end)].amounts.append(v1 * info.scale * (b - a) / (t1 - t0))
    return dict(found)


def _power_shares(
    samples: list[tuple[int, float]], info: TagInfo, window: str, zone: str
) -> dict[tuple[int, int], Part]:
    """Windows with samples, or between two that might be near enough, are there; those between two that are have energy."""
    found: dict[tuple[int, int], Part] = defaultdict(Part)
    for time, _ in samples:
        found[window_of(time, window, zone)].amounts.append(0.0)
    counts = spans_that_count([time for time, _ in samples], info)
    for (t0, v0), (t1, v1), is_counted in zip(samples, samples[1:], counts, strict=False):
        for start, end in windows_of(t0, t1, window, zone) if t1 - t0 <= reach(info) else ():
            mine, a, b = found[(start, end)], max(t0, start), min(t1, end)
            at_a, at_b = (v0 + (v1 - v0) * (time - t0) / (t1 - t0) for time in (a, b))
            if is_counted:
                mine.covered.append((b - a) * NS)
                mine.amounts.append((at_a + at_b) / 2 * info.scale * (b - a) * NS / 3600)
    return dict(found)


def told(samples: list[tuple[int, float]], info: TagInfo, zone: str, rated_kw: float) -> Told:
    """What the readings of a register come to."""
    return told_by(samples, info, rated_kw, midnight=lambda time: window_of(time, "day", zone)[0])


def _register_shares(
    samples: list[tuple[int, float]], info: TagInfo, gap: int, window: str, zone: str, rated_kw: float
) -> dict[tuple[int, int], Part]:
    """Time is covered between any two readings near to each other; amounts lie between those that are believed."""
    found: dict[tuple[int, int], Part] = defaultdict(Part)
    for (t0, _), (t1, _) in zip(samples, samples[1:], strict=False):
        found[window_of(t1, window, zone)].amounts.append(0.0)
        for start, end in windows_of(t0, t1, window, zone) if t1 - t0 <= gap else ():
            found[(start, end)].covered.append((min(t1, end) - max(t0, start)) * NS)
    for settled in told(samples, info, zone, rated_kw).settled:
        if settled.time - settled.base > gap:
            amount = math.fsum(counted for _, counted in settled.steps)
            found[window_of(settled.time, window, zone)].amounts.append(amount * info.scale)
            found[window_of(settled.time, window, zone)].whole |= amount != 0.0
            continue
        for start, end in windows_of(settled.base, settled.time, window, zone):
            found[(start, end)].amounts.append(settled.between(start, end) * info.scale)
    return dict(found)


def energy(
    series: list[tuple[TagInfo, list[tuple[int, float]]]], window: str, zone: str = "UTC", rated_kw: float = math.nan
) -> dict[int, dict[str, float]]:
    """Per window start [ns UTC] the row of an asset with these series: minute by minute the source that observed most."""
    drawn = chosen_by_minute(series, ACTIVE, zone, rated_kw, fed_back=False)
    given = chosen_by_minute(series, ACTIVE, zone, rated_kw, fed_back=True)
    reactive = chosen_by_minute(series, REACTIVE, zone, rated_kw, fed_back=False)
    registers = [told(samples, info, zone, rated_kw) for info, samples in series if info.role in REGISTERS]
    refused = [time for register in registers for time in register.refused]
    rows = {}
    there = minutes_of(series, (*ACTIVE, *REACTIVE), zone, rated_kw)
    of_drawn = minutes_of([one for one in series if not one[0].is_fed_back], ACTIVE, zone, rated_kw)
    apart = of_drawn - drawn.keys()
    for start, end in sorted({window_of(minute, window, zone) for minute in there}):
        kwh, active_s = _total(drawn, start, end)
        kvarh, reactive_s = _total(reactive, start, end)
        seconds = (end - start) * NS
        apparent = math.hypot(kwh, kvarh)
        is_apart = math.isnan(kwh) and any(start <= minute < end for minute in apart)
        observed = reactive_s if math.isnan(kwh) and not math.isnan(kvarh) else active_s
        rows[start] = {
            "active_energy_kwh": 0.0 if is_apart else kwh,
            "reactive_energy_kvarh": kvarh,
            "exported_energy_kwh": _total(given, start, end)[0],
            "peak_demand_kw": _peak(drawn, start, end, zone),
            "power_factor": kwh / apparent if apparent else math.nan,
            "rejected_readings": float(sum(start <= time < end for time in refused)),
            "coverage": min(observed / seconds, 1.0)
            if not math.isnan(kwh) or not math.isnan(kvarh)
            else (0.0 if is_apart or math.isnan(_total(given, start, end)[0]) else math.nan),
        }
    return rows


def minutes_of(
    series: list[tuple[TagInfo, list[tuple[int, float]]]], roles: tuple[Role, ...], zone: str, rated_kw: float
) -> set[int]:
    """Minutes in which series of some roles have anything, energy or samples too far apart [ns UTC]."""
    mine = [(info, samples) for info, samples in series if info.role in roles]
    return {start for info, samples in mine for start, _ in shares(samples, info, "1m", zone, rated_kw)}


Chosen = dict[int, tuple[float, float, bool]]
"""By start of a minute [ns UTC] energy and observed seconds of the source that was chosen, and whether some was booked at one time."""


def place_of(info: TagInfo) -> int:
    """A tag's place in the order of sources, the smallest first."""
    sort = (REGISTERS, (Role.ACTIVE_INTERVAL, Role.REACTIVE_INTERVAL), (Role.ACTIVE_PULSE,), POWERS)
    by_role = next(place for place, roles in enumerate(sort) if info.role in roles)
    if info.share is Share.PART:
        return 100 + by_role
    shares = [Share.TOTAL, Share.DAY, Share.TARIFF, Share.PHASE, Share.LOAD, Share.GRID]
    return by_role * 10 + shares.index(info.share)


def chosen_by_minute(
    series: list[tuple[TagInfo, list[tuple[int, float]]]],
    roles: tuple[Role, ...],
    zone: str,
    rated_kw: float,
    *,
    fed_back: bool,
) -> Chosen:
    """Of each minute the best source; series come by name, and of those that are a source each the first one counts."""
    by_minute: dict[int, dict[tuple[int, int], list[Part]]] = defaultdict(lambda: defaultdict(list))
    for number, (info, samples) in enumerate(series):
        if info.role in roles and info.is_fed_back is fed_back:
            place = place_of(info)
            alone = -1 if place >= 100 or info.share in (Share.TARIFF, Share.PHASE) else number
            for (start, _), mine in shares(samples, info, "1m", zone, rated_kw).items():
                if info.role in POWERS and not mine.covered:
                    continue
                by_minute[start][place, alone].append(mine)
    chosen: Chosen = {}
    for start, sources in by_minute.items():
        seconds = {key: math.fsum(x for one in mine for x in one.covered) / len(mine) for key, mine in sources.items()}
        most = max(seconds.values())
        best = min(key for key, covered in seconds.items() if covered > most - 1e-6)
        amount = math.fsum(x for one in sources[best] for x in one.amounts)
        chosen[start] = amount, seconds[best], any(one.whole for one in sources[best])
    return chosen


def _total(chosen: Chosen, start: int, end: int) -> tuple[float, float]:
    """Energy and observed seconds of a window; NaN without any."""
    mine = [found for minute, found in chosen.items() if start <= minute < end]
    return (math.fsum(x for x, _, _ in mine), math.fsum(s for _, s, _ in mine)) if mine else (math.nan, 0.0)


def _peak(chosen: Chosen, start: int, end: int, zone: str) -> float:
    """The highest mean power of a quarter-hour of the window, or of the window where it is shorter, that was observed to 95 % [kW]."""
    bounds = [(start, end)] if (end - start) * NS <= 900 else windows_of(start, end, "15m", zone)
    powers = []
    for a, b in bounds:
        kwh, seconds = _total(chosen, a, b)
        is_whole = any(whole for minute, (_, _, whole) in chosen.items() if a <= minute < b)
        if not is_whole and seconds >= 0.95 * (b - a) * NS:
            powers.append(kwh / ((b - a) * NS / 3600))
    return max(powers, default=math.nan)
