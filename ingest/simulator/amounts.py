"""What each second of a machine's day adds to time, pieces and energy: the truth behind its figures, second by second.

Nothing here is shared with the pipeline: there are no events to join and no samples to integrate, only the schedule that
the simulator itself goes by.
"""

import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS
from ingest.simulator.machines import Machine
from ingest.simulator.schedule import BREAKS_S, DAY_S, MICROSTOP_S, State, orders_of
from ingest.simulator.tariff import CO2_KG_PER_KWH, price_of_hours

Amounts = dict[str, np.ndarray]
"""Name of a figure → float64[86400], what each second of the day adds to it."""

_STANDS = (State.IDLE, State.STOPPED, State.STANDBY)
"""States in which a machine could or should produce, and does not."""
_RESTS = (State.IDLE, State.STANDBY)


def amounts_of(machine: Machine, day: int, first_s: int = 0) -> Amounts:
    """All amounts of a machine on a UTC day (days since 1970).

    first_s : the second of the day from which anybody listened; a stop before it is not known to be part of a later one
    """
    state = machine.timeline(day).state.copy()
    state[:first_s] = State.CHANGEOVER
    return _times(state) | _pieces(machine, day) | _energies(machine, day)


def _times(state: np.ndarray) -> Amounts:
    """Seconds by ISO 22400-2 time element, and stops where the first of their time lies that was not planned."""
    planned = np.zeros(DAY_S, bool)
    for start, stop in BREAKS_S:
        planned[start:stop] = True
    planned |= state == State.PLANNED
    planned &= state != State.PRODUCING
    minor = _microstops(state)
    rests, stopped = np.isin(state, _RESTS), state == State.STOPPED
    return {
        "actual_production_time_s": (state == State.PRODUCING) * 1.0,
        "actual_unit_setup_time_s": ((state == State.CHANGEOVER) & ~planned) * 1.0,
        "actual_unit_delay_time_s": (rests & ~minor & ~planned) * 1.0,
        "actual_unit_down_time_s": (stopped & ~minor & ~planned) * 1.0,
        "minor_stop_time_s": (minor & ~planned) * 1.0,
        "planned_stop_time_s": planned * 1.0,
        "stop_count": _begin(stopped & ~minor, planned) * 1.0,
        "minor_stop_count": _begin(minor, planned) * 1.0,
    }


def _runs(inside: np.ndarray) -> list[tuple[int, int]]:
    """Where the seconds of a day that lie inside begin and end."""
    steps = np.diff(np.concatenate(([False], inside, [False])).astype(np.int8))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def _begin(inside: np.ndarray, planned: np.ndarray) -> np.ndarray:
    """bool[86400]: the first second of each run of `inside` that was not planned; none of one that was planned as a whole."""
    begins = np.zeros(DAY_S, bool)
    for start, stop in _runs(inside):
        worked = np.flatnonzero(~planned[start:stop])
        begins[start + worked[:1]] = True
    return begins


def _microstops(state: np.ndarray) -> np.ndarray:
    """bool[86400]: seconds within stops shorter than the limit.

    No stop crosses midnight: the plant's days begin and end with a changeover.
    """
    inside = np.zeros(DAY_S, bool)
    for start, stop in _runs(np.isin(state, _STANDS)):
        inside[start:stop] = stop - start < MICROSTOP_S
    return inside


def _pieces(machine: Machine, day: int) -> Amounts:
    counters = machine.counters(day)
    good, scrap = np.diff(counters.good) * 1.0, np.diff(counters.reject) * 1.0
    orders = orders_of(machine.seed, machine.line, day)
    ideal = np.array([getattr(order.product, machine.ideal_field) for order in orders] + [np.nan])
    cycle = np.where(good + scrap > 0, ideal[machine.timeline(day).order], 0.0)
    return {
        "good_count": good,
        "scrap_count": scrap,
        "total_count": good + scrap,
        "ideal_total_s": cycle * (good + scrap),
        "ideal_good_s": cycle * good,
    }


def _energies(machine: Machine, day: int) -> Amounts:
    """Energy by the register that the meter shows at whole seconds, what it cost and emitted [kWh, EUR, kg]."""
    seconds = (day * DAY_S + np.arange(DAY_S, dtype=np.int64)) * SECOND_NS
    midnight = np.array([(day + 1) * DAY_NS], np.int64)
    shown = np.concatenate((machine.register_kwh(seconds), machine.register_kwh(midnight)))
    kwh, state = np.diff(shown), machine.timeline(day).state
    hour = np.arange(DAY_S) // 3600
    rest = ~np.isin(state, (State.PRODUCING, State.STANDBY))
    return {
        "active_energy_kwh": kwh,
        "producing_energy_kwh": kwh * (state == State.PRODUCING),
        "idle_energy_kwh": kwh * rest,
        "standby_energy_kwh": kwh * (state == State.STANDBY),
        "off_energy_kwh": kwh * 0.0,
        "energy_cost": kwh * price_of_hours()[hour],
        "co2_kg": kwh * np.array(CO2_KG_PER_KWH)[hour],
    }
