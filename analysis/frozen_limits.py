"""Frozen limits of a control chart: what Phase I leaves to Phase II, in a file that says what it was fitted on.

A chart whose limits are worked out from the points it judges hides a slow change in its own limits. So limits are estimated once a
product (`analysis.phase_one`), get a version, and stay in force until there are new ones. What does not exist is NaN, null in JSON.
"""

import math
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from fieldline.errors import SettingsError
from processing.formulas.spc import Band, mean_limits


class Chart(StrEnum):
    """What is charted; the last six are counts."""

    I_MR = "i_mr"
    XBAR_R = "xbar_r"
    XBAR_S = "xbar_s"
    P = "p"
    NP = "np"
    C = "c"
    U = "u"
    LANEY_P = "laney_p"
    LANEY_U = "laney_u"


_NUMBERS = ("center", "sigma", "n", "lcl", "ucl")
COUNTS = (Chart.P, Chart.NP, Chart.C, Chart.U, Chart.LANEY_P, Chart.LANEY_U)
_SIZELESS = (Chart.I_MR, Chart.NP, Chart.C)
_SHARES = (Chart.P, Chart.LANEY_P)


class FittedOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sample behind the limits.

    points : points of the chart that were used; rows : readings in them (of counts: samples, as points);
    from_ns, to_ns : times of the first and last point given, UTC [ns], None if none were given;
    excluded : 0-based places of the points left out as beyond their limits; missing : points that could not be used.
    """

    points: Annotated[int, msgspec.Meta(ge=0)]
    rows: Annotated[int, msgspec.Meta(ge=0)]
    from_ns: int | None = None
    to_ns: int | None = None
    excluded: tuple[int, ...] = ()
    missing: Annotated[int, msgspec.Meta(ge=0)] = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Frozen limits of one chart and product.

    center : centre line, in the unit of the points (of p and u: a share, or defects a unit).
    sigma : standard deviation of one reading or one unit, of c and np of a point; what `limits_at` divides by sqrt(n).
    n : size of the subgroups or samples, NaN where they differ; lcl, ucl : three-sigma limits at that size.
    reason : why something of these is NaN, else empty.
    """

    chart: Chart
    product: str
    version: Annotated[int, msgspec.Meta(ge=1)]
    center: float
    sigma: float
    n: float
    lcl: float
    ucl: float
    fitted_on: FittedOn
    reason: str = ""


def limits_at(limits: Limits, n: ArrayLike) -> Band:
    """Centre and limits of points of `n` readings or units; of i_mr, np and c those of any point.

    n : [...]
        More than 0, else NaN limits. Those of counts end at 0, of shares also at 1.
    """
    band = mean_limits(limits.center, limits.sigma, np.ones(np.shape(n)) if limits.chart in _SIZELESS else n)
    lowest, highest = 0.0 if limits.chart in COUNTS else -math.inf, 1.0 if limits.chart in _SHARES else math.inf
    return Band(band.center, np.maximum(lowest, band.lcl), np.minimum(highest, band.ucl))


def to_json(limits: Limits) -> bytes:
    """The limits as one JSON object with a line a field; what does not exist is null."""
    return msgspec.json.format(msgspec.json.encode(limits), indent=2) + b"\n"


def from_json(text: bytes | str) -> Limits:
    """Limits from JSON, null as NaN.

    Raises
    ------
    ValueError
        It is no JSON, or not that of limits; the message names the key, what was expected and what came.
    """
    table = msgspec.json.decode(text)
    if isinstance(table, dict):
        table |= {name: math.nan for name in _NUMBERS if name in table and table[name] is None}
    limits = msgspec.convert(table, Limits)
    if limits.sigma <= 0.0 or math.isinf(limits.sigma):
        raise ValueError(f"expected a sigma over 0 or null, got {limits.sigma} - at `$.sigma`")
    return limits


def write_limits(path: Path, limits: Limits) -> None:
    """Write the limits to a file, whole or not at all. OSError as of writing and renaming."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.write_bytes(to_json(limits))
    beside.replace(path)


def read_limits(path: Path) -> Limits:
    """Limits that `write_limits` wrote.

    Raises
    ------
    SettingsError
        The file cannot be read or has no limits; the message names it.
    """
    try:
        return from_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: expected limits of a control chart as JSON: {error}") from error
