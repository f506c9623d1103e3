"""Overall equipment effectiveness: its three ratios, the times lost behind them, and how they add up over machines and windows.

All follow from four times of a machine or window, so that a machine with several products needs nothing more: the time
planned for production, the time run in it, the ideal time of all pieces (Σ count · ideal cycle) and of the good ones.

Sources: S. Nakajima, Introduction to TPM, Productivity Press, 1988 (the ratios); ISO 22400-2:2014 (the same ratios from
its time elements); R. Hansen, Overall Equipment Effectiveness, Industrial Press,
2001 (TEEP).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide


class Ratios(NamedTuple):
    """The ratios of OEE. [1] NaN: the ratio does not exist."""

    availability: Floats
    performance: Floats
    quality: Floats
    oee: Floats


class Counted(NamedTuple):
    """OEE from counts and one ideal cycle, with what lies between."""

    run_s: Floats
    good_count: Floats
    ratios: Ratios


class Losses(NamedTuple):
    """Where planned production time went; the parts add up to it [s]."""

    availability_loss_s: Floats
    performance_loss_s: Floats
    quality_loss_s: Floats
    fully_productive_s: Floats


def ratios(planned_s: ArrayLike, run_s: ArrayLike, ideal_s_total: ArrayLike, ideal_s_good: ArrayLike) -> Ratios:
    """Availability, performance, quality and OEE, element by element.

    planned_s : number or array[…]
        Planned production time: calendar time less what no one planned to produce in. [s] At 0 there is no
        availability and no OEE.
    run_s : number or array[…]
        Time run within the planned time. [s] At 0 there is no performance.
    ideal_s_total, ideal_s_good : number or array[…]
        Σ count · ideal cycle, of all pieces and of the good ones. [s] Without pieces there is no quality; NaN where no
        ideal cycle is known.

    OEE is `ideal_s_good / planned_s`, which is the product of the three where they exist, and 0 for a planned hour that
    was not run. Nothing is clamped: a performance above 1 means that the ideal cycle is too long or the count is wrong, see
    `is_above_one`. Negative times are no times: NaN.
    """
    planned, run = amount(planned_s), amount(run_s)
    total, good = amount(ideal_s_total), amount(ideal_s_good)
    return Ratios(divide(run, planned), divide(total, run), divide(good, total), divide(good, planned))


def ratios_of_counts(
    planned_s: ArrayLike, stop_s: ArrayLike, ideal_cycle_s: ArrayLike, total_count: ArrayLike, reject_count: ArrayLike
) -> Counted:
    """Run time, good count and the ratios, from stops and counts of one product.

    planned_s, stop_s : number or array[…]
        Planned production time, and the time not run of it. [s] Stops beyond the plan leave no run time: NaN.
    ideal_cycle_s : number or array[…]
        Shortest time of a piece that can be held. [s] NaN if unknown: availability and quality exist all the same.
    total_count, reject_count : number or array[…]
        Pieces made, and those of them not good at first. More rejects than pieces leave no good count: NaN.
    """
    run_s = run_time(planned_s, stop_s)
    good_count = amount(np.subtract(amount(total_count), amount(reject_count)))
    cycle = amount(ideal_cycle_s)
    of_times = ratios(planned_s, run_s, cycle * amount(total_count), cycle * good_count)
    return Counted(run_s, good_count, of_times._replace(quality=divide(good_count, amount(total_count))))


def run_time(planned_s: ArrayLike, stop_s: ArrayLike) -> Floats:
    """Planned production time less stops. [s] NaN where the stops are longer than the plan."""
    return amount(np.subtract(amount(planned_s), amount(stop_s)))


def availability_of_stops(planned_s: float, stops_s: ArrayLike) -> Floats:
    """Availability of one machine from the list of its stops [1].

    planned_s : number
        Planned production time. [s]
    stops_s : array[n]
        Stops within it that do not overlap. [s] None: 1. NaN, as a stop of unknown length, gives NaN.
    """
    return divide(run_time(planned_s, np.sum(amount(stops_s))), planned_s)


def capped(ratio: ArrayLike) -> Floats:
    """A ratio cut at 1, to stand beside the true one and never in its place. NaN stays NaN."""
    return np.minimum(np.asarray(ratio, np.float64), 1.0)[()]


def is_above_one(ratio: ArrayLike) -> NDArray[np.bool_] | np.bool_:
    """Whether a ratio says more than can be: the flag of a performance that was shown, not clamped. NaN is not above."""
    return (np.asarray(ratio, np.float64) > 1.0)[()]


def utilisation(planned_s: ArrayLike, all_s: ArrayLike) -> Floats:
    """Planned production time over all calendar time. [1] NaN where there was no time."""
    return divide(amount(planned_s), amount(all_s))


def teep(oee: ArrayLike, planned_s: ArrayLike, all_s: ArrayLike) -> Floats:
    """Total effective equipment performance: OEE times utilisation [1].

    oee : number or array[…]
        OEE over the planned time. [1] NaN gives NaN; where no time was planned, the good ideal time over all time
        (`divide(ideal_s_good, all_s)`) is the same figure and exists.
    planned_s, all_s : number or array[…]
        Planned production time and calendar time. [s]
    """
    return np.asarray(oee, np.float64)[()] * utilisation(planned_s, all_s)


def losses(planned_s: ArrayLike, run_s: ArrayLike, ideal_s_total: ArrayLike, ideal_s_good: ArrayLike) -> Losses:
    """What became of planned production time; arguments as for `ratios` [s].

    Performance loss is what microstops and slow cycles took. It is negative where performance is above 1, since nothing is
    clamped; so the four always add up to the planned time. A part whose times are unknown is NaN.
    """
    planned, run = amount(planned_s), amount(run_s)
    total, good = amount(ideal_s_total), amount(ideal_s_good)
    return Losses(planned - run, run - total, total - good, good)


def roll_up(
    planned_s: ArrayLike,
    run_s: ArrayLike,
    ideal_s_total: ArrayLike,
    ideal_s_good: ArrayLike,
    axis: int = -1,
) -> Ratios:
    """The ratios of several machines or windows together: times are added, then divided; never a mean of ratios.

    planned_s, run_s, ideal_s_total, ideal_s_good : float64[…, n, …]
        As for `ratios`, machines or windows along `axis`. [s]

    What is unknown of one is unknown of all, but for one that neither had planned time nor ran: it is left out. OEE of
    all lies between the smallest and the largest OEE of those with planned time.
    """
    parts = np.broadcast_arrays(*(amount(part) for part in (planned_s, run_s, ideal_s_total, ideal_s_good)))
    absent = (parts[0] == 0.0) & (parts[1] == 0.0)
    sums = [np.sum(np.where(absent & np.isnan(part), 0.0, part), axis=axis) for part in parts]
    return ratios(*sums)
