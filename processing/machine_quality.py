"""`quality`: what machines and lines made in windows, good and not; rows of the operator `machine`."""

import numpy as np

from fieldline.catalogue import LEVELS, NULL_REASON, ORDER_ID, RETRACTED, REV, Kind
from processing.formulas import quality
from processing.line_rows import by_line
from processing.machine_rows import Pieces, Rows
from processing.meter_events import METER_EVENTS, REJECTED_READINGS, named_events
from processing.metric_rows import MetricRows, Named
from processing.view import View

ONE_COUNT = "only one of good, scrap and total counted"
_REASONS = [ONE_COUNT, "no count", "no pieces", "negative count", "no output declared"]
_NO_OUTPUT = _REASONS.index("no output declared")


def quality_rows(view: View, machines: Rows, is_changed: np.ndarray) -> list[MetricRows]:
    """Rows of machines that count, and of lines by their output."""
    own = machines.only(is_changed & machines.with_counts)
    rows, first, line = by_line(view, machines)
    if not len(own.window) and not len(first):
        return []
    count = np.diff(np.append(first, len(rows.window)))
    declared = view.line_output[line]
    pick = _output(rows, first, count, declared)
    of_lines = np.where(pick[:, None] >= 0, rows.made[pick], np.nan)
    made = Pieces(*np.concatenate([own.made, of_lines]).T)
    rolled = np.concatenate([np.full(len(own.window), np.nan), _rolled(rows.pieces, count)])
    no_output = np.concatenate([np.zeros(len(own.window), bool), (pick < 0) & (declared < 0)])
    window = np.concatenate([own.window, rows.window[first]])
    asset = np.concatenate([own.asset, view.plant.lines["asset"][line]])
    refused = np.where(pick >= 0, rows.rejected[pick], np.nan)
    events = np.where(pick >= 0, rows.meter_events[pick], 0)
    fields = _ratios(made) | {
        "rolled_throughput_yield": rolled,
        "rejected_readings": np.concatenate([own.rejected, refused]),
    }
    reason = np.where(no_output, _NO_OUTPUT, _reason_of_pieces(made))
    texts = {
        "null_reason": Named(reason.astype(np.int32), _REASONS),
        "meter_events": named_events(np.concatenate([own.meter_events, events])),
    }
    return view.rows_of_assets("quality", window, asset, fields, texts)


def _rolled(pieces: Pieces, count: np.ndarray) -> np.ndarray:
    """Rolled throughput yield of lines; count : how many rows of `pieces` each one has, in their order."""
    steps = np.ones((len(count), count.max(initial=0)))
    steps[np.arange(steps.shape[1]) < count[:, None]] = quality.first_pass_yield(
        pieces.total, pieces.scrap, pieces.rework
    )
    return quality.rolled_throughput_yield(steps)


def _output(rows: Rows, first: np.ndarray, count: np.ndarray, declared: np.ndarray) -> np.ndarray:
    """Which of the rows of each line, `count` from `first` on, is its output: the asset declared, or the only one; -1: none."""
    is_output = np.flatnonzero(rows.asset == np.repeat(declared, count))
    found = np.full(len(first), -1)
    found[np.searchsorted(first, is_output, "right") - 1] = is_output
    return np.where(declared >= 0, found, np.where(count == 1, first, -1))


def _ratios(pieces: Pieces) -> dict[str, np.ndarray]:
    return {
        "good_count": pieces.good,
        "scrap_count": pieces.scrap,
        "rework_count": pieces.rework,
        "total_count": pieces.total,
        "quality": quality.good_ratio(pieces.good, pieces.total),
        "scrap_ratio": quality.scrap_ratio(pieces.scrap, pieces.total),
        "rework_ratio": quality.rework_ratio(pieces.rework, pieces.total),
        "first_pass_yield": quality.first_pass_yield(pieces.total, pieces.scrap, pieces.rework),
    }


def has_one_count(pieces: Pieces) -> np.ndarray:
    """Whether of good, scrapped and all pieces just one is known, from which no other follows."""
    known = ~np.isnan([pieces.good, pieces.scrap, pieces.total])
    return np.asarray(known.sum(axis=0) == 1)


def _reason_of_pieces(pieces: Pieces) -> np.ndarray:
    """Why the scrap ratio does not exist; -1 where it does."""
    unknown = np.isnan(pieces.scrap) | np.isnan(pieces.total)
    is_negative = (pieces.scrap < 0.0) | (pieces.total < 0.0)
    holds = [unknown & has_one_count(pieces), unknown, pieces.total == 0.0, is_negative]
    return np.select(holds, [0, 1, 2, 3], -1)  # places in `_REASONS`


_ISO = "ISO 22400-2:2014"

QUALITY = Kind(
    "quality",
    "What a machine made in a window, good and not, from its counters and from what was corrected since.",
    (*LEVELS, "window"),
    ("shift", "crew", "product"),
    "none of its own: a counter's step counts at its later reading, however far apart they are, once that is believed",
    (
        ("good_count", "1", "good pieces (GQ)", "Σ steps of the counter + corrections, or PQ − SQ", f"{_ISO}, GQ"),
        ("scrap_count", "1", "pieces scrapped (SQ)", "Σ steps + corrections, or PQ − GQ", f"{_ISO}, SQ"),
        ("rework_count", "1", "pieces sent to rework (RQ)", "Σ steps + corrections", f"{_ISO}, RQ"),
        ("total_count", "1", "pieces made (PQ)", "Σ steps, or GQ + SQ", f"{_ISO}, PQ"),
        ("quality", "1", "good pieces over all pieces; absent without pieces", "GQ / PQ", f"{_ISO}, Quality ratio (Q)"),
        ("scrap_ratio", "1", "scrap over all pieces; absent without pieces", "SQ / PQ", f"{_ISO}, Scrap ratio (SQR)"),
        ("rework_ratio", "1", "rework over all pieces; absent without pieces", "RQ / PQ", f"{_ISO}, Rework ratio (RR)"),
        (
            "first_pass_yield",
            "1",
            "pieces good at the first pass over all pieces; absent without pieces",
            "(PQ − SQ − RQ) / PQ",
            f"{_ISO}, First pass yield (FPY)",
        ),
        (
            "rolled_throughput_yield",
            "1",
            "of a line: share of pieces that pass all its machines at the first pass",
            "Π first_pass_yield of its machines",
            "M. Harry and R. Schroeder, Six Sigma, Doubleday, 2000",
        ),
        REJECTED_READINGS,
        REV,
        RETRACTED,
    ),
    (ORDER_ID, NULL_REASON, METER_EVENTS),
)
