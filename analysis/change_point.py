"""Where energy starts to follow the temperature: change points of 3-, 4- and 5-parameter models, by grid and refinement.

Shapes and search are those of Kissock, Haberl and Claridge, Inverse Modeling Toolkit: Numerical Algorithms, ASHRAE Transactions
109(2), 2003 (RP-1050), with other drivers beside the temperature. Every candidate is an ordinary regression; with everything else
projected out of energy and hinges first (Frisch and Waugh, 1933), a whole grid takes one matrix product.
"""

from typing import Literal, NamedTuple

import numpy as np

from processing.formulas.division import Floats

Shape = Literal["linear", "3ph", "3pc", "4p", "5p"]

SHAPES: dict[Shape, str] = {
    "linear": "a + b·T",
    "3ph": "a + b·max(0, change - T), heating: b above zero",
    "3pc": "a + b·max(0, T - change), cooling: b above zero",
    "4p": "a + b·max(0, change - T) + c·max(0, T - change)",
    "5p": "a + b·max(0, low - T) + c·max(0, T - high), both above zero",
}
"""Shape → its formula."""

_GRID = 101
_FINER = 21
_RESOLUTION = 1e-9
_SHARE = 0.05
_FEWEST = 2


class Hinge(NamedTuple):
    """One arm of a model: distance of the temperature `below` or `above` its change point [K]."""

    side: Literal["below", "above"]
    change_point: float

    def of(self, temperature: Floats) -> Floats:
        """max(0, change - T) or max(0, T - change), float64[n]."""
        beyond = temperature - self.change_point
        return np.maximum(beyond if self.side == "above" else -beyond, 0.0)


def find_hinges(
    energy: Floats, temperature: Floats, shape: Shape, others: Floats | None = None
) -> tuple[Hinge, ...] | None:
    """The arms of a shape whose change points leave the least squared residual; None where none has its slopes above zero.

    energy, temperature : float64[n], all finite. [any], [degC]
    others : float64[n, k], drivers that are fitted beside the temperature, linearly independent

    At least two rows and 5 % of them lie on each side of a change point, else it would follow single rows. Memory: n times some
    hundred numbers. Raises ValueError for a temperature that does not span such a range, and for "linear", which has no arm.
    """
    if shape == "linear":
        raise ValueError(f"shape: expected one with a change point, {', '.join(list(SHAPES)[1:])}, got 'linear'")
    low, high = _bounds(temperature)
    search = _Search(energy, temperature, shape, others)
    step = (high - low) / (_GRID - 1)
    found = search.best(np.linspace(low, high, _GRID), np.linspace(low, high, _GRID))
    while found is not None and step > _RESOLUTION * (high - low):
        below, above = (np.clip(point + np.linspace(-step, step, _FINER), low, high) for point in found)
        found = search.best(below, above)
        step *= 2.0 / (_FINER - 1)
    if found is None:
        return None
    arms = (Hinge("below", found[0]), Hinge("above", found[1]))
    return {"3ph": arms[:1], "3pc": arms[1:]}.get(shape, arms)


def _bounds(temperature: Floats) -> tuple[float, float]:
    """Between which temperatures change points are looked for."""
    margin = max(_FEWEST, int(np.ceil(_SHARE * temperature.size)))
    ordered = np.sort(temperature)
    if temperature.size <= 2 * margin or not ordered[margin] < ordered[-1 - margin]:
        raise ValueError(
            f"change point: expected {margin} rows of lower and of higher temperature on each side of it, "
            f"got {temperature.size} rows from {ordered[0]:g} to {ordered[-1]:g}"
        )
    return float(ordered[margin]), float(ordered[-1 - margin])


class _Search:
    """Energy and temperature with all that is fitted linearly projected out."""

    def __init__(self, energy: Floats, temperature: Floats, shape: Shape, others: Floats | None) -> None:
        fixed = [np.ones(energy.size)] if others is None else [np.ones(energy.size), *(others - others.mean(axis=0)).T]
        scaled = [column / np.linalg.norm(column) for column in fixed]
        self._fixed = np.linalg.qr(np.column_stack(scaled))[0]
        self._energy = self._projected(energy[:, None])[:, 0]
        self._temperature = temperature
        self._shape = shape

    def best(self, below: Floats, above: Floats) -> tuple[float, float] | None:
        """The pair of change points, one of each grid, that explains most; shapes with one change point have it twice."""
        if self._shape == "5p":
            gains = self._pairs(self._hinges(below, -1.0), self._hinges(above, 1.0), is_outer=True)
            gains[below[:, None] > above[None, :]] = -np.inf
        elif self._shape == "4p":
            gains = self._pairs(self._hinges(below, -1.0), self._hinges(below, 1.0), is_outer=False)
            above = below
        else:
            gains = self._single(self._hinges(below, -1.0 if self._shape == "3ph" else 1.0))
            above = below
        place = np.unravel_index(int(np.argmax(gains)), gains.shape)
        if gains[place] == -np.inf:
            return None
        return float(below[place[0]]), float(above[place[-1]])

    def _hinges(self, points: Floats, sign: float) -> Floats:
        return self._projected(np.maximum(sign * (self._temperature[:, None] - points[None, :]), 0.0))

    def _projected(self, columns: Floats) -> Floats:
        return columns - self._fixed @ (self._fixed.T @ columns)

    def _single(self, hinges: Floats) -> Floats:
        """Squares explained by each hinge alone, -inf where its slope is not above zero."""
        norms, products = np.sum(hinges**2, axis=0), hinges.T @ self._energy
        is_valid = (norms > 1e-12 * norms.max()) & (products > 0.0)
        return np.where(is_valid, products**2 / np.where(is_valid, norms, 1.0), -np.inf)

    def _pairs(self, below: Floats, above: Floats, *, is_outer: bool) -> Floats:
        """Squares explained by two hinges together: each below with each above (5p), or side by side (4p)."""
        b, a = np.sum(below**2, axis=0), np.sum(above**2, axis=0)
        b_energy, a_energy = below.T @ self._energy, above.T @ self._energy
        if is_outer:
            b, b_energy, both = b[:, None], b_energy[:, None], below.T @ above
        else:
            both = np.sum(below * above, axis=0)
        determinant = b * a - both**2
        is_valid = determinant > 1e-9 * b * a
        safe = np.where(is_valid, determinant, 1.0)
        b_slope, a_slope = (b_energy * a - a_energy * both) / safe, (a_energy * b - b_energy * both) / safe
        if self._shape == "5p":
            is_valid &= (b_slope > 0.0) & (a_slope > 0.0)
        return np.where(is_valid, b_slope * b_energy + a_slope * a_energy, -np.inf)
