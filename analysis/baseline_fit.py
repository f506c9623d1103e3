"""Fits energy baselines: ordinary least squares on named drivers, with change points in one of them where the data have them.

ISO 50006:2014 (which drivers belong in a baseline), ASHRAE Guideline 14-2014 (whole-building regression models and their statistics).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.baseline import Baseline, FittedOn, Range, Statistics, Term, moment_text
from analysis.change_point import SHAPES, Hinge, Shape, find_hinges
from analysis.regression import LeastSquares, least_squares
from processing.formulas.division import Floats, floats

_NAN = float("nan")
_Terms = Sequence[tuple[str, Hinge | None]]


class Origin(NamedTuple):
    """Where rows come from; a baseline only writes it down. times_ns : int64[n], starts of the rows, ascending [ns UTC]."""

    times_ns: ArrayLike | None = None
    source: str = ""
    every: str = ""
    time_zone: str = ""


NOWHERE = Origin()
"""The origin of rows that are only numbers."""


def fit_baseline(
    energy: ArrayLike,
    drivers: Mapping[str, ArrayLike],
    *,
    change_point: str | None = None,
    shape: Shape | Literal["best"] = "best",
    energy_name: str = "energy_kwh",
    origin: Origin = NOWHERE,
) -> Baseline:
    """Fit energy on drivers by ordinary least squares, and on a temperature with change points if one is named.

    energy : float64[n], of spans of equal length. [kWh or any]
    drivers : name → float64[n], each in its own unit; rows with NaN in any of them or in energy are left out
    change_point : the driver that has change points, usually the outside temperature [degC]; None: all are linear
    shape : of that driver, see `change_point.SHAPES`; "best" takes the lowest BIC (Schwarz, 1978) of those that can be fitted

    Raises ValueError for lengths that differ, too few rows, constant energy or driver, drivers that follow from one
    another, and a shape whose slopes the data do not have. t and p of a model with change points hold for those very points.
    """
    columns = {name: floats(values) for name, values in drivers.items()}
    _require_lengths(floats(energy), columns, origin.times_ns)
    is_complete = np.all(np.isfinite([floats(energy), *columns.values()]), axis=0)
    used = floats(energy)[is_complete]
    kept = {name: values[is_complete] for name, values in columns.items()}
    chosen, terms, fit = _fit(used, kept, change_point, shape)
    times = None if origin.times_ns is None else np.asarray(origin.times_ns, np.int64)[is_complete]
    return Baseline(
        energy=energy_name,
        shape=chosen,
        intercept=_term(fit, 0, "", None),
        terms=tuple(_term(fit, 1 + k, driver, hinge) for k, (driver, hinge) in enumerate(terms)),
        statistics=_statistics(fit),
        fitted_on=FittedOn(
            source=origin.source,
            first="" if times is None else moment_text(times[0]),
            last="" if times is None else moment_text(times[-1]),
            every=origin.every,
            time_zone=origin.time_zone,
            rows=used.size,
            rows_left_out=int(is_complete.size - used.size),
            energy=_range(used),
            drivers={name: _range(values) for name, values in kept.items()},
        ),
    )


def _fit(
    energy: Floats, drivers: Mapping[str, Floats], change_point: str | None, shape: Shape | Literal["best"]
) -> tuple[Shape, _Terms, LeastSquares]:
    """The shape, its terms in order, and the fit."""
    if change_point is None:
        return "linear", *_fit_shape(energy, drivers, None, ())
    if change_point not in drivers:
        raise ValueError(f"change_point: expected one of {', '.join(map(repr, drivers))}, got {change_point!r}")
    if shape != "best" and shape not in SHAPES:
        raise ValueError(f"shape: expected best, {', '.join(SHAPES)}, got {shape!r}")
    # A straight line first: it refuses what no shape can be fitted on.
    fits: dict[Shape, tuple[_Terms, LeastSquares]] = {"linear": _fit_shape(energy, drivers, change_point, ())}
    others = [values for name, values in drivers.items() if name != change_point]
    wanted = cast(tuple[Shape, ...], get_args(Shape)[1:]) if shape == "best" else (shape,)
    for one in wanted:
        hinges = () if one == "linear" else _hinges(energy, drivers[change_point], one, others)
        if hinges and energy.size > 1 + len(others) + len(hinges) + len({hinge.change_point for hinge in hinges}):
            fits[one] = _fit_shape(energy, drivers, change_point, hinges)
    if shape != "best" and shape not in fits:
        raise ValueError(f"shape {shape}: expected {SHAPES[shape]}; {change_point!r} has no such change point")
    chosen = min(fits, key=lambda one: _bic(fits[one][1], energy)) if shape == "best" else shape
    return chosen, *fits[chosen]


def _hinges(energy: Floats, temperature: Floats, shape: Shape, others: Sequence[Floats]) -> tuple[Hinge, ...]:
    return find_hinges(energy, temperature, shape, np.column_stack(others) if others else None) or ()


def _fit_shape(
    energy: Floats, drivers: Mapping[str, Floats], change_point: str | None, hinges: Sequence[Hinge]
) -> tuple[_Terms, LeastSquares]:
    terms: list[tuple[str, Hinge | None]] = [(name, None) for name in drivers if not (hinges and name == change_point)]
    terms += [(change_point or "", hinge) for hinge in hinges]
    columns = [drivers[name] if hinge is None else hinge.of(drivers[name]) for name, hinge in terms]
    names = [name if hinge is None else f"{name} {hinge.side} {hinge.change_point:g}" for name, hinge in terms]
    return terms, least_squares(energy, columns, names, searched=len({hinge.change_point for hinge in hinges}))


def _bic(fit: LeastSquares, energy: Floats) -> float:
    """n·ln(SSE/n) + p·ln n; a residual that is only rounding counts as that, so that fewer parameters win."""
    squares = max(float(fit.residuals @ fit.residuals), 1e-14 * float(energy @ energy))
    return float(fit.rows * np.log(squares / fit.rows) + fit.parameters * np.log(fit.rows))


def _term(fit: LeastSquares, at: int, driver: str, hinge: Hinge | None) -> Term:
    return Term(
        driver=driver,
        side="all" if hinge is None else hinge.side,
        change_point=_NAN if hinge is None else hinge.change_point,
        coefficient=float(fit.coefficients[at]),
        standard_error=float(fit.standard_errors[at]),
        t=float(fit.t_values[at]),
        p=float(fit.p_values[at]),
        variance_inflation=float(fit.variance_inflation[at - 1]) if at else _NAN,
    )


def _statistics(fit: LeastSquares) -> Statistics:
    squares = float(fit.residuals @ fit.residuals)
    return Statistics(
        rows=fit.rows,
        parameters=fit.parameters,
        r2=fit.r2,
        adjusted_r2=fit.adjusted_r2,
        rmse=fit.rmse,
        rmse_n=fit.rmse_n,
        cv_rmse=fit.cv_rmse,
        cv_rmse_n=fit.cv_rmse_n,
        nmbe=fit.nmbe,
        f=fit.f_value,
        f_p=fit.f_p,
        autocorrelation=float(fit.residuals[1:] @ fit.residuals[:-1]) / squares if squares else _NAN,
    )


def _range(values: Floats) -> Range:
    return Range(low=float(values.min()), mean=float(values.mean()), high=float(values.max()))


def _require_lengths(energy: Floats, drivers: Mapping[str, Floats], times_ns: ArrayLike | None) -> None:
    given: dict[str, Floats | NDArray[Any]] = {f"driver {name!r}": values for name, values in drivers.items()}
    if times_ns is not None:
        given["times_ns"] = np.asarray(times_ns)
    for what, values in given.items():
        if energy.ndim != 1 or values.shape != energy.shape:
            raise ValueError(f"{what}: expected a value for each of {energy.size} rows, got shape {values.shape}")
