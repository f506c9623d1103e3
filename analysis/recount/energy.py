"""An asset's energy in a window from its meters' samples: amounts, what its machine did meanwhile, cost and emissions.

Between two samples of a meter that are near enough (`max_gap_s`, of registers, intervals and pulses `register_max_gap_s`) energy is laid
out over time: of power as a trapezoid, of registers evenly. It is cut at whole minutes and where orders begin and end, and in each cut the
states share it by the time that each lasted. Intervals and pulses, and steps of registers across longer gaps, count at their own time.
"""

from bisect import bisect_right
from math import isnan, nan, sqrt
from typing import NamedTuple

from analysis.recount.history import ORDER_TAGS, History, step_of
from analysis.recount.states import Stretch, stretches
from fieldline.plant import Role
from fieldline.states import STATES, EnergyState
from fieldline.tags import TagInfo

Figures = dict[str, float]
MINUTE = 60_000_000_000
QUARTER = 15 * MINUTE
HOUR_S = 3600.0
_ACTIVE = (Role.ACTIVE_REGISTER, Role.ACTIVE_INTERVAL, Role.ACTIVE_PULSE, Role.ACTIVE_POWER)
_REACTIVE = (Role.REACTIVE_REGISTER, Role.REACTIVE_INTERVAL, Role.REACTIVE_POWER)
_POWER = (Role.ACTIVE_POWER, Role.REACTIVE_POWER)
_WHOLE = (Role.ACTIVE_INTERVAL, Role.REACTIVE_INTERVAL, Role.ACTIVE_PULSE)
_STATES = {
    EnergyState.PRODUCING: "producing_energy_kwh",
    EnergyState.IDLE: "idle_energy_kwh",
    EnergyState.STANDBY: "standby_energy_kwh",
    EnergyState.OFF: "off_energy_kwh",
}


class Portion(NamedTuple):
    """Energy in one cut of time, or, where start is end, at one time.

    amount : kWh or kvarh; shared : the time whose states share it, (0, 0) for none. [ns UTC]
    """

    start: int
    end: int
    amount: float
    shared: tuple[int, int]


def energy(history: History, asset: str, start: int, end: int) -> Figures:
    """The fields of `energy` in [start, end) [ns UTC]; NaN where a value does not exist, nothing without energy."""
    active, reactive = _best(history, asset, _ACTIVE, start, end), _best(history, asset, _REACTIVE, start, end)
    if active is None and reactive is None:
        return {}
    hours = (end - start) * 1e-9 / HOUR_S
    kwh = _sum(active) if active is not None else nan
    kvarh = _sum(reactive) if reactive is not None else nan
    apparent, peak = sqrt(kwh * kwh + kvarh * kvarh), _peak(history, asset, start, end, kwh / hours)
    figures = {
        "active_energy_kwh": kwh,
        "reactive_energy_kvarh": kvarh,
        "apparent_energy_kvah": apparent,
        "mean_power_kw": kwh / hours,
        "peak_demand_kw": peak,
        "load_factor": kwh / hours / peak if peak > 0 else nan,
        "power_factor": kwh / apparent if apparent > 0 else nan,
        "coverage": min(_covered(active if active is not None else reactive or []) / ((end - start) * 1e-9), 1.0),
    }
    return figures | _in_states(history, asset, active) | _worth(history, active)


def portions_of(history: History, asset: str, tag: str, start: int, end: int) -> list[Portion]:
    """The energy that one meter's tag gives to [start, end) [ns UTC]."""
    info, found, before = history.info(asset, tag), [], None
    gap = int((info.max_gap_s if info.role in _POWER else info.register_max_gap_s) * 1e9)
    cuts = _cuts(history, start, end)
    for now in history.rows[asset, tag]:
        is_near = before is not None and now[0] - before[0] <= gap
        if before is not None and is_near and info.role not in _WHOLE:
            if now[0] > start and before[0] < end:
                found += _laid_out(info, before, now, cuts)
        elif before is not None and is_near and now[0] > start and before[0] < end:
            found += [Portion(a, b, 0.0, (0, 0)) for a, b in _between(before[0], now[0], cuts)]
        if start <= now[0] < end:
            found += _booked(info, before, now, is_near)
        before = now
    return found


def _booked(info: TagInfo, before: tuple[int, float] | None, now: tuple[int, float], is_near: bool) -> list[Portion]:
    """What counts at the time of a sample."""
    time, value = now
    if info.role in _WHOLE:
        return [
            Portion(time, time, value * info.scale, (before[0], time) if before is not None and is_near else (0, 0))
        ]
    if before is None or is_near or info.role in _POWER:
        return []
    return [Portion(time, time, step_of(before[1], value, info) * info.scale, (0, 0))]


def _laid_out(info: TagInfo, before: tuple[int, float], now: tuple[int, float], cuts: list[int]) -> list[Portion]:
    """The energy between two samples, cut by cut."""
    (t0, v0), (t1, v1) = before, now
    found = []
    for a, b in _between(t0, t1, cuts):
        if info.role in _POWER:
            at_a, at_b = (v0 + (v1 - v0) * ((moment - t0) / (t1 - t0)) for moment in (a, b))
            amount = (at_a + at_b) / 2 * ((b - a) * 1e-9) / HOUR_S * info.scale
        else:
            amount = step_of(v0, v1, info) * info.scale * ((b - a) / (t1 - t0))
        found.append(Portion(a, b, amount, (a, b)))
    return found


def _cuts(history: History, start: int, end: int) -> list[int]:
    """Where time is cut within a window: at whole minutes and at the events of orders; with both ends [ns UTC]."""
    known = [
        time
        for (asset, tag), rows in history.rows.items()
        if tag in ORDER_TAGS and history.plant.line_of(asset) == history.line
        for time, _ in rows
    ]
    minutes = range((start // MINUTE + 1) * MINUTE, end, MINUTE)
    return sorted({start, end, *minutes, *(time for time in known if start < time < end)})


def _between(first: int, last: int, cuts: list[int]) -> list[tuple[int, int]]:
    """The pieces of first..last that lie between two cuts."""
    first, last = max(first, cuts[0]), min(last, cuts[-1])
    inside = cuts[bisect_right(cuts, first) : bisect_right(cuts, last)]
    bounds = [first, *(cut for cut in inside if cut < last), last]
    return [(a, b) for a, b in zip(bounds, bounds[1:], strict=False) if a < b]


def _best(history: History, asset: str, roles: tuple[Role, ...], start: int, end: int) -> list[list[Portion]] | None:
    """Of the sources that the window has the first of `roles`, a list for each of its tags; None without any."""
    for role in roles:
        found = [
            portions for tag in history.tags(asset, role) if (portions := portions_of(history, asset, tag, start, end))
        ]
        if found:
            return found
    return None


def _sum(found: list[list[Portion]]) -> float:
    return sum(portion.amount for portions in found for portion in portions)


def _covered(found: list[list[Portion]]) -> float:
    """Seconds that lie between near samples, as a mean over the tags."""
    return sum(portion.end - portion.start for portions in found for portion in portions) * 1e-9 / len(found)


def _peak(history: History, asset: str, start: int, end: int, mean: float) -> float:
    """The highest mean power of a quarter-hour; of the window where it is not longer [kW]."""
    if end - start <= QUARTER:
        return mean
    peak = nan
    for quarter in range(-(-start // QUARTER) * QUARTER, end - QUARTER + 1, QUARTER):
        found = _best(history, asset, _ACTIVE, quarter, quarter + QUARTER)
        if found is not None:
            power = _sum(found) / (QUARTER * 1e-9 / HOUR_S)
            peak = power if isnan(peak) or power > peak else peak
    return peak


def _in_states(history: History, asset: str, found: list[list[Portion]] | None) -> Figures:
    """Energy by what the machine did; NaN where no state was known at all."""
    sums, known = dict.fromkeys(_STATES.values(), 0.0), False
    shared = [portion for portions in found or [] for portion in portions if portion.shared[0] < portion.shared[1]]
    if shared:
        first, last = min(portion.shared[0] for portion in shared), max(portion.shared[1] for portion in shared)
        states = stretches(history.states(history.plant.asset_info(asset).state_of or asset), first, last)
        starts = [one.start for one in states]
        for portion in shared:
            for state, share in _shares(portion.shared, states, starts).items():
                known = True
                sums[_STATES[state]] += portion.amount * share
    return sums if known else dict.fromkeys(sums, nan)


def _shares(span: tuple[int, int], states: list[Stretch], starts: list[int]) -> dict[EnergyState, float]:
    """How a span of time is shared among states that are known [1]."""
    shares: dict[EnergyState, float] = {}
    at = bisect_right(starts, span[0]) - 1
    while at < len(states) and states[at].start < span[1]:
        lasts = min(states[at].end, span[1]) - max(states[at].start, span[0])
        state = STATES[states[at].state].energy
        if lasts > 0 and state is not EnergyState.UNKNOWN:
            shares[state] = shares.get(state, 0.0) + lasts / (span[1] - span[0])
        at += 1
    return shares


def _worth(history: History, found: list[list[Portion]] | None) -> Figures:
    """Cost and CO2: each cut's energy at the price and factor of its minute; NaN where one that is needed is not states."""
    if found is None:
        return {"energy_cost": nan, "co2_kg": nan}
    table, money, kg = history.plant.price_table(history.line), 0.0, 0.0
    worth: dict[int, tuple[float, float]] = {}
    for portion in (portion for portions in found for portion in portions):
        minute = portion.start // MINUTE * MINUTE
        if minute not in worth:
            price, factor = table.price_at(minute, minute + 1)[1], table.co2_at(minute, minute + 1)[1]
            worth[minute] = float(price[0]), float(factor[0])
        money += portion.amount * worth[minute][0]
        kg += portion.amount * worth[minute][1]
    return {"energy_cost": money, "co2_kg": kg}
