"""Slow, obvious twin of energy by state, cost and CO2: every piece of energy is split at every minute, cut and change of state."""

import math
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from fieldline.plant import TagInfo
from fieldline.states import STATES, EnergyState
from tests.twins.energy import ACTIVE, POWERS, REGISTERS, place_of
from tests.twins.power import spans_that_count
from tests.twins.registers import told_by

MINUTE = 60 * 10**9


class Told(NamedTuple):
    """The state that held of a machine from a time on, and for how long [ns]."""

    time: int
    state: int
    gap: int


class Piece(NamedTuple):
    """Energy that one slice books, between which times its states are looked up, and how much of the slice it observed [ns]."""

    slice_start: int
    amount: float
    since: int
    until: int
    observed: int


def state_at(told: list[Told], time: int) -> int:
    """The state at an instant; told : in order of time."""
    return next((row.state for row in told if row.time <= time < row.time + row.gap), 0)


def state_times(told: list[Told], since: int, until: int) -> dict[EnergyState, int]:
    """How long each energy state held between two times [ns]."""
    marks = {since, until}
    for row in told:
        marks |= {row.time, row.time + row.gap}
    bounds = sorted(mark for mark in marks if since <= mark <= until)
    found: dict[EnergyState, int] = defaultdict(int)
    for a, b in zip(bounds, bounds[1:], strict=False):
        found[STATES[state_at(told, a)].energy] += b - a
    return found


def slices_of(since: int, until: int, cuts: list[int]) -> list[tuple[int, int]]:
    """The slices that share time with since..until; with none between them the one that holds `since`."""
    found: list[tuple[int, int]] = []
    start = max([since // MINUTE * MINUTE, *(cut for cut in cuts if cut <= since)])
    while start < until or not found:
        end = min([start // MINUTE * MINUTE + MINUTE, *(cut for cut in cuts if cut > start)])
        found.append((start, end))
        start = end
    return found


def pieces_of(samples: list[tuple[int, float]], info: TagInfo, cuts: list[int]) -> list[Piece]:
    """What a meter gives to slices."""
    gap = int((info.max_gap_s if info.role in POWERS else info.register_max_gap_s) * 1e9)
    if info.role in REGISTERS:
        return _pieces_of_register(samples, info, gap, cuts)
    found: list[Piece] = []
    counts = [False, *spans_that_count([time for time, _ in samples], info)]
    for number, (t1, v1) in enumerate(samples):
        here = slices_of(t1, t1, cuts)[0][0]
        t0, v0 = samples[number - 1] if number else (t1, v1)
        near = counts[number] if info.role in POWERS else number > 0 and t1 - t0 <= gap
        if info.role not in POWERS and not near:
            found.append(Piece(here, v1 * info.scale, t1, t1, 0))
        elif info.role not in POWERS:
            for start, end in slices_of(t0, t1, cuts):
                a, b = max(t0, start), min(t1, end)
                found.append(Piece(start, v1 * info.scale * (b - a) / (t1 - t0), a, b, b - a))
        elif near:
            for start, end in slices_of(t0, t1, cuts):
                a, b = max(t0, start), min(t1, end)
                middle = v0 + (v1 - v0) * ((a - t0) + (b - t0)) / 2 / (t1 - t0)
                found.append(Piece(start, middle * info.scale * (b - a) / 3.6e12, a, b, b - a))
    return found


def _pieces_of_register(samples: list[tuple[int, float]], info: TagInfo, gap: int, cuts: list[int]) -> list[Piece]:
    """Readings by themselves make that a slice has energy; how much, those do that are believed."""
    found = [Piece(slices_of(time, time, cuts)[0][0], 0.0, time, time, 0) for time, _ in samples[1:]]
    for (t0, _), (t1, _) in zip(samples, samples[1:], strict=False):
        for start, end in slices_of(t0, t1, cuts) if t1 - t0 <= gap else ():
            found.append(Piece(start, 0.0, t0, t0, min(t1, end) - max(t0, start)))
    for settled in told_by(samples, info).settled:
        if settled.time - settled.base > gap:
            amount = math.fsum(counted for _, counted in settled.steps) * info.scale
            found.append(
                Piece(slices_of(settled.time, settled.time, cuts)[0][0], amount, settled.time, settled.time, 0)
            )
            continue
        for start, end in slices_of(settled.base, settled.time, cuts):
            a, b = max(settled.base, start), min(settled.time, end)
            found.append(Piece(start, settled.between(a, b) * info.scale, a, b, 0))
    return found


def chosen(sources: dict[int, list[list[Piece]]]) -> list[Piece]:
    """The pieces of the source that observed most of a slice, of equals of the first; sources : by place, for each series its pieces."""
    observed = {
        place: sum(piece.observed for pieces in series for piece in pieces) / len(series)
        for place, series in sources.items()
    }
    best = min(place for place, ns in observed.items() if ns == max(observed.values()))
    return [piece for pieces in sources[best] for piece in pieces]


def energy_in_context(
    series: list[tuple[TagInfo, list[tuple[int, float]]]],
    told: list[Told],
    cuts: list[int],
    price: Callable[[int], float],
    factor: Callable[[int], float],
    start: int,
    end: int,
) -> dict[str, float]:
    """An asset's energy between two times that are cuts or whole minutes, by state, and what it cost and emitted; NaN: nothing known."""
    by_slice: dict[int, dict[int, list[list[Piece]]]] = defaultdict(lambda: defaultdict(list))
    for info, samples in series:
        of_slices: dict[int, list[Piece]] = defaultdict(list)
        for piece in pieces_of(samples, info, sorted(cuts)):
            of_slices[piece.slice_start].append(piece)
        for at, pieces in of_slices.items():
            if info.role in ACTIVE and start <= at < end:
                by_slice[at][place_of(info)].append(pieces)
    mine = [piece for sources in by_slice.values() for piece in chosen(sources)]
    times = [state_times(told, piece.since, piece.until) for piece in mine]
    known = sum(ns for time in times for state, ns in time.items() if state) > 0
    result = {
        "active_energy_kwh": math.fsum(piece.amount for piece in mine),
        "energy_cost": math.fsum(piece.amount * price(piece.slice_start) for piece in mine),
        "co2_kg": math.fsum(piece.amount * factor(piece.slice_start) for piece in mine),
    }
    for state in (EnergyState.PRODUCING, EnergyState.IDLE, EnergyState.STANDBY, EnergyState.OFF):
        shares = [
            piece.amount * time[state] / (piece.until - piece.since)
            for piece, time in zip(mine, times, strict=True)
            if piece.until > piece.since
        ]
        result[f"{state.name.lower()}_energy_kwh"] = math.fsum(shares) if known else math.nan
    return result if mine else {}
