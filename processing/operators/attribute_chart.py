"""`attribute_chart`: what a machine or line counted in a window, as a point of its p, np, c, u or Laney chart.

    attribute_chart,asset=plant/hall1/line1,window=1h count=9,n=412,value=0.0218,center=0.021,lcl=0,ucl=0.0507,
        standardised=0.0854,beyond_limits=0,alarm=0,rules=0,rev=0

Which assets are charted, and how, the plant file says (`[asset.attribute_chart]`); `every` is the window that makes a point, and no other
has rows. Counts are those of `quality`: of a line those of its output. The centre line and Laney's sigma_z are frozen there, as Phase I
found them (`fieldline limits`); the limits are those for the units that the window has.

| chart | value | limits |
|---|---|---|
| `p`, `laney_p` | count / n | center ± 3 · sigma_z · √(center · (1 − center) / n), cut at 0 and 1 |
| `np` | count | center ± 3 · √(center · (1 − center / n)), n as declared |
| `c` | count | center ± 3 · √center |
| `u`, `laney_u` | count / n | center ± 3 · sigma_z · √(center / n) |

A window that still runs is judged by what it has so far. `rules` are those of the chosen rules that the point completes, looking back on
points since the chart and its limits came into force; a window without a place on its chart is passed over. Where there is none
`null_reason` says why: "no count", "no units" (also of c, where the units are counted), "no total count", "negative count",
"more defective units than units", "units are not the declared n".
"""

import numpy as np

from fieldline.catalogue import NULL_REASON, OWN
from fieldline.plantfile.attribute_chart import CHARTS, PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.spc import beyond, rule_names
from processing.formulas.spc_counts import FrozenChart, frozen_chart
from processing.kernels.attribute_chart import STATE, judge_counts
from processing.kernels.rules import REACH

_OF_CHART = ("chart", "count", "n", "center", "sigma_z", "rules")
INPUTS = {
    **{name: f"quality.{name}" for name in ("scrap_count", "rework_count", "total_count")},
    **{name: f"asset.{PREFIX}{name}" for name in _OF_CHART},
}

_HAVE_N, _BOUNDED, _NUMBER = ("p", "laney_p", "u", "laney_u", "np"), ("p", "laney_p", "np"), ("np",)
"""Charts that need the window's units, that count no more than those, and whose windows all have the same."""
REASONS = (
    "no count",
    "negative count",
    "no total count",
    "no units",
    "units are not the declared n",
    "more defective units than units",
)
"""Why a window has no place on its chart, by number."""


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Judge one window of each of n charts; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    counts = np.where(given["count"] == 0.0, given["scrap_count"], given["rework_count"])
    reason = _reasons(given, counts)
    points, lcl, ucl, z = _placed(given, np.where(np.isnan(reason), counts, np.nan))
    there = ~np.isnan(z)
    rules = np.empty(len(z))
    limits = np.stack([given[name] for name in _OF_CHART[:-1]], axis=1)
    judge_counts(z, np.ascontiguousarray(limits), state, np.empty(REACH), rules)
    rules = np.where(there, np.nan_to_num(rules).astype(np.int64) & given["rules"].astype(np.int64), np.nan)
    is_beyond = np.where(there, beyond(points, lcl, ucl), np.nan)
    alarm, center = np.where(there, rules > 0.0, np.nan), np.where(there, given["center"], np.nan)
    n = given["total_count"]
    out[:] = np.stack([counts, n, points, center, lcl, ucl, z, is_beyond, alarm, rules, reason], axis=1)


def _placed(given: dict[str, np.ndarray], counts: np.ndarray) -> FrozenChart:
    """The points of charts of all sorts."""
    found = FrozenChart(*np.full((4, len(counts)), np.nan))
    for number in np.unique(given["chart"]).astype(int).tolist():
        mine = given["chart"] == number
        columns = (given[name][mine] for name in ("total_count", "center", "sigma_z"))
        for column, drawn in zip(found, frozen_chart(CHARTS[number], counts[mine], *columns), strict=True):
            column[mine] = drawn
    return found


def _reasons(given: dict[str, np.ndarray], counts: np.ndarray) -> np.ndarray:
    """Places in `REASONS`, float64[n]; NaN where the window has its place."""
    n = given["total_count"]
    has_n, is_bounded, is_number = (
        np.isin(given["chart"], [CHARTS.index(chart) for chart in charts]) for charts in (_HAVE_N, _BOUNDED, _NUMBER)
    )
    holds = [
        np.isnan(counts),
        (counts < 0.0) | (has_n & (n < 0.0)),
        has_n & np.isnan(n),
        n == 0.0,
        is_number & (n != given["n"]),
        is_bounded & (counts > n),
    ]
    return np.select(holds, list(range(len(holds))), np.nan)


_SHEWHART = "ISO 7870-2:2023; D. Montgomery, Introduction to Statistical Quality Control, 7th ed., 2013, ch. 7"
_LANEY = f"{_SHEWHART}; D. Laney, Quality Engineering 14 (2002) 531"
_SPREAD = "σ of the point: p √(c(1 − c)/n), np √(c(1 − c/n)), c √c, u √(c/n); of Laney's charts times sigma_z"

COMPONENT = derived(
    name="attribute_chart",
    meaning="A point of the control chart of what a machine or line counts: defective units or defects of a window, against limits "
    "that Phase I found and that are frozen.",
    inputs=INPUTS,
    fields=(
        ("count", "1", "defective units or defects counted", "as quality.scrap_count, or rework_count", "plant file"),
        ("n", "1", "units of the window", "as quality.total_count", "ISO 22400-2:2014, PQ"),
        (
            "value",
            "1",
            "what is charted: a share, a number, or defects a unit",
            "p, u: count / n; np, c: count",
            _SHEWHART,
        ),
        ("center", "1", "center line of the frozen limits", "c", "analysis of Phase I, plant file"),
        ("lcl", "1", "lower control limit for the window's n", "max(0, c − 3σ)", _LANEY),
        ("ucl", "1", "upper control limit for the window's n; of a share at most 1", "c + 3σ", _LANEY),
        (
            "standardised",
            "1",
            "the point in standard deviations from the center",
            f"(value − c) / σ; {_SPREAD}",
            _LANEY,
        ),
        ("beyond_limits", "1", "1 when the point lies beyond a limit", "value < lcl or value > ucl", _SHEWHART),
        ("alarm", "1", "1 when a chosen rule holds", "rules > 0", OWN),
        (
            "rules",
            "1",
            "rules that complete at this point, as bits; their names are in `rule_names`",
            "Σ 2ʳ",
            "L. Nelson, J. Quality Technology 16 (1984); Western Electric, Statistical Quality Control Handbook, 1956",
        ),
    ),
    formula=Carried(STATE, step, of_lines=True),
    windows=("15m", "1h", "day"),
    needs=("machine",),
    terms=Terms(
        texts={
            "rule_names": Spelled("names of the rules in `rules`", "rules", lambda mask: ",".join(rule_names(mask))),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__),
        },
        no_coverage="none of its own: see quality",
        every=f"{PREFIX}every",
        is_default=True,
        parameters=("asset.attribute_chart",),
        is_needed=lambda plant: plant.has_attribute_charts,
    ),
)
