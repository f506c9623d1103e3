"""`sketches_drift.json` by the project's kernels: their arrays are made here, and the streams that the cases describe by a rule.

ADWIN, Page-Hinkley, DDM and the t-digest are run as a plant runs them, in the engine (`remembered.py` has the first three).
"""

import math
import random
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.limits.changes import change_points, noise_deviation, usual_penalty
from analysis.limits.outliers import hampel_outliers, mad_scores
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, SpcEntry, TagEntry
from processing.kernels import distribution as digests
from processing.kernels import layout as at
from processing.kernels.drift import DRIFT
from processing.operators import chosen
from processing.operators.distribution import PROBABILITIES
from tests.oracles.remembered import given
from tests.processing.chart_sets import OPERATORS, PRESS
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frames_of
from tests.processing.test_spc_operator import charted
from tests.twins import moments, outliers
from tests.twins.quantiles import p2

Case = dict[str, Any]

HOUR_NS = 1_700_002_800 * SECOND


def uniforms(seed: int) -> Iterator[float]:
    """The cases' linear congruential generator."""
    x = seed
    while True:
        x = (1103515245 * x + 12345) % 2**31
        yield x / 2**31


def exponential(inputs: Case) -> list[float]:
    """Exponential values; rounded where the case says so."""
    u = uniforms(inputs["seed"])
    found = [-math.log(1 - next(u)) * inputs.get("scale", 1) for _ in range(inputs["n"])]
    return [round(value, 4) for value in found] if "round" in inputs["generator"] else found


def stream(inputs: Case) -> list[float]:
    """The values of a drift case: as listed, in segments of a level, or river's example."""
    if "x" in inputs:
        return list(inputs["x"])
    if "segments_mean_scale_n" in inputs:
        u = uniforms(inputs["seed"])
        return [
            round(mean + scale * (next(u) + next(u) + next(u) + next(u) - 2), 4)
            for mean, scale, n in inputs["segments_mean_scale_n"]
            for _ in range(n)
        ]
    seed = re.search(r"Random\((\d+)\)", inputs["generator"])
    source = random.Random(int(seed[1]) if seed else 12345)
    return [float(x) for x in source.choices([0, 1], k=1000) + source.choices(range(4, 8), k=1000)]


def rows(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """The row (0) of each value, and the values."""
    return np.zeros(len(values), np.int64), np.array(values, np.float64)


def welford(inputs: Case) -> Case:
    """A subgroup of a chart holds the values: its mean and deviation are kept as they come."""
    listed = "x" in inputs
    values = inputs["x"] if listed else [inputs["first"], *inputs["then_alternate"] * inputs["repeats_each"]]
    rows = [Row(PRESS, "temp_c", HOUR_NS + 3 * k * SECOND, value) for k, value in enumerate(values)]
    rig = EngineRig(charted(SpcEntry(chart="xbar_s", every="1h")), operators=OPERATORS)

    (found,) = rig.send(frames_of(rows, 100)).finish().values("spc", PRESS, "1h", "temp_c").values()

    return {"n": int(found["n"]), "mean": found["mean"], "sd": found["standard_deviation"]}


def moments_merge(inputs: Case) -> Case:
    """No figure of Fieldline is a third or fourth moment of a stream: by their definition."""
    parts = inputs["partitions"]
    return {"parts": [defined(part) for part in parts], "merged": defined([value for part in parts for value in part])}


def defined(values: list[float]) -> Case:
    n, mean, *sums = moments.moments(values)
    named = dict(zip(("M2", "M3", "M4"), sums, strict=True))
    variance = named["M2"] / (n - 1) if n > 1 else None
    return named | {"n": n, "mean": mean, "min": min(values), "max": max(values), "var_sample": variance}


def p2_quantile(inputs: Case) -> Case:
    """By the reference implementation: quantiles of the stream are those of digests, which can be merged."""
    values = inputs.get("x") or exponential(inputs)
    heights, positions = p2(values, inputs["p"])
    exact = np.quantile(values, inputs["p"])
    return {"markers": heights, "positions": positions, "estimate": heights[2], "exact": exact}


OVEN = "plant/hall1/line1/oven"
QUANTILES = Plant(PlantFile(asset=(AssetEntry(path=OVEN, tags={"x": TagEntry(quantiles=True)}),)))


def quantile_sketch_accuracy(inputs: Case) -> Case:
    """Rank errors of an hour that is merged of quarters, which are merged of twenty minutes with a thousand samples each."""
    values = np.array(exponential(inputs))
    start = T0 // at.HOUR * at.HOUR + at.HOUR
    rows = [Row(OVEN, "x", start + k * SECOND * 1200 // len(values), value) for k, value in enumerate(values.tolist())]

    rig = EngineRig(QUANTILES, operators=chosen(["telemetry", "distribution"])).send(frames_of(rows, 1000)).finish()

    q, ascending = np.array(inputs["q"]), np.sort(values)
    found = _of_the_hour(rig, q)
    emitted = rig.values("distribution", OVEN, "1h", "x")[start]
    assert emitted["count"] == len(values)
    assert all(emitted[name] == found[q == p] for name, p in PROBABILITIES.items() if p in q)
    rank = np.searchsorted(ascending, found, side="right") / len(values)
    return {"exact": np.quantile(values, q), "max_rank_error": np.abs(rank - q)}


def _of_the_hour(rig: EngineRig, probability: np.ndarray) -> np.ndarray:
    """Quantiles that the engine's hour has, those that have no field too."""
    tables = rig.engine.tables
    (hour,) = np.flatnonzero((tables.windows["level"] == at.HOURS) & (tables.windows["flags"] & at.USED != 0))
    count, found = np.empty(1), np.empty((len(probability), 1))
    row, kept = tables.windows["block"][[hour]], tables.partials_of(tables.slot_of["distribution"])
    digests.read_quantiles(row, 0, kept, probability, count, found)
    return found[:, 0]


def ewma_irregular(inputs: Case) -> Case:
    """No figure of Fieldline forgets by time: each weight written out."""
    samples = inputs["samples_t_v"]
    return {"ewma": [moments.recent_mean(samples[: k + 1], inputs["tau"]) for k in range(len(samples))]}


def detect_by_adwin(inputs: Case) -> Case:
    delta, clock = inputs.get("delta", 0.002), inputs.get("clock", 32)
    return {"drift_index": np.flatnonzero(given(f"adwin(mean(x), {delta}, {clock})", stream(inputs)))}


def page_hinkley(inputs: Case) -> Case:
    value = np.asarray(stream(inputs))
    delta, threshold = inputs.get("delta", 0.005), inputs.get("threshold", 50.0)
    alpha, least = inputs.get("alpha", 0.9999), inputs.get("min_instances", 30)
    verdict = given(f"page_hinkley(mean(x), {delta}, {threshold}, {alpha}, {least})", value)
    # Page-Hinkley says that the level has changed; since when, PELT finds in looking back.
    return {"drift_index": np.flatnonzero(verdict), "change_points": levels(value)[:-1]}


def levels(value: np.ndarray) -> np.ndarray:
    """Ends of the segments by the penalty that the noise gives."""
    return change_points(value, usual_penalty(noise_deviation(value), value.size))


def ddm(inputs: Case) -> Case:
    rule = re.search(r"\(i\*(\d+)\) mod (\d+) < \((\d+) if i<(\d+) else (\d+)\)", inputs["generator"])
    assert rule, inputs["generator"]
    factor, modulus, first, until, then = map(int, rule.groups())
    error = [float(i * factor % modulus < (first if i < until else then)) for i in range(inputs["n"])]
    verdict = given("ddm(mean(x), count(x))", error)  # a window with one outcome each
    return {"drift_index": np.flatnonzero(np.array(verdict) == DRIFT)}


def mad_zscore(inputs: Case) -> Case:
    found = mad_scores(inputs["x"])
    score = found.score if found.mad > 0 else None
    return {"median": found.median, "mad": found.mad, "z": score, "outliers": found.beyond()}


def hampel(inputs: Case) -> Case:
    return {"outlier": hampel_outliers(inputs["x"], inputs["half_width"], inputs["n_sigma"])}


def segment_ends(inputs: Case) -> Case:
    signal = [mean + 0.1 * math.sin(i) for n, mean in inputs["segments_n_mean"] for i in range(n)]
    return {"breakpoints_end_exclusive": change_points(signal, inputs.get("pen", 1.0), inputs.get("min_size", 2))}


def loop_outlier(inputs: Case) -> Case:
    """No figure of Fieldline judges several tags together so: step by step as the paper has it."""
    return {"lop": outliers.local_outlier_probability(inputs["points"], inputs["n_neighbors"], inputs["extent"])}


FUNCTIONS = {
    "welford": welford,
    "moments_merge": moments_merge,
    "p2_quantile": p2_quantile,
    "quantile_sketch_accuracy": quantile_sketch_accuracy,
    "ewma_irregular": ewma_irregular,
    "adwin": detect_by_adwin,
    "page_hinkley": page_hinkley,
    "ddm": ddm,
    "mad_zscore": mad_zscore,
    "hampel": hampel,
    "change_points": segment_ends,
    "loop_outlier": loop_outlier,
}
