"""Slow, obvious twin of `energy`: every pair of samples is split over the windows it shares time with, in plain Python."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

from fieldline.plant import Role, TagInfo
from tests.twins.samples import NS
from tests.twins.windows import window_of, windows_of

ACTIVE = (Role.ACTIVE_REGISTER, Role.ACTIVE_INTERVAL, Role.ACTIVE_PULSE, Role.ACTIVE_POWER)
REACTIVE = (Role.REACTIVE_REGISTER, Role.REACTIVE_INTERVAL, Role.REACTIVE_POWER)
POWERS = (Role.ACTIVE_POWER, Role.REACTIVE_POWER)
REGISTERS = (Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER)


@dataclass
class Share:
    """What one series gives one window: amounts [kWh or kvarh] and seconds between samples near to each other."""

    amounts: list[float] = field(default_factory=list)
    covered: list[float] = field(default_factory=list)


def register_step(before: float, now: float, info: TagInfo) -> float:
    """Counts between two readings: forward, over the end, or from zero after a reset; implausible ones count nothing."""
    if now >= before:
        return now - before if not now - before > info.max_delta else 0.0
    rolled = now - before + info.modulus
    if rolled >= 0 and not rolled > info.max_delta:
        return rolled
    if math.isnan(info.modulus) and (now < 0 or now > before / 2):
        return 0.0
    return now


def shares(
    samples: list[tuple[int, float]], info: TagInfo, window: str, zone: str = "UTC"
) -> dict[tuple[int, int], Share]:
    """What a series gives each window that it has a part in."""
    found: dict[tuple[int, int], Share] = defaultdict(Share)
    gap = int((info.max_gap_s if info.role in POWERS else info.register_max_gap_s) * 1e9)
    if info.role not in POWERS and info.role not in REGISTERS:
        for time, value in samples:
            found[window_of(time, window, zone)].amounts.append(value * info.scale)
    for (t0, v0), (t1, v1) in zip(samples, samples[1:], strict=False):
        here = found[window_of(t1, window, zone)] if t1 - t0 <= gap or info.role in REGISTERS else None
        if t1 - t0 > gap:
            if info.role in REGISTERS and here is not None:
                here.amounts.append(register_step(v0, v1, info) * info.scale)
            continue
        for start, end in windows_of(t0, t1, window, zone):
            a, b = max(t0, start), min(t1, end)
            mine = found[(start, end)]
            mine.covered.append((b - a) * NS)
            if info.role in REGISTERS:
                mine.amounts.append(register_step(v0, v1, info) * info.scale * (b - a) / (t1 - t0))
            elif info.role in POWERS:
                at_a = v0 + (v1 - v0) * (a - t0) / (t1 - t0)
                at_b = v0 + (v1 - v0) * (b - t0) / (t1 - t0)
                mine.amounts.append((at_a + at_b) / 2 * info.scale * (b - a) * NS / 3600)
    return dict(found)


def energy(
    series: list[tuple[TagInfo, list[tuple[int, float]]]], window: str, zone: str = "UTC"
) -> dict[int, dict[str, float]]:
    """Per window start [ns UTC] the row of an asset with these series."""
    given = [(info.role, shares(samples, info, window, zone)) for info, samples in series if info.role]
    rows = {}
    for start, end in sorted({bounds for _, mine in given for bounds in mine}):
        kwh, active_s = _best(ACTIVE, given, (start, end))
        kvarh, reactive_s = _best(REACTIVE, given, (start, end))
        seconds = (end - start) * NS
        apparent = math.hypot(kwh, kvarh)
        rows[start] = {
            "active_energy_kwh": kwh,
            "reactive_energy_kvarh": kvarh,
            "peak_demand_kw": _peak(series, kwh, start, end, zone),
            "power_factor": kwh / apparent if apparent else math.nan,
            "coverage": min((reactive_s if math.isnan(kwh) else active_s) / seconds, 1.0),
        }
    return rows


def _best(roles: tuple[Role, ...], given: list, bounds: tuple[int, int]) -> tuple[float, float]:  # type: ignore[type-arg]
    """Energy and mean covered seconds by the best sort of source that the window has; NaN without any."""
    for role in roles:
        mine = [found[bounds] for kind, found in given if kind is role and bounds in found]
        if mine:
            covered = [math.fsum(share.covered) for share in mine]
            return math.fsum(x for share in mine for x in share.amounts), math.fsum(covered) / len(mine)
    return math.nan, 0.0


def _peak(series: list, kwh: float, start: int, end: int, zone: str) -> float:  # type: ignore[type-arg]
    """The highest mean power of a quarter-hour of the window, or of the window where it is shorter [kW]."""
    hours = (end - start) * NS / 3600
    if hours <= 0.25:
        return kwh / hours
    given = [(info.role, shares(samples, info, "15m", zone)) for info, samples in series if info.role]
    quarters = [_best(ACTIVE, given, bounds)[0] / 0.25 for bounds in windows_of(start, end, "15m", zone)]
    known = [power for power in quarters if not math.isnan(power)]
    return max(known, default=math.nan)
