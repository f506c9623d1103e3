"""A line as a chain of stations: how fast it runs, how fast it would have to, and which station holds it back.

Sources: W. Hopp and M. Spearman, Factory Physics, 3rd ed., McGraw-Hill, 2008 (bottleneck rate, throughput); M. Rother and J. Shook,
Learning to See, Lean Enterprise Institute, 1998 (takt); I. Baybars, A Survey of Exact Algorithms for the Simple Assembly Line Balancing
Problem, Management Science 32, 1986 (line efficiency); C. Roser, M. Nakano and M. Tanaka, A Practical Bottleneck Detection Method,
Winter Simulation Conference, 2001 (the station that is active longest).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide


class Bottleneck(NamedTuple):
    """The station that sets the pace.

    station : int
        Its place in the line, from 0; the first of several. -1 where no station is known.
    value : float
        What made it the bottleneck: its rate [pieces/s] or its busy share [1].
    """

    station: int
    value: float


def throughput(count: ArrayLike, time_s: ArrayLike) -> Floats:
    """Pieces a second over a time. [pieces/s] NaN over no time."""
    return divide(amount(count), amount(time_s))


def cycle_time(run_s: ArrayLike, count: ArrayLike) -> Floats:
    """Mean time from piece to piece while running. [s] NaN without pieces."""
    return divide(amount(run_s), amount(count))


def takt_time(available_s: ArrayLike, demand_count: ArrayLike) -> Floats:
    """Time that may pass from piece to piece to meet demand: available time over pieces wanted. [s] NaN without demand."""
    return divide(amount(available_s), amount(demand_count))


def station_rates(
    cycle_s: ArrayLike, machines: ArrayLike = 1, availability: ArrayLike = 1.0, yield_ratio: ArrayLike = 1.0
) -> Floats:
    """Good pieces a second that each station can hold in the long run [pieces/s].

    cycle_s : float64[stations]
        Cycle time of one machine. [s] At 0 there is no rate: NaN.
    machines : float64[stations]
        Machines side by side.
    availability, yield_ratio : float64[stations]
        Share of time it is up, and of pieces that pass. [1]
    """
    effective = amount(machines) * amount(availability) * amount(yield_ratio)
    return divide(effective, amount(cycle_s))


def slowest_station(rates: ArrayLike) -> Bottleneck:
    """The bottleneck by rate: the station of the lowest long-run rate is the line's throughput at best.

    rates : float64[stations]
        See `station_rates`. A station of unknown rate is passed over.
    """
    return _extreme(amount(rates), -1.0)


def busiest_station(active_s: ArrayLike, time_s: float) -> Bottleneck:
    """The bottleneck by times: the station that neither starves nor is blocked for the largest share of time.

    active_s : float64[stations]
        Time in which a station worked, was set up or was down: all but waiting for its neighbours. [s]
    time_s : float
        Time observed. [s]
    """
    return _extreme(divide(amount(active_s), amount(time_s)), 1.0)


def line_efficiency(cycle_s: ArrayLike, pace_s: ArrayLike | None = None) -> Floats:
    """Balance of a line: Σ cycle time / (stations · pace); 1 less the share of station time that waits [1].

    cycle_s : float64[…, stations]
        Cycle time of each station. [s]
    pace_s : float64[…]
        Time from piece to piece of the line, such as its takt. [s] By default the longest cycle.
    """
    cycles = amount(cycle_s)
    pace = amount(cycles.max(-1) if pace_s is None else pace_s)
    return divide(cycles.sum(-1), cycles.shape[-1] * pace)


def _extreme(values: Floats, sign: float) -> Bottleneck:
    known = np.where(np.isnan(values), -np.inf, sign * values)
    if known.size == 0 or np.isnan(values).all():
        return Bottleneck(-1, float("nan"))
    station = int(np.argmax(known))
    return Bottleneck(station, float(values[station]))
