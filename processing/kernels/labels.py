"""What held in slices and over windows: orders, products, planned stops and prices, looked up by time."""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import FLOATS, INT, INTS, context, inline, kernel
from processing.kernels.layout import (
    CLOSED,
    FAR,
    LABELS,
    PLANNED_STOP,
    PLANT,
    SCHEDULED,
    SLICES,
    UNSCHEDULED,
    WINDOWS,
)


class Stretches(NamedTuple):
    """Stretches of time of all lines, ascending and apart: those of a line lie at first[line]:last[line] of the other columns [ns UTC].

    order, product : of orders, number of the order and row of the product in `Plant.ideal_cycle_s`; empty for other ones.
    """

    first: np.ndarray
    last: np.ndarray
    start: np.ndarray
    end: np.ndarray
    order: np.ndarray
    product: np.ndarray


STRETCHES = context(Stretches, INTS, INTS, INTS, INTS, INTS, INTS)


class PriceSteps(NamedTuple):
    """Prices that events tell, of all lines, ascending: those of a line lie at first[line]:last[line] of the other columns.

    start : from when on each holds [ns UTC]; price : NaN where the tariff's does [money / kWh]
    """

    first: np.ndarray
    last: np.ndarray
    start: np.ndarray
    price: np.ndarray


PRICE_STEPS = context(PriceSteps, INTS, INTS, INTS, FLOATS)


class Calendar(NamedTuple):
    """A line's calendar and prices from `first` to `last` [ns UTC].

    Of each quantity `values[k]` holds between bounds k and k + 1. plan : SCHEDULED, PLANNED_STOP or UNSCHEDULED; stopped, unscheduled :
    time in planned stops and outside shifts before each bound of the plan [ns]; price [money / kWh], co2 [kg / kWh], NaN: unknown.
    """

    first: int
    last: int
    plan_bounds: np.ndarray
    plan: np.ndarray
    stopped: np.ndarray
    unscheduled: np.ndarray
    price_bounds: np.ndarray
    price: np.ndarray
    co2_bounds: np.ndarray
    co2: np.ndarray


CALENDAR = context(Calendar, INT, INT, INTS, INTS, INTS, INTS, INTS, FLOATS, INTS, FLOATS)


@inline
def last_until(starts, lo, hi, time):
    """Place between lo and hi of the last start at or before `time`; starts ascend; lo - 1 where there is none."""
    while lo < hi:
        middle = (lo + hi) // 2
        if starts[middle] <= time:
            lo = middle + 1
        else:
            hi = middle
    return lo - 1


@inline
def holding(starts, ends, lo, hi, time):
    """Place between lo and hi of the stretch that holds `time`, or -1; stretches ascend and lie apart."""
    place = last_until(starts, lo, hi, time)
    return place if place >= lo and ends[place] > time else np.int64(-1)


@inline
def length_of(window, plant, windows):
    """How long a window is; what has no end yet is as long as its line's slices reach, which depends on no clock once it is silent."""
    if window.end < FAR:
        return window.end - window.start
    newest = windows[plant.lines[window.line].newest_window[SLICES]]
    reached = newest.end if newest.flags & CLOSED != 0 else newest.start
    return max(reached - window.start, 0)


@inline
def run_at(scope, time, runs):
    """Place in `runs` of the order that a machine, by its SCOPE, makes at a time; -1 without one."""
    lo, hi = scope.first, scope.last
    while lo < hi:
        middle = (lo + hi) // 2
        if runs[middle].start <= time:
            lo = middle + 1
        else:
            hi = middle
    place = lo - 1
    return place if place >= scope.first and runs[place].end > time else np.int64(-1)


@inline
def run_through(machine, window, plant):
    """Place in `Plant.runs` of the order that a machine makes all through a window; -1 without one."""
    place = run_at(plant.scopes[machine], window.start, plant.runs)
    return place if place >= 0 and window.end <= plant.runs[place].end else np.int64(-1)


@inline
def product_on(asset, window, label, plant):
    """The product made on an asset all through a window, 0 where there is none; label : the window's, which says it of the line."""
    machine = plant.scopes[asset].machine
    if machine < 0:
        return label.product
    place = run_through(machine, window, plant)
    return plant.runs[place].product if place >= 0 else np.int64(0)


@inline
def label_order(label, window, orders, plant):
    """Say which order and product held all through a window, if one did: of the machine whose order it is, else of the line."""
    label.order = label.product = 0
    if window.machine >= 0:
        place = run_through(window.machine, window, plant)
        if place >= 0:
            label.order, label.product = plant.runs[place].order, plant.runs[place].product
        return
    place = holding(orders.start, orders.end, orders.first[window.line], orders.last[window.line], window.start)
    if place >= 0 and window.end <= orders.end[place]:
        label.order = orders.order[place]
        label.product = orders.product[place]


@inline
def spent(calendar, kind, before, time):
    """How much time of a kind of plan there is up to a time [ns]. before : what there is before each bound."""
    step = last_until(calendar.plan_bounds, 0, calendar.plan_bounds.size, time)
    inside = calendar.plan[min(step, calendar.plan.size - 1)] == kind
    return before[step] + (time - calendar.plan_bounds[step] if inside else 0)


@inline
def rest_before(calendar, step, start):
    """Since when no time was scheduled, where scheduled time begins again at `start`, in that step of the plan; else FAR [ns]."""
    if calendar.plan[step] != SCHEDULED or calendar.plan_bounds[step] != start:
        return FAR
    since = start
    while step > 0 and calendar.plan[step - 1] != SCHEDULED:
        step -= 1
        since = calendar.plan_bounds[step]
    return since if since < start else FAR


@inline
def label_plan(label, window, calendar):
    """Say what a calendar and its prices have for a window whose length is known."""
    start, end = window.start, window.start + label.length
    if window.level == SLICES:
        step = last_until(calendar.plan_bounds, 0, calendar.plan.size, start)
        label.plan = calendar.plan[step]
        label.rest_since = rest_before(calendar, step, start)
        label.price = calendar.price[last_until(calendar.price_bounds, 0, calendar.price.size, start)]
        label.co2 = calendar.co2[last_until(calendar.co2_bounds, 0, calendar.co2.size, start)]
    label.planned = spent(calendar, PLANNED_STOP, calendar.stopped, end)
    label.planned -= spent(calendar, PLANNED_STOP, calendar.stopped, start)
    label.unscheduled = spent(calendar, UNSCHEDULED, calendar.unscheduled, end)
    label.unscheduled -= spent(calendar, UNSCHEDULED, calendar.unscheduled, start)


@inline
def label_price(label, window, prices):
    """Say what events tell of the price in a slice, if they do."""
    first = prices.first[window.line]
    step = last_until(prices.start, first, prices.last[window.line], window.start)
    if step >= first and not np.isnan(prices.price[step]):
        label.price = prices.price[step]


@kernel(INT, INT, INTS, PLANT, WINDOWS, STRETCHES, CALENDAR, PRICE_STEPS, LABELS)
def label(begin, ids, plant, windows, orders, calendar, prices, labels):
    """Say in `labels` what held in the windows `ids`, all of lines with one calendar, from number `begin` on.

    Returns how many are done: where the calendar does not reach, fewer than all, and the length of the next one is set.
    """
    for k in range(begin, ids.size):
        window, found = windows[ids[k]], labels[ids[k]]
        found.length = length_of(window, plant, windows)
        if window.start < calendar.first or window.start + found.length > calendar.last:
            return k
        label_order(found, window, orders, plant)
        label_plan(found, window, calendar)
        if window.level == SLICES:
            label_price(found, window, prices)
    return ids.size
