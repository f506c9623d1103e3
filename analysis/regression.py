"""Ordinary least squares with the statistics that an energy baseline must show; refuses what cannot be fitted, naming the driver.

Columns are centred and scaled before they are factored (QR), so that production in millions and a share of 0 to 1 can stand side
by side. Formulas: Draper and Smith, Applied Regression Analysis, 3rd ed. (1998), chapters 1 to 6; CV(RMSE) and NMBE: ASHRAE
Guideline 14-2014.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from processing.formulas.division import Floats, divide, floats

_DEPENDENT = 1e-6
"""Share of a scaled driver that the others leave unexplained, below which it counts as their combination."""


class LeastSquares(NamedTuple):
    """A fit of n rows on k columns; p parameters are the intercept, the columns and what else the caller fitted.

    coefficients, standard_errors, t_values, p_values : float64[k + 1], the intercept first
    variance_inflation : float64[k], 1/(1 - R² of the column on the others); 1 is independent [1]
    r2, adjusted_r2 : [1]
    rmse, rmse_n : residual scatter with n - p and with n rows. [unit of energy]
    cv_rmse, cv_rmse_n : the same over the mean of energy. [1]
    nmbe : sum of (energy - fitted)/((n - p)·mean). [1]
    f_value, f_p : whether the columns explain anything at all
    residuals : float64[n], energy - fitted. [unit of energy]

    NaN where a statistic is undefined: t and F of a fit without any residual, what is relative to a mean of zero.
    """

    rows: int
    parameters: int
    coefficients: Floats
    standard_errors: Floats
    t_values: Floats
    p_values: Floats
    variance_inflation: Floats
    r2: float
    adjusted_r2: float
    rmse: float
    rmse_n: float
    cv_rmse: float
    cv_rmse_n: float
    nmbe: float
    f_value: float
    f_p: float
    residuals: Floats


def least_squares(energy: Floats, columns: Sequence[Floats], names: Sequence[str], searched: int = 0) -> LeastSquares:
    """Fit energy on an intercept and columns.

    energy : float64[n], all finite
    columns : k of float64[n], all finite; `names` are theirs for errors
    searched : parameters found by a search besides the coefficients (change points); they take degrees of freedom, and the
        standard errors are those for change points known beforehand

    Raises ValueError for no column, n <= p rows, constant energy, and a column that is constant or a combination of others.
    """
    parameters = 1 + len(columns) + searched
    _require_rows(energy, names, parameters)
    design = np.column_stack(columns)
    means, scales = design.mean(axis=0), design.std(axis=0)
    _require_spread(design, means, scales, names)
    orthogonal, triangle = np.linalg.qr((design - means) / scales)
    _require_independence(triangle, energy.size, names)
    centred = energy - energy.mean()
    scaled = np.linalg.solve(triangle, orthogonal.T @ centred)
    residuals = centred - orthogonal @ (triangle @ scaled)
    slopes = scaled / scales
    inverse = np.linalg.inv(triangle)
    unscaled = (inverse @ inverse.T) / np.outer(scales, scales)
    variances = np.concatenate(([1.0 / energy.size + means @ unscaled @ means], np.diag(unscaled)))
    coefficients = np.concatenate(([energy.mean() - slopes @ means], slopes))
    inflation = energy.size * np.sum(inverse**2, axis=1)
    return _with_statistics(energy, coefficients, variances, inflation, residuals, parameters)


def _with_statistics(
    energy: Floats, coefficients: Floats, variances: Floats, inflation: Floats, residuals: Floats, parameters: int
) -> LeastSquares:
    from scipy.special import fdtrc, stdtr

    rows, mean = energy.size, float(energy.mean())
    free, model = rows - parameters, parameters - 1
    squares, total = float(residuals @ residuals), float(np.sum((energy - mean) ** 2))
    rmse, rmse_n = float(np.sqrt(squares / free)), float(np.sqrt(squares / rows))
    errors = rmse * np.sqrt(variances)
    t_values = divide(coefficients, errors)
    f_value = float(divide((total - squares) / model, squares / free))
    return LeastSquares(
        rows=rows,
        parameters=parameters,
        coefficients=coefficients,
        standard_errors=errors,
        t_values=t_values,
        p_values=floats(2.0 * stdtr(free, -np.abs(t_values))),
        variance_inflation=inflation,
        r2=1.0 - squares / total,
        adjusted_r2=1.0 - (squares / free) / (total / (rows - 1)),
        rmse=rmse,
        rmse_n=rmse_n,
        cv_rmse=float(divide(rmse, mean)),
        cv_rmse_n=float(divide(rmse_n, mean)),
        nmbe=float(divide(residuals.sum(), free * mean)),
        f_value=f_value,
        f_p=float(fdtrc(model, free, f_value)),
        residuals=residuals,
    )


def _require_rows(energy: Floats, names: Sequence[str], parameters: int) -> None:
    if not names:
        raise ValueError("drivers: expected at least one, got none")
    if energy.size <= parameters:
        raise ValueError(
            f"rows: expected more than {parameters}, as many as the model has parameters, got {energy.size} complete ones"
        )
    if _is_flat(energy):
        raise ValueError(f"energy: expected values that vary, got {energy.size} rows of {energy[0]:g}")


def _require_spread(design: Floats, means: Floats, scales: Floats, names: Sequence[str]) -> None:
    for name, column in zip(names, design.T, strict=True):
        if _is_flat(column):
            raise ValueError(f"driver {name!r}: expected values that vary, got {column.size} rows of {column[0]:g}")


def _is_flat(values: Floats) -> bool:
    return bool(np.ptp(values) <= 1e-12 * np.max(np.abs(values)))


def _require_independence(triangle: Floats, rows: int, names: Sequence[str]) -> None:
    for at in range(len(names)):
        if abs(triangle[at, at]) > _DEPENDENT * np.sqrt(rows):
            continue
        shares = np.linalg.solve(triangle[:at, :at], triangle[:at, at])
        others = " and ".join(
            repr(name) for name, share in zip(names[:at], shares, strict=True) if abs(share) > _DEPENDENT
        )
        raise ValueError(
            f"driver {names[at]!r}: expected one that does not follow from the others; it follows from {others}"
        )
