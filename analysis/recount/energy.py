"""An asset's energy in a window from its meters' samples: amounts, what its machine did meanwhile, cost and emissions.

Between two samples of a meter that are near enough (of registers, intervals and pulses `register_max_gap_s`, of power `max_gap_s` or the
tag's own rhythm, `rhythm.py`) energy is laid out over time: of power as a trapezoid, of registers evenly between the readings that are
believed (`registers.py`). It is cut at whole minutes, or what the line's slices are, and where orders begin and end, and in each cut the
states share it by the time that each lasted. Intervals and pulses tell of what was drawn evenly since the message before, or after it where
that is declared. Across longer gaps all of them count at their own time, and in a quarter-hour in which one did there is no demand. Between
two readings near enough to each other time is covered, believed or not. Of several tags that tell of the same energy, each cut takes the
source that observed most.
"""

from bisect import bisect_right
from itertools import pairwise
from math import nan, sqrt
from typing import NamedTuple

from analysis.recount.history import FAR, ORDER_TAGS, History
from analysis.recount.prices import told_prices, worth_at
from analysis.recount.rhythm import spans_that_count
from analysis.recount.said import amount_of, without
from analysis.recount.states import Stretch, stretches
from fieldline.meters import Share
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
_SORTS = (
    (Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER),
    (Role.ACTIVE_INTERVAL, Role.REACTIVE_INTERVAL),
    (Role.ACTIVE_PULSE,),
    _POWER,
)
REGISTERS = (Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER)
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


class Chosen(NamedTuple):
    """What counts in a window: by tag the portions of the sources that were chosen in its cuts, and the seconds that they observed."""

    by_tag: dict[str, list[Portion]]
    seconds: float

    @property
    def portions(self) -> list[Portion]:
        """Those of all tags."""
        return [portion for portions in self.by_tag.values() for portion in portions]


def energy(history: History, asset: str, start: int, end: int) -> Figures:
    """The fields of `energy` in [start, end) [ns UTC]; NaN where a value does not exist, nothing without energy."""
    active, reactive = _chosen(history, asset, _ACTIVE, start, end), _chosen(history, asset, _REACTIVE, start, end)
    fed_back = _chosen(history, asset, _ACTIVE, start, end, is_fed_back=True)
    is_apart = active is None and _is_apart(history, asset, (Role.ACTIVE_POWER,), start, end)
    is_another_apart = (
        active is None and reactive is None and fed_back is None and _is_apart(history, asset, _POWER, start, end)
    )
    if active is None and reactive is None and fed_back is None and not is_another_apart:
        return {}
    hours = (end - start) * 1e-9 / HOUR_S
    kwh, kvarh = _sum(active), _sum(reactive)
    apparent, peak = sqrt(kwh * kwh + kvarh * kvarh), _peak(history, asset, start, end)
    observed = active or reactive
    figures = {
        "active_energy_kwh": 0.0 if is_apart else kwh,
        "reactive_energy_kvarh": kvarh,
        "apparent_energy_kvah": apparent,
        "mean_power_kw": kwh / hours,
        "peak_demand_kw": peak,
        "load_factor": kwh / hours / peak if peak > 0 else nan,
        "power_factor": kwh / apparent if apparent > 0 else nan,
        "exported_energy_kwh": _sum(fed_back),
        "rejected_readings": float(rejected(history, asset, start, end)),
        "coverage": min(observed.seconds / ((end - start) * 1e-9), 1.0)
        if observed is not None
        else (0.0 if is_apart or is_another_apart else nan),
    }
    portions = active.portions if active is not None else None
    return figures | _in_states(history, asset, portions) | _worth(history, portions, _cuts(history, start, end))


def _is_apart(history: History, asset: str, roles: tuple[Role, ...], start: int, end: int) -> bool:
    """Whether there are samples of power in the window, or around it within the longest gap that there is, though none is energy.

    roles : with one alone, only of what was drawn
    """
    for tag in history.tags(asset, *roles):
        info = history.info(asset, tag)
        if info.is_fed_back and len(roles) == 1:
            continue
        times = [time for time, _ in history.rows[asset, tag]]
        near = int(max(info.max_gap_s, info.rhythm_s) * 1e9)
        if any(start <= time < end for time in times):
            return True
        spans = zip(times, times[1:], strict=False)
        if any(before < end and after > start and after - before <= near for before, after in spans):
            return True
    return False


def rejected(history: History, asset: str, start: int, end: int) -> int:
    """How many readings of the asset's registers were found wrong in [start, end)."""
    return sum(history.judgement(asset, tag).rejected(start, end) for tag in history.tags(asset, *REGISTERS))


def portions_of(history: History, asset: str, tag: str, start: int, end: int) -> list[Portion]:
    """The energy that one meter's tag gives to [start, end) [ns UTC]."""
    info, cuts = history.info(asset, tag), _cuts(history, start, end)
    if info.role in REGISTERS:
        return _of_register(history, asset, tag, cuts)
    if info.is_forward:
        return _of_starts(history.rows[asset, tag], info, cuts)
    found: list[Portion] = []
    before: tuple[int, float] | None = None
    rows, gap = history.rows[asset, tag], int(info.register_max_gap_s * 1e9)
    counts = spans_that_count([time for time, _ in rows], info) if info.role in _POWER else []
    for number, now in enumerate(rows):
        is_near = before is not None and (counts[number - 1] if counts else now[0] - before[0] <= gap)
        if before is not None and is_near and now[0] > start and before[0] < end:
            if info.role in _POWER:
                found += _laid_out(info, before, now, cuts)
            else:
                length = now[0] - before[0]
                found += [
                    Portion(a, b, now[1] * info.scale * (b - a) / length, (a, b))
                    for a, b in _between(before[0], now[0], cuts)
                ]
        if info.role in _WHOLE and not is_near and start <= now[0] < end:
            found.append(Portion(now[0], now[0], now[1] * info.scale, (0, 0)))
        before = now
    return found


def _of_starts(rows: list[tuple[int, float]], info: TagInfo, cuts: list[int]) -> list[Portion]:
    """What amounts give that are stamped at their start: each was drawn after its time, for as long as is declared or the rhythm says."""
    found: list[Portion] = []
    gap, spans = int(info.register_max_gap_s * 1e9), [0]
    for (t0, _), (t1, _) in pairwise(rows):
        spans.append(t1 - t0 if t1 - t0 <= gap else 0)
    for number, (time, value) in enumerate(rows):
        before, last = spans[number - 1] if number else 0, spans[number]
        length = int(info.interval_s * 1e9) if info.interval_s > 0 else min(before, last) if before else last
        after = rows[number + 1][0] if number + 1 < len(rows) else FAR
        amount, end = value * info.scale, time + length
        if cuts[0] <= time < cuts[-1]:
            found.append(Portion(time, time, 0.0 if length else amount, (0, 0)))
        for cut, until in pairwise(cuts):
            a, b = max(time, cut), min(end, after, until)
            is_last = after < until  # of the cuts that it lies in: what is left counts up to the next one
            if a < end and (a < b or (is_last and a == after)):
                share = ((end if is_last else b) - a) / length
                found.append(Portion(a, b, amount * share, (a, min(after, until))))
    return found


def _of_register(history: History, asset: str, tag: str, cuts: list[int]) -> list[Portion]:
    """What a register gives to the cuts of a window: time that its readings cover, and what those that are believed settle."""
    info, found = history.info(asset, tag), []
    start, end, gap = cuts[0], cuts[-1], int(info.register_max_gap_s * 1e9)
    # Where a meter was exchanged it was read, too.
    read = {time for time, _ in history.rows[asset, tag]} | history.exchanged(asset, tag)
    rows = [(time, 0.0) for time in sorted(read)]
    for (before, _), (time, _) in zip(rows, rows[1:], strict=False):
        if time - before <= gap:
            found += [Portion(a, b, 0.0, (0, 0)) for a, b in _between(before, time, cuts)]
        if start <= time < end:
            found.append(Portion(time, time, 0.0, (0, 0)))
    said = history.said(asset, tag)
    for settled in history.judgement(asset, tag).settled:
        if settled.time - settled.base <= gap:
            for a, b in _between(settled.base, settled.time, cuts):
                found.append(Portion(a, a, settled.between(a, b) * info.scale, (a, b)))
        elif start <= settled.time < end:
            counted = sum(amount for _, amount in without(said, settled))
            found.append(Portion(settled.time, settled.time, counted * info.scale, (0, 0)))
    found = [portion for portion in found if amount_of(said, portion.start, portion.start) is None]
    for a, b in zip(cuts, cuts[1:], strict=False):
        amount = amount_of(said, a, b)
        if amount is not None:
            found.append(Portion(a, b, amount * info.scale, (a, b)))
    return found


def _laid_out(info: TagInfo, before: tuple[int, float], now: tuple[int, float], cuts: list[int]) -> list[Portion]:
    """The energy between two samples of a power, cut by cut."""
    (t0, v0), (t1, v1) = before, now
    found = []
    for a, b in _between(t0, t1, cuts):
        at_a, at_b = (v0 + (v1 - v0) * ((moment - t0) / (t1 - t0)) for moment in (a, b))
        amount = (at_a + at_b) / 2 * ((b - a) * 1e-9) / HOUR_S * info.scale
        found.append(Portion(a, b, amount, (a, b)))
    return found


def _cuts(history: History, start: int, end: int) -> list[int]:
    """Where time is cut within a window: at multiples of the line's slices and at the events of orders; with both ends [ns UTC]."""
    known = [
        time
        for (asset, tag), rows in history.rows.items()
        if tag in ORDER_TAGS and history.plant.line_of(asset) == history.line
        for time, _ in rows
    ]
    length = history.slice_ns
    whole = range((start // length + 1) * length, end, length)
    return sorted({start, end, *whole, *(time for time in known if start < time < end)})


def _between(first: int, last: int, cuts: list[int]) -> list[tuple[int, int]]:
    """The pieces of first..last that lie between two cuts."""
    first, last = max(first, cuts[0]), min(last, cuts[-1])
    inside = cuts[bisect_right(cuts, first) : bisect_right(cuts, last)]
    bounds = [first, *(cut for cut in inside if cut < last), last]
    return [(a, b) for a, b in zip(bounds, bounds[1:], strict=False) if a < b]


def _chosen(
    history: History, asset: str, roles: tuple[Role, ...], start: int, end: int, *, is_fed_back: bool = False
) -> Chosen | None:
    """Cut by cut, the source that observed most; of equals the one that goes before the others. None where there is none at all."""
    cuts = _cuts(history, start, end)
    of_cuts: dict[int, dict[tuple[int, str], dict[str, list[Portion]]]] = {}
    for tag in history.tags(asset, *roles):
        info = history.info(asset, tag)
        if info.is_fed_back == is_fed_back:
            source = _source(history, asset, tag, info)
            for portion in portions_of(history, asset, tag, start, end):
                of_cut = of_cuts.setdefault(bisect_right(cuts, portion.start), {})
                of_cut.setdefault(source, {}).setdefault(tag, []).append(portion)
    if not of_cuts:
        return None
    found: dict[str, list[Portion]] = {}
    seconds = 0.0
    for sources in of_cuts.values():
        observed = {source: _seconds(tags) for source, tags in sources.items()}
        most = max(observed.values())
        best = min(source for source, mine in observed.items() if mine >= most - 1e-6)
        for tag, portions in sources[best].items():
            found.setdefault(tag, []).extend(portions)
        seconds += observed[best]
    return Chosen(found, seconds)


def counted(history: History, asset: str, start: int, end: int) -> dict[str, float]:
    """What each tag of the chosen sources adds to the asset's energy in a window [kWh or kvarh]; tags that add nothing are not in it."""
    drawn, reactive = _chosen(history, asset, _ACTIVE, start, end), _chosen(history, asset, _REACTIVE, start, end)
    fed_back = _chosen(history, asset, _ACTIVE, start, end, is_fed_back=True)
    found = [chosen.by_tag for chosen in (drawn, reactive, fed_back) if chosen is not None]
    return {tag: sum(one.amount for one in portions) for tags in found for tag, portions in tags.items()}


def _source(history: History, asset: str, tag: str, info: TagInfo) -> tuple[int, str]:
    """A tag's place in the order of sources, the first the smallest, and its name where it is a source by itself."""
    if tag in history.plant.asset_info(asset).energy_tags:
        return 0, ""
    sort = next(place for place, roles in enumerate(_SORTS) if info.role in roles)
    if info.share is Share.PART:
        return 100 + sort, ""
    place = 10 * (sort + 1) + (Share.TOTAL, Share.DAY, Share.TARIFF, Share.PHASE, Share.LOAD, Share.GRID).index(
        info.share
    )
    return place, "" if info.share in (Share.TARIFF, Share.PHASE) else tag


def _seconds(tags: dict[str, list[Portion]]) -> float:
    """Seconds that lie between near samples, as a mean over the tags."""
    return sum(portion.end - portion.start for portions in tags.values() for portion in portions) * 1e-9 / len(tags)


def _sum(chosen: Chosen | None) -> float:
    return sum(portion.amount for portion in chosen.portions) if chosen is not None else nan


def _peak(history: History, asset: str, start: int, end: int) -> float:
    """The highest mean power of a quarter-hour of which 95 % were observed; of the window where it is not longer [kW].

    Where slices are longer than a quarter-hour none is known of what is longer.
    """
    if history.slice_ns > QUARTER < end - start:
        return nan
    if end - start <= QUARTER:
        spans = [(start, end)]
    else:
        spans = [(at, at + QUARTER) for at in range(-(-start // QUARTER) * QUARTER, end - QUARTER + 1, QUARTER)]
    powers = []
    for a, b in spans:
        chosen = _chosen(history, asset, _ACTIVE, a, b)
        is_whole = chosen is not None and any(
            one.start == one.end and one.amount and one.shared == (0, 0) for one in chosen.portions
        )
        if chosen is not None and not is_whole and chosen.seconds >= 0.95 * (b - a) * 1e-9:
            powers.append(_sum(chosen) / ((b - a) * 1e-9 / HOUR_S))
    return max(powers, default=nan)


def _in_states(history: History, asset: str, found: list[Portion] | None) -> Figures:
    """Energy by what the machine did; NaN where no state was known at all."""
    sums, known = dict.fromkeys(_STATES.values(), 0.0), False
    shared = [portion for portion in found or [] if portion.shared[0] < portion.shared[1]]
    if shared:
        first, last = min(portion.shared[0] for portion in shared), max(portion.shared[1] for portion in shared)
        machine = history.plant.asset_info(asset).state_of or asset
        states = stretches(history.states(machine), first, last, history.silences(machine))
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


def _worth(history: History, found: list[Portion] | None, cuts: list[int]) -> Figures:
    """Cost and CO2: each cut's energy at the price and factor of its first minute; NaN where one that is needed is not states."""
    if found is None:
        return {"energy_cost": nan, "co2_kg": nan}
    told, money, kg = told_prices(history), 0.0, 0.0
    worth: dict[int, tuple[float, float]] = {}
    for portion in found:
        minute = cuts[bisect_right(cuts, portion.start) - 1] // MINUTE * MINUTE
        if minute not in worth:
            worth[minute] = worth_at(history, told, minute)[1:3]
        money += portion.amount * worth[minute][0]
        kg += portion.amount * worth[minute][1]
    return {"energy_cost": money, "co2_kg": kg}
