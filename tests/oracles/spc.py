"""`spc.json` by the project's charts, capability studies and run lengths; EWMA and CUSUM by expressions of `[[metric]]` in the engine."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.limits.capability import (
    Indices,
    Study,
    both_interval,
    capability_indices,
    nearest_interval,
    study_individuals,
    study_subgroups,
)
from analysis.limits.run_length import cusum_arl, ewma_arl, shewhart_arl
from processing.formulas import quality, spc, spc_counts
from processing.formulas.spc_constants import constants
from tests.oracles.remembered import given as given_by

Case = dict[str, Any]


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _numbers(values: Any) -> list[float | None]:
    return [_number(value) for value in values]


def _points(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _limit(given: Case, name: str) -> float:
    return math.nan if given.get(name) is None else float(given[name])


def _constants(given: Case) -> Case:
    c = constants(given["n"])
    return {
        "n": c.n, "d2": c.d2, "d3": c.d3, "c4": c.c4, "A2": c.a2, "A3": c.a3, "D3": c.capital_d3, "D4": c.capital_d4,
        "B3": c.b3, "B4": c.b4, "E2": c.e2,
    }  # fmt: skip


def _individuals(given: Case) -> Case:
    chart = spc.individuals_chart(_points(given["x"]))
    found = {
        "center": chart.values.center, "mr_bar": chart.mean_range, "sigma": chart.sigma,
        "ucl": chart.values.ucl, "lcl": chart.values.lcl, "mr_ucl": chart.ranges.ucl, "mr_lcl": chart.ranges.lcl,
    }  # fmt: skip
    return {name: _number(value) for name, value in found.items()}


def _subgroups(given: Case, draw: Callable[[spc.Subgroups], spc.SubgroupChart], letter: str) -> Case:
    statistics = spc.subgroup_statistics(map(_points, given["subgroups"]))
    chart = draw(statistics)
    limits = {
        "ucl": chart.means.ucl, "lcl": chart.means.lcl,
        f"{letter}_ucl": chart.spreads.ucl, f"{letter}_lcl": chart.spreads.lcl,
    }  # fmt: skip
    one_size = np.unique(statistics.sizes).size == 1
    found = {name: _number(each[0]) if one_size else _numbers(each) for name, each in limits.items()}
    center = {"center": chart.means.center[0], f"{letter}_bar": chart.mean_spread, "sigma": chart.sigma}
    return found | {name: _number(value) for name, value in center.items()}


def _each_point(chart: spc_counts.CountChart) -> Case:
    return {"center": _number(chart.center), "ucl": _numbers(chart.ucl), "lcl": _numbers(chart.lcl)}


def _all_points(chart: spc_counts.CountChart) -> Case:
    return {"center": _number(chart.center), "ucl": _number(chart.ucl[0]), "lcl": _number(chart.lcl[0])}


def _laney(chart: spc_counts.CountChart) -> Case:
    return _each_point(chart) | {"sigma_z": _number(chart.sigma_z)}


def _ewma(given: Case) -> Case:
    x, smoothing = _points(given["x"]), given["lambda"]
    z = np.array(given_by(f"ewma(mean(x), {smoothing}, {given['target']})", x))
    limits = (given["target"], given["sigma"], smoothing, given["L"])
    band, steady = spc.ewma_limits(*limits, step=np.arange(1, x.size + 1)), spc.ewma_limits(*limits)
    return {
        "z": _numbers(z), "ucl": _numbers(band.ucl), "lcl": _numbers(band.lcl),
        "ucl_steady": _number(steady.ucl), "lcl_steady": _number(steady.lcl),
        "signals": np.flatnonzero(spc.beyond(z, band.lcl, band.ucl)).tolist(),
    }  # fmt: skip


def _cusum(given: Case) -> Case:
    x, begin = _points(given["x"]), given.get("head_start", 0.0)
    numbers = f"{given['target']}, {given['k']}, {begin}"
    high, low = (np.array(given_by(f"cusum_{side}(mean(x), {numbers})", x)) for side in ("high", "low"))
    return {
        "s_hi": _numbers(high), "s_lo": _numbers(low),
        "signals_hi": np.flatnonzero(high > given["h"]).tolist(),
        "signals_lo": np.flatnonzero(low > given["h"]).tolist(),
    }  # fmt: skip


def _indices(found: Indices, letters: str, given: Case) -> Case:
    near = {"both": letters, "lower": f"{letters}l", "upper": f"{letters}u", "nearest": f"{letters}k"}
    values = {name: _number(getattr(found, field)) for field, name in near.items()}
    target = {"cpm" if letters == "cp" else "ppm_taguchi": _number(found.to_target)}
    return values | (target if given.get("target") is not None else {})


def _from_statistics(given: Case) -> Case:
    limits = (_limit(given, "lsl"), _limit(given, "usl"), _limit(given, "target"))
    found = capability_indices(given["mean"], given["s"], *limits)
    return _indices(found, "cp", given) | {"k": _number(found.off_center)}


def _study(study: Study, given: Case) -> Case:
    spread = {"mean": study.mean, "s_overall": study.sigma_overall, "sigma_within": study.sigma_within}
    indices = _indices(study.within, "cp", given) | _indices(study.overall, "pp", given)
    return indices | {name: _number(value) for name, value in spread.items()}


def _study_subgroups(given: Case) -> Case:
    limits = (_limit(given, "lsl"), _limit(given, "usl"), _limit(given, "target"))
    return _study(study_subgroups(map(_points, given["subgroups"]), *limits), given)


def _study_individuals(given: Case) -> Case:
    limits = (_limit(given, "lsl"), _limit(given, "usl"), _limit(given, "target"))
    return _study(study_individuals(_points(given["x"]), *limits), given)


def _confidence(given: Case) -> Case:
    n, confidence, found = given["n"], given["confidence"], {}
    if "cp" in given:
        found["cp_lo"], found["cp_hi"] = both_interval(given["cp"], n - 1.0, confidence)
    if "cpk" in given:
        found["cpk_lo"], found["cpk_hi"] = nearest_interval(given["cpk"], n, confidence=confidence)
    return {name: _number(value) for name, value in found.items()}


def _defects(given: Case) -> Case:
    counts = (given["defects"], given["units"])
    per_unit = quality.defects_per_unit(*counts)
    return {
        "dpmo": _number(quality.defects_per_million_opportunities(*counts, given["opportunities"])),
        "dpu": _number(per_unit), "throughput_yield": _number(quality.throughput_yield(per_unit)),
    }  # fmt: skip


FUNCTIONS: dict[str, Callable[[Case], Case]] = {
    "constants": _constants,
    "imr": _individuals,
    "xbar_r": lambda given: _subgroups(given, spc.range_chart, "r"),
    "xbar_s": lambda given: _subgroups(given, spc.deviation_chart, "s"),
    "p": lambda given: _each_point(spc_counts.fraction_chart(given["defectives"], given["n"])),
    "np": lambda given: _all_points(spc_counts.number_chart(given["defectives"], given["n"])),
    "c": lambda given: _all_points(spc_counts.count_chart(given["counts"])),
    "u": lambda given: _each_point(spc_counts.rate_chart(given["counts"], given["n"])),
    "laney_p": lambda given: _laney(spc_counts.laney_fraction_chart(given["defectives"], given["n"])),
    "laney_u": lambda given: _laney(spc_counts.laney_rate_chart(given["counts"], given["n"])),
    "ewma": _ewma,
    "cusum": _cusum,
    "capability_from_stats": _from_statistics,
    "capability": _study_subgroups,
    "capability_individuals": _study_individuals,
    "cp_confidence": _confidence,
    "sigma_level": lambda given: {"sigma_level": _number(quality.sigma_level(given["dpmo"]))},
    "dpmo": _defects,
    "arl_shewhart": lambda given: {"arl": shewhart_arl(given["L"], given["shift_sigma"])},
    "arl_cusum": lambda given: {
        "arl": cusum_arl(given["k"], given["h"], given["shift_sigma"], given.get("head_start", 0.0))
    },
    "arl_ewma": lambda given: {"arl": ewma_arl(given["lambda"], given["L"], given["shift_sigma"])},
}
