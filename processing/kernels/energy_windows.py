"""An asset's energy in windows: the fold of longer ones from shorter ones, and what is read out of one.

Only here do the series of an asset meet: of several sources of energy that a window has the best one counts, and its states, its
cost and its CO2 are those of that source. Prices and emission factors are labels of slices, so that a correction of them folds
windows again and runs no reading.
"""

import numpy as np

from processing.kernels.energy import (
    AMOUNT,
    CO2,
    COST,
    COUNT,
    COVERED,
    ENERGY_STATES,
    OPEN,
    PARTS,
    PEAK,
    PRODUCING,
    REACHED,
    SECONDS_AN_HOUR,
    STATED,
    TAIL_AMOUNT,
    TAIL_COVERED,
)
from processing.kernels.jit import inline, kernel
from processing.kernels.layout import (
    ACTIVE_INTERVAL,
    ACTIVE_POWER,
    ACTIVE_PULSE,
    ACTIVE_REGISTER,
    B_CO2,
    B_PRICE,
    FOLD,
    L_BASE,
    L_SERIES,
    N_BLOCK,
    N_END,
    N_LEVEL,
    N_LINE,
    N_SHIFT,
    N_START,
    QUARTER,
    QUARTERS,
    REACTIVE_INTERVAL,
    REACTIVE_POWER,
    REACTIVE_REGISTER,
    REFOLD,
    S_ASSET,
    S_LEAD,
    S_ROLE,
)

# columns of what `read_out` gives
KWH = 0
KVARH = 1
PEAK_KW = 2
POWER_FACTOR = 3
COVERAGE = 4
IN_STATE = 5  # .. + 3: kWh in each of `ENERGY_STATES`; NaN where no state is known
MONEY = 9
KG_CO2 = 10
HOURS = 11
OUT = 12

ENDLESS = 2**62  # the end of an order that has none yet [ns UTC]


@inline
def is_booked(parts, p, p0):
    """Whether a series gave something to a window."""
    return parts[p, p0 + COUNT] > 0.0 or parts[p, p0 + TAIL_COVERED] > 0.0


@inline
def energy_in_state(parts, p, p0, e):
    """Energy drawn in one of `ENERGY_STATES`; the tail goes by the time that each state held then."""
    amount = parts[p, p0 + PRODUCING + e]
    if parts[p, p0 + OPEN + e] > 0.0 and parts[p, p0 + TAIL_COVERED] > 0.0:
        amount += parts[p, p0 + TAIL_AMOUNT] * (parts[p, p0 + OPEN + e] / parts[p, p0 + TAIL_COVERED])
    return amount


@inline
def stated(parts, p, p0):
    """Seconds of what was booked in which the state was known."""
    seconds = parts[p, p0 + STATED]
    if parts[p, p0 + TAIL_COVERED] > 0.0:
        for e in range(ENERGY_STATES):
            seconds += parts[p, p0 + OPEN + e]
    return seconds


@inline
def worth(parts, p, p0, column, level, factor):
    """Cost or CO2 of a series in a window: of a slice by its price or factor, NaN where that is not known; else what was folded."""
    if level > 0:
        return parts[p, p0 + column]
    return (parts[p, p0 + AMOUNT] + parts[p, p0 + TAIL_AMOUNT]) * factor if is_booked(parts, p, p0) else 0.0


@inline
def active_role(rows, lo, hi, block, size, row_series, base, series_info, parts, p0):
    """The best source of active energy that the window has: register, interval, pulses, power; 0 if there is none."""
    best = 0
    for m in range(lo, hi):
        j = rows[m]
        if j >= size or not is_booked(parts, block + j, p0):
            continue
        role = series_info[row_series[base + j], S_ROLE]
        if role == ACTIVE_REGISTER:
            return ACTIVE_REGISTER
        if role == ACTIVE_INTERVAL or (role == ACTIVE_PULSE and best != ACTIVE_INTERVAL):
            best = role
        if role == ACTIVE_POWER and best == 0:
            best = role
    return best


@inline
def reactive_role(rows, lo, hi, block, size, row_series, base, series_info, parts, p0):
    """The best source of reactive energy that the window has: register, interval, power; 0 if there is none."""
    best = 0
    for m in range(lo, hi):
        j = rows[m]
        if j >= size or not is_booked(parts, block + j, p0):
            continue
        role = series_info[row_series[base + j], S_ROLE]
        if role == REACTIVE_REGISTER:
            return REACTIVE_REGISTER
        if role == REACTIVE_INTERVAL or (role == REACTIVE_POWER and best == 0):
            best = role
    return best


@inline
def total_of(wanted, rows, lo, hi, block, size, row_series, base, series_info, parts, p0):
    """Energy and mean covered seconds of an asset's rows whose role is `wanted`."""
    amount, covered, n = 0.0, 0.0, 0
    for m in range(lo, hi):
        j = rows[m]
        if j >= size or series_info[row_series[base + j], S_ROLE] != wanted:
            continue
        p = block + j
        if not is_booked(parts, p, p0):
            continue
        amount += parts[p, p0 + AMOUNT] + parts[p, p0 + TAIL_AMOUNT]
        covered += parts[p, p0 + COVERED] + parts[p, p0 + TAIL_COVERED]
        n += 1
    return amount, covered / n if n > 0 else 0.0


@inline
def reached_of(rows, lo, hi, block, size, parts, p0):
    """How far an asset's energy reaches in a longer window, which is how long an order that has no end yet has been going on. [ns]"""
    reached = 0.0
    for m in range(lo, hi):
        if rows[m] < size:
            reached = max(reached, parts[block + rows[m], p0 + REACHED])
    return reached


@inline
def fold_row(p, q, parent, child, nodes, labels, parts, p0):
    """Add a series' row q of `child` to row p of the longer window `parent`."""
    level = nodes[child, N_LEVEL]
    if is_booked(parts, q, p0):
        reached = np.float64(nodes[child, N_END] - nodes[child, N_START]) if level == 0 else parts[q, p0 + REACHED]
        offset = nodes[child, N_START] - nodes[parent, N_START]
        parts[p, p0 + REACHED] = max(parts[p, p0 + REACHED], offset + reached)
    parts[p, p0 + AMOUNT] += parts[q, p0 + AMOUNT] + parts[q, p0 + TAIL_AMOUNT]
    parts[p, p0 + COVERED] += parts[q, p0 + COVERED] + parts[q, p0 + TAIL_COVERED]
    parts[p, p0 + COUNT] += parts[q, p0 + COUNT]
    if parts[q, p0 + TAIL_COVERED] > 0.0:
        parts[p, p0 + COUNT] += 1.0
    for e in range(ENERGY_STATES):
        parts[p, p0 + PRODUCING + e] += energy_in_state(parts, q, p0, e)
    parts[p, p0 + STATED] += stated(parts, q, p0)
    parts[p, p0 + COST] += worth(parts, q, p0, COST, level, labels[child, B_PRICE])
    parts[p, p0 + CO2] += worth(parts, q, p0, CO2, level, labels[child, B_CO2])
    peak = parts[q, p0 + PEAK]
    if nodes[parent, N_LEVEL] > QUARTERS and (np.isnan(parts[p, p0 + PEAK]) or peak > parts[p, p0 + PEAK]):
        parts[p, p0 + PEAK] = peak


@inline
def set_peaks(parent, lines, nodes, row_series, series_info, asset_first, asset_rows, parts, marks, p0):
    """The mean power of a quarter-hour, at the first row of each asset that is folded anew."""
    block, base = nodes[parent, N_BLOCK], lines[nodes[parent, N_LINE], L_BASE]
    size = np.int64(1) << nodes[parent, N_SHIFT]
    hours = (nodes[parent, N_END] - nodes[parent, N_START]) * 1e-9 / SECONDS_AN_HOUR
    for j in range(min(size, lines[nodes[parent, N_LINE], L_SERIES])):
        s = row_series[base + j]
        if series_info[s, S_LEAD] != j or marks[block + j] & REFOLD == 0:
            continue
        lo, hi = asset_first[series_info[s, S_ASSET]], asset_first[series_info[s, S_ASSET] + 1]
        role = active_role(asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0)
        if role > 0:
            amount, _ = total_of(role, asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0)
            parts[block + j, p0 + PEAK] = amount / hours


@kernel(FOLD)
def fold(
    parents,
    first,
    children,
    lines,
    nodes,
    row_series,
    series_info,
    asset_first,
    asset_rows,
    parts,
    marks,
    labels,
    ideal,
    p0,
):
    """Longer windows from the windows below them; the arguments are those of `telemetry.fold`.

    asset_first, asset_rows : for asset a, its rows within a block, in rank order, are asset_rows[asset_first[a]:asset_first[a + 1]].
    """
    for k in range(parents.size):
        parent = parents[k]
        block = nodes[parent, N_BLOCK]
        for j in range(np.int64(1) << nodes[parent, N_SHIFT]):
            if marks[block + j] & REFOLD == 0:
                continue
            p = block + j
            for c in range(PARTS):
                parts[p, p0 + c] = 0.0
            parts[p, p0 + PEAK] = np.nan
            for m in range(first[k], first[k + 1]):
                child = children[m]
                if j < np.int64(1) << nodes[child, N_SHIFT]:
                    fold_row(p, nodes[child, N_BLOCK] + j, parent, child, nodes, labels, parts, p0)
        if nodes[parent, N_LEVEL] == QUARTERS:
            set_peaks(parent, lines, nodes, row_series, series_info, asset_first, asset_rows, parts, marks, p0)


@inline
def read_states(wanted, rows, lo, hi, block, size, row_series, base, series_info, parts, p0, out, n_out):
    """Energy by state of an asset's rows whose role is `wanted`, into row n_out of `out`."""
    known = 0.0
    for m in range(lo, hi):
        j = rows[m]
        if j < size and series_info[row_series[base + j], S_ROLE] == wanted and is_booked(parts, block + j, p0):
            known += stated(parts, block + j, p0)
    if known <= 0.0:
        return
    for e in range(ENERGY_STATES):
        out[n_out, IN_STATE + e] = 0.0
        for m in range(lo, hi):
            j = rows[m]
            if j < size and series_info[row_series[base + j], S_ROLE] == wanted and is_booked(parts, block + j, p0):
                out[n_out, IN_STATE + e] += energy_in_state(parts, block + j, p0, e)


@inline
def read_worth(wanted, rows, lo, hi, block, size, row_series, base, series_info, level, price, co2, parts, p0):
    """Cost and CO2 of an asset's rows whose role is `wanted`."""
    money, kg = 0.0, 0.0
    for m in range(lo, hi):
        j = rows[m]
        if j < size and series_info[row_series[base + j], S_ROLE] == wanted and is_booked(parts, block + j, p0):
            money += worth(parts, block + j, p0, COST, level, price)
            kg += worth(parts, block + j, p0, CO2, level, co2)
    return money, kg


@kernel(
    "int64(int64[::1], int64, int64[:,::1], int64[:,::1], int32[::1], int64[:,::1], int64[::1], int64[::1],"
    " float64[:,::1], uint8[::1], float64[:,::1], int64, int64[::1], int64[::1], int64[::1], float64[:,::1])"
)
def read_out(
    ids,
    mark,
    lines,
    nodes,
    row_series,
    series_info,
    asset_first,
    asset_rows,
    parts,
    marks,
    labels,
    p0,
    stamp,
    out_node,
    out_asset,
    out,
):
    """The energy of each asset that has a row marked `mark` in one of the windows `ids`; mark 0: of every asset.

    labels : float64[nodes, B_COLUMNS]. stamp : int64[assets] of scratch, -1 before.
    out_node, out_asset : int64[n], out : float64[n, OUT], output: window, asset, and the columns `KWH` to `HOURS`; NaN where a value
    does not exist. Assets without energy in a window have no row. Returns n.
    """
    n_out = 0
    for node in ids:
        block, base = nodes[node, N_BLOCK], lines[nodes[node, N_LINE], L_BASE]
        size, level = np.int64(1) << nodes[node, N_SHIFT], nodes[node, N_LEVEL]
        price, co2 = labels[node, B_PRICE], labels[node, B_CO2]
        length = (nodes[node, N_END] - nodes[node, N_START]) * 1e-9
        endless = nodes[node, N_END] >= ENDLESS
        for j in range(min(size, lines[nodes[node, N_LINE], L_SERIES])):
            if mark != 0 and marks[block + j] & mark == 0:
                continue
            asset = series_info[row_series[base + j], S_ASSET]
            if stamp[asset] == node:
                continue
            stamp[asset] = node
            lo, hi = asset_first[asset], asset_first[asset + 1]
            active = active_role(asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0)
            reactive = reactive_role(asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0)
            if active == 0 and reactive == 0:
                continue
            out_node[n_out] = node
            out_asset[n_out] = asset
            for c in range(OUT):
                out[n_out, c] = np.nan
            if endless:
                length = reached_of(asset_rows, lo, hi, block, size, parts, p0) * 1e-9
            out[n_out, HOURS] = length / SECONDS_AN_HOUR
            if active > 0:
                kwh, covered = total_of(
                    active, asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0
                )
                out[n_out, KWH] = kwh
                out[n_out, COVERAGE] = min(covered / length, 1.0)
                out[n_out, PEAK_KW] = parts[block + series_info[row_series[base + j], S_LEAD], p0 + PEAK]
                if length <= QUARTER * 1e-9:
                    out[n_out, PEAK_KW] = kwh / (length / SECONDS_AN_HOUR)
                read_states(
                    active, asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0, out, n_out
                )
                out[n_out, MONEY], out[n_out, KG_CO2] = read_worth(
                    active,
                    asset_rows,
                    lo,
                    hi,
                    block,
                    size,
                    row_series,
                    base,
                    series_info,
                    level,
                    price,
                    co2,
                    parts,
                    p0,
                )
            if reactive > 0:
                kvarh, covered = total_of(
                    reactive, asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0
                )
                out[n_out, KVARH] = kvarh
                if active == 0:
                    out[n_out, COVERAGE] = min(covered / length, 1.0)
                elif kwh != 0.0 or kvarh != 0.0:
                    out[n_out, POWER_FACTOR] = kwh / np.sqrt(kwh * kwh + kvarh * kvarh)
            n_out += 1
        for j in range(min(size, lines[nodes[node, N_LINE], L_SERIES])):
            stamp[series_info[row_series[base + j], S_ASSET]] = -1
    return n_out
