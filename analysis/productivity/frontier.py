"""Data envelopment analysis: how far each unit (a plant, a line, a shift) stays behind the best that units together show to be possible.

The CCR model compares a unit with every non-negative mix of the others, constant returns to scale. Nothing is assumed about prices or
the form of the production function; in return, with few units and many inputs and outputs almost all look efficient, see
`units_needed`.

Sources: A. Charnes, W. Cooper and E. Rhodes, Measuring the Efficiency of Decision Making Units, European Journal of Operational Research 2,
1978; W. Cooper, L. Seiford and K. Tone, Data Envelopment Analysis, 2nd ed., Springer, 2007, chapters 2 and 3. Solved by HiGHS.
"""

from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide

_OPTIMAL, _INFEASIBLE, _UNBOUNDED = 0, 2, 3


class Orientation(StrEnum):
    """What a unit would change to lie on the frontier: use less, or make more. Scores are the same under constant returns."""

    INPUT = "input"
    OUTPUT = "output"


class Envelopment(NamedTuple):
    """Scores of units, and the mix of units that each is measured against.

    efficiency : float64[units]
        1 on the frontier, less behind it. Input-oriented: the share of inputs that would do. Output-oriented: the share of what
        could be made that was made.
    peers : float64[units, reference units]
        Weights of the mix; 0 for units that are no part of it.
    """

    efficiency: Floats
    peers: Floats


def ccr(inputs: ArrayLike, outputs: ArrayLike, orientation: Orientation = Orientation.INPUT) -> Envelopment:
    """Each unit against the frontier of all of them.

    inputs : float64[units, inputs], outputs : float64[units, outputs]
        Amounts, 0 or more, of any unit of measure a column. A unit that uses nothing or has an unknown or negative amount has
        no score (NaN) and is no part of the frontier; one that makes nothing has 0.

    The score is radial: a unit of score 1 on the frontier's flat end may still use more of a single input than its peers.
    """
    return envelop((inputs, outputs), (inputs, outputs), orientation)


def envelop(
    reference: tuple[ArrayLike, ArrayLike],
    units: tuple[ArrayLike, ArrayLike],
    orientation: Orientation = Orientation.INPUT,
) -> Envelopment:
    """Each of `units` against the frontier of `reference`, such as the same plants a year before.

    reference, units : (inputs float64[units, inputs], outputs float64[units, outputs])
        As for `ccr`. A unit beyond the reference's frontier scores above 1; one that no mix of the reference can be compared with is NaN.

    Raises ValueError for tables that do not fit together, ArithmeticError should the solver fail.
    """
    known_x, known_y = _tables(reference, "reference")
    x, y = _tables(units, "units")
    if known_x.shape[1] != x.shape[1] or known_y.shape[1] != y.shape[1]:
        raise ValueError(
            f"frontier: expected units with {known_x.shape[1]} inputs and {known_y.shape[1]} outputs as the reference has, "
            f"got {x.shape[1]} and {y.shape[1]}"
        )
    members = np.flatnonzero(_is_whole(known_x, known_y))
    result = Envelopment(np.full(len(x), np.nan), np.full((len(x), len(known_x)), np.nan))
    if not members.size:
        return result
    # Scores do not depend on a column's unit of measure; the solver's tolerances do.
    scale_x, scale_y = _scale(known_x[members]), _scale(known_y[members])
    frontier = (known_x[members] / scale_x, known_y[members] / scale_y)
    for unit in np.flatnonzero(_is_whole(x, y)):
        score, mix = _distance(frontier, x[unit] / scale_x, y[unit] / scale_y, orientation, int(unit))
        result.efficiency[unit] = score
        if mix is not None:
            result.peers[unit] = 0.0
            result.peers[unit, members] = mix
    return result


def units_needed(inputs: int, outputs: int) -> int:
    """How many units it takes for scores to tell them apart: max(m · s, 3 (m + s)) by Cooper, Seiford and Tone."""
    return max(inputs * outputs, 3 * (inputs + outputs))


def _distance(
    frontier: tuple[Floats, Floats], x: Floats, y: Floats, orientation: Orientation, unit: int
) -> tuple[float, Floats | None]:
    """Score and mix of one unit; no mix where it makes nothing, which takes nothing to match."""
    if not y.any():
        return 0.0, np.zeros(len(frontier[0]))
    if x.size == 1 and y.size == 1:
        return _of_one_ratio(frontier, x, y, orientation)
    solve = _least_input if orientation is Orientation.INPUT else _most_output
    return solve(frontier, x, y, unit)


def _of_one_ratio(
    frontier: tuple[Floats, Floats], x: Floats, y: Floats, orientation: Orientation
) -> tuple[float, Floats | None]:
    """With one input and one output the frontier is the best ratio of them: exact, and no program to solve."""
    ratios = divide(frontier[1][:, 0], frontier[0][:, 0])
    best = int(np.argmax(ratios))
    if ratios[best] == 0.0:
        return float("nan"), None
    mix = np.zeros(len(ratios))
    mix[best] = y[0] / frontier[1][best, 0] if orientation is Orientation.INPUT else x[0] / frontier[0][best, 0]
    return float(y[0] / x[0] / ratios[best]), mix


def _least_input(frontier: tuple[Floats, Floats], x: Floats, y: Floats, unit: int) -> tuple[float, Floats | None]:
    """min θ: λX ≤ θx, λY ≥ y, λ ≥ 0."""
    known_x, known_y = frontier
    limits = np.block([[-x[:, None], known_x.T], [np.zeros((y.size, 1)), -known_y.T]])
    found = _solved(np.r_[1.0, np.zeros(len(known_x))], limits, np.r_[np.zeros(x.size), -y], unit)
    return (float("nan"), None) if found is None else (float(found[0]), found[1:])


def _most_output(frontier: tuple[Floats, Floats], x: Floats, y: Floats, unit: int) -> tuple[float, Floats | None]:
    """max φ: λX ≤ x, λY ≥ φy, λ ≥ 0; the score is 1/φ."""
    known_x, known_y = frontier
    limits = np.block([[np.zeros((x.size, 1)), known_x.T], [y[:, None], -known_y.T]])
    found = _solved(np.r_[-1.0, np.zeros(len(known_x))], limits, np.r_[x, np.zeros(y.size)], unit)
    return (float("nan"), None) if found is None else (float(divide(1.0, found[0])), found[1:])


def _solved(cost: Floats, limits: Floats, bounds: Floats, unit: int) -> Floats | None:
    """The solution of min cost·z, limits·z ≤ bounds, z ≥ 0; None where there is none or no end."""
    from scipy.optimize import linprog

    found: Any = linprog(cost, A_ub=limits, b_ub=bounds, method="highs")
    if found.status == _OPTIMAL:
        return np.asarray(found.x, np.float64)
    if found.status in (_INFEASIBLE, _UNBOUNDED):
        return None
    raise ArithmeticError(f"frontier: unit {unit}: expected a solution of its linear program, got {found.message}")


def _tables(pair: tuple[ArrayLike, ArrayLike], name: str) -> tuple[Floats, Floats]:
    x, y = amount(pair[0]), amount(pair[1])
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not x.shape[1] or not y.shape[1]:
        raise ValueError(
            f"{name}: expected a row of inputs and a row of outputs for each unit, got {x.shape} and {y.shape}"
        )
    return x, y


def _is_whole(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Whether all of a unit is known and it uses something."""
    unknown = np.isnan(x).any(axis=1) | np.isnan(y).any(axis=1)
    return np.asarray(~unknown & (x > 0.0).any(axis=1))


def _scale(columns: Floats) -> Floats:
    largest = columns.max(0)
    return np.where(largest > 0.0, largest, 1.0)
