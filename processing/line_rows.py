"""Lines from their machines: whose times and whose pieces a line's are, window by window.

Of each window the first of these that holds:

1. The line reports its own state: its own times.
2. The plant file names its pacemaker (`[[line]] pacemaker`): that machine's times. Where it reported no state they are unknown.
3. All its machines count that had planned time: the sum of their times, ideal times and stops.
4. The plant file names its output, or of several machines just one with a counter, and that reported its state: that machine's times.
5. The sum: of one machine it is that one, with the pieces of the only asset that counts. Of several, not all of which count, the pieces are
   unknown: a pacemaker has to be declared. Nothing that is not declared takes a machine's times out of the sum, so that a day of them is
   the sum of its minutes.

The pieces, and their ideal times, are those of whose times these are, where it counts; else those of the output. A line's own counter is
its output, unless the plant file names another one.
"""

from typing import NamedTuple

import numpy as np

from processing.machine_rows import TIMES, Rows, joined
from processing.view import View

NOTHING_MISSING, SILENT, NO_PACEMAKER, NO_OUTPUT = range(4)
"""Values of `Rows.missing`: the pacemaker reported no state; several machines could be it, or the output, and none is declared."""

_OF_PIECES = ("ideal_total", "ideal_good", "counted", "made", "rejected", "meter_events", "between", "is_void")


class Groups(NamedTuple):
    """The lines of windows: int64[n] each, but for `of`, which says of each machine's row to which one it belongs."""

    window: np.ndarray
    line: np.ndarray
    asset: np.ndarray
    first: np.ndarray
    of: np.ndarray


def groups_of(view: View, machines: Rows) -> Groups:
    """The lines that machines, which are sorted by window, make up."""
    begins = np.ones(len(machines.window), bool)
    begins[1:] = machines.window[1:] != machines.window[:-1]
    first = begins.nonzero()[0]
    window = machines.window[first]
    line = view.windows["line"][window]
    return Groups(window, line, view.plant.lines["asset"][line], first, begins.cumsum() - 1)


def _only(groups: Groups, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each line the row of the only machine among `which`, -1 where there are none or several, and how many there are."""
    rows = which.nonzero()[0]
    found = np.empty(len(groups.window), np.int64)
    found.fill(-1)
    if not len(rows):
        return found, found + 1
    of = groups.of[rows]
    count = np.bincount(of, minlength=len(found))
    found[of] = rows
    found[count != 1] = -1
    return found, count


def outputs_of(view: View, machines: Rows, groups: Groups) -> tuple[np.ndarray, np.ndarray]:
    """Of each line the row of its output, -1 without one, and whether an output would have to be declared."""
    declared, counts = view.line_output[groups.line], machines.with_counts
    named, _ = _only(groups, counts & (machines.asset == declared[groups.of]))
    itself, _ = _only(groups, counts & (machines.asset == groups.asset[groups.of]))
    single, count = _only(groups, counts)
    found = np.where(declared >= 0, named, np.where(itself >= 0, itself, single))
    return found, (declared < 0) & (found < 0) & (count > 1)


def with_lines(view: View, machines: Rows) -> Rows:
    """Machines in windows that are their lines' too. An order that a machine takes for itself is none of its line's."""
    return machines.only(view.windows["machine"][machines.window] < 0)


def by_line(view: View, machines: Rows) -> tuple[Rows, np.ndarray, np.ndarray]:
    """The machines that count, those of lines that count themselves left out; where each line's begin among them; the lines' numbers."""
    machines = with_lines(view, machines) if view.has_order_machines else machines
    line = view.windows["line"][machines.window]
    itself = machines.with_counts & (machines.asset == view.plant.lines["asset"][line])
    chosen = machines.with_counts & ~np.isin(machines.window, machines.window[itself])
    rows = machines.only(chosen)
    first = np.flatnonzero(np.diff(rows.window, prepend=-1))
    return rows, first, line[chosen][first]


def lines_of(view: View, machines: Rows) -> Rows:
    """The lines of machines that reported their state, by window."""
    groups = groups_of(view, machines)
    knows, of = machines.with_state, groups.of
    output, no_output = outputs_of(view, machines, groups)
    itself, _ = _only(groups, knows & (machines.asset == groups.asset[of]))
    declared = view.line_pacemaker[groups.line]
    pacemaker, _ = _only(groups, knows & (machines.asset == declared[of]))
    alone, known = _only(groups, knows)
    sums = _sums(machines.only(knows & (machines.asset != groups.asset[of])))
    is_complete = np.zeros(len(groups.window), bool)
    is_complete[np.searchsorted(groups.window, sums.window)] = sums.counted
    named, _ = _only(groups, knows & (machines.asset == view.line_output[groups.line][of]))
    own = np.where(named >= 0, named, alone)
    timed = np.where(itself >= 0, itself, np.where(declared >= 0, pacemaker, np.where(is_complete, -1, own)))
    is_silent = (itself < 0) & (declared >= 0) & (pacemaker < 0)
    is_summed = ~is_silent & (timed < 0)
    single = _with_pieces(machines, np.where(timed >= 0, timed, groups.first), output)
    single = _silenced(single, is_silent)
    counting = np.bincount(of[machines.with_counts], minlength=len(groups.window)) > 0
    is_open = is_summed & ~is_complete & counting & ((view.line_output[groups.line] < 0) | (output >= 0))
    lacks_output = ~is_summed & ~single.counted & no_output
    missing = np.select([is_silent, is_open, lacks_output], [SILENT, NO_PACEMAKER, NO_OUTPUT], NOTHING_MISSING)
    is_known = known > 0
    summed = np.searchsorted(sums.window, groups.window[is_summed & is_known])
    found = joined(single._replace(window=groups.window).only(~is_summed & is_known), sums.only(summed))
    found = found.only(np.argsort(found.window, kind="stable"))
    return found._replace(asset=groups.asset[is_known], missing=missing[is_known])


def _with_pieces(machines: Rows, timed: np.ndarray, output: np.ndarray) -> Rows:
    """The rows at `timed`, with the pieces of those at `output` where they don't count all of theirs."""
    counter = np.where(machines.counted[timed] | (output < 0), timed, output)
    pieces = {name: getattr(machines, name)[counter] for name in _OF_PIECES}
    reported = machines.reported[timed] | machines.reported[counter]
    return machines.only(timed)._replace(reported=reported, **pieces)


def _silenced(rows: Rows, which: np.ndarray) -> Rows:
    """The rows, those of `which` without anything that is known of a machine."""
    times = rows.times.copy()
    times[which] = 0.0
    nothing = {name: np.where(which, np.nan, getattr(rows, name)) for name in ("ideal_total", "ideal_good")}
    nothing["made"] = np.where(which[:, None], np.nan, rows.made)
    nothing["between"] = np.where(which, 0.0, rows.between)
    return rows._replace(times=times, counted=rows.counted & ~which, is_void=rows.is_void & ~which, **nothing)


def _sums(rows: Rows) -> Rows:
    """Machines of each window together: sums of times, stops and ideal times."""
    first = np.flatnonzero(np.diff(rows.window, prepend=-1))
    if not len(first):
        return rows
    # A machine without planned time has no share in the line's OEE, nor have its pieces.
    absent = rows.busy == 0.0
    known = [np.where(absent, 0.0, column) for column in (rows.ideal_total, rows.ideal_good)]
    length, planned, unscheduled, ideal_total, ideal_good = (
        np.add.reduceat(column, first) for column in (rows.length, rows.planned, rows.unscheduled, *known)
    )
    times = np.empty(len(first), TIMES)
    for name in TIMES.names or ():
        times[name] = np.add.reduceat(rows.times[name], first)
    machine_count = np.add.reduceat(rows.machines, first)
    return Rows(
        rows.window[first],
        rows.asset[first],
        length,
        planned,
        unscheduled,
        times,
        np.bitwise_or.reduceat(rows.reported, first),
        ideal_total,
        ideal_good,
        np.logical_and.reduceat(rows.counted | absent, first),
        machine_count,
        np.where(machine_count[:, None] == 1.0, rows.made[first], np.nan),
        np.add.reduceat(rows.rejected, first),
        np.bitwise_or.reduceat(rows.meter_events, first),
        np.add.reduceat(rows.between, first),
        np.logical_or.reduceat(rows.is_void & ~absent, first),
        rows.missing[first],
    )
