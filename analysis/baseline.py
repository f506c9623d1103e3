"""What an energy baseline is: a model of energy on its drivers, how well it fits, and the data it was fitted on.

Fitted once (`baseline_fit.py`), on a period that is named in it, frozen, and written beside the numbers that rest on it; `savings.py`
judges another period by it. ISO 50006:2014 (energy baselines and performance indicators).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from analysis.change_point import Hinge, Shape
from fieldline.errors import SettingsError
from processing.formulas.division import Floats, floats

VERSION = 1
_NAN = float("nan")


class Term(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One summand: coefficient times its driver, or times its distance below or above a change point; the intercept has no driver.

    `variance_inflation` 1 is independent of the other drivers, above 10 hardly to be separated from them (Draper and Smith, 1998).
    """

    driver: str
    side: Literal["all", "below", "above"] = "all"
    change_point: float = _NAN
    coefficient: float
    standard_error: float
    t: float
    p: float
    variance_inflation: float = _NAN


class Statistics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How well the baseline fits what it was fitted on; `regression.LeastSquares` says what each is.

    autocorrelation : of each residual with the one before. [1] The nearer to 1, the fewer rows the rows are worth.
    """

    rows: int
    parameters: int
    r2: float
    adjusted_r2: float
    rmse: float
    rmse_n: float
    cv_rmse: float
    cv_rmse_n: float
    nmbe: float
    f: float
    f_p: float
    autocorrelation: float


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lowest, mean and highest value that the baseline has seen."""

    low: float
    mean: float
    high: float


class FittedOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data behind a baseline. Texts are empty where the caller did not say.

    first, last : start of the first and of the last row. [ISO 8601, UTC]
    rows_left_out : rows without energy or without a driver
    every, time_zone : length of a row, and the zone of its local days
    """

    source: str = ""
    first: str = ""
    last: str = ""
    every: str = ""
    time_zone: str = ""
    rows: int
    rows_left_out: int
    energy: Range
    drivers: dict[str, Range]


class Baseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fitted model of energy; predictions are in energy's own unit for rows of the same length."""

    version: int = VERSION
    energy: str
    shape: Shape
    intercept: Term
    terms: tuple[Term, ...]
    statistics: Statistics
    fitted_on: FittedOn

    @property
    def drivers(self) -> tuple[str, ...]:
        """Names of the drivers that a prediction needs, each once."""
        return tuple(self.fitted_on.drivers)

    @property
    def baseload_share(self) -> float:
        """Share of the energy that no driver explains, intercept/mean. [1] Outside 0..1 the intercept is no base load."""
        mean = self.fitted_on.energy.mean
        return self.intercept.coefficient / mean if mean else _NAN


def predict(baseline: Baseline, drivers: Mapping[str, ArrayLike]) -> Floats:
    """Energy that the baseline expects, float64[n]; NaN where a driver is [unit of the baseline's energy].

    drivers : name → float64[n], as the baseline was fitted; others are not looked at

    Values beyond the fitted ranges are extrapolated; `savings.judge` counts them. Raises ValueError for a missing driver and
    for lengths that differ.
    """
    missing = [name for name in baseline.drivers if name not in drivers]
    if missing:
        given = ", ".join(map(repr, drivers)) or "none"
        raise ValueError(f"drivers: expected {', '.join(map(repr, baseline.drivers))}, got {given}")
    columns = {name: floats(drivers[name]) for name in baseline.drivers}
    shapes = {values.shape for values in columns.values()}
    if len(shapes) > 1:
        raise ValueError(f"drivers: expected arrays of one length, got shapes {sorted(shapes)}")
    expected = np.full(shapes.pop(), baseline.intercept.coefficient)
    for term in baseline.terms:
        values = columns[term.driver]
        if term.side != "all":
            values = Hinge(term.side, term.change_point).of(values)
        expected = expected + term.coefficient * values
    return expected


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write a baseline as indented JSON; NaN becomes null."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(baseline), indent=2) + b"\n")


def read_baseline(path: Path) -> Baseline:
    """The baseline that `write_baseline` wrote, equal but for what was NaN. Raises SettingsError naming file and key."""
    try:
        found = msgspec.convert(_with_nan(msgspec.json.decode(path.read_bytes())), Baseline)
    except OSError as error:
        raise SettingsError(f"baseline: can't read {path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise SettingsError(f"baseline: {path} is no baseline: {error}") from error
    if found.version != VERSION:
        raise SettingsError(f"baseline: {path}: expected version {VERSION}, got {found.version}")
    return found


def _with_nan(value: Any) -> Any:
    """JSON's null as NaN, at any depth; a baseline has no other use for null."""
    if isinstance(value, dict):
        return {key: _with_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_nan(item) for item in value]
    return _NAN if value is None else value


def moment_text(time_ns: int) -> str:
    """A time as ISO 8601 in UTC, to the second."""
    return f"{np.datetime_as_string(np.datetime64(int(time_ns), 'ns'), unit='s')}Z"
