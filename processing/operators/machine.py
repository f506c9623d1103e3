"""`oee`, `losses`, `quality`: how a machine's and a line's time and pieces were used, per window.

    oee,asset=plant/hall1/line1/press,window=shift,shift=early availability=0.89,performance=0.94,quality=0.98,oee=0.82,teep=0.27,
        planned_busy_time_s=26100,actual_production_time_s=22800,actual_unit_setup_time_s=900,actual_unit_delay_time_s=1200,
        actual_unit_down_time_s=780,minor_stop_time_s=420,planned_stop_time_s=2700,unscheduled_time_s=0,unqualified_time_s=0,
        stop_count=3,minor_stop_count=17,mtbf_s=8700,mttr_s=260,performance_above_one=0,coverage=1,machine_count=1,rev=0
    losses,… calendar_time_s=28800,unscheduled_time_s=0,planned_stop_time_s=2700,unqualified_time_s=0,down_time_loss_s=780,…
    quality,… good_count=5213,scrap_count=104,total_count=5317,scrap_ratio=0.0196,…,rev=0

Time elements are those of ISO 22400-2:2014 (`fieldline/states.py` says which state is which). Planned busy time is calendar time less
planned stops, unscheduled and unqualified time (no state known). Run time is production with minor stops: a minor stop is lost
speed. A breakdown (failure event) is downtime that nothing interrupts, and counts once, where its scheduled time begins: one that began in
a break or outside shifts and goes on counts where scheduled time begins again, one that is over by then is none. OEE = ideal time of
good pieces / planned busy time; a part that does not exist is null, with `null_reason`. `mtbf_s` is planned busy time over stops,
`mttr_s` downtime over stops. Performance above 1 is shown as it is, and flagged.

The parts of `losses` add up to calendar time, rounded to whole ns exactly; where no ideal cycle is known, up to `actual_production_time_s`,
which the last three parts make up. A window that still runs has its rest unqualified; an order that runs ends with its last slice.

A line's times are its own where it reports its state, else those of its pacemaker, which the plant file names (`[[line]] pacemaker`).
Without one it is the sum of its machines that reported their state, where all of them count: times, ideal times and stops are added,
then divided; else it is the output that the plant file names (`processing/line_rows.py` has the whole rule). Its pieces are those of its
output: the asset that the plant file names, or the only one that counts. Where several could be it, `null_reason` says what to declare.
"""

import numpy as np

from fieldline.catalogue import LEVELS, NULL_REASON, ORDER_ID, OWN, RETRACTED, REV, Kind
from processing import line_rows
from processing.formulas import oee, quality, reliability
from processing.formulas.amounts import amount
from processing.formulas.division import divide
from processing.kernels import layout as at
from processing.kernels import machine as kernel
from processing.kernels import machine_windows as windows
from processing.kernels import registers
from processing.machine_quality import ONE_COUNT, QUALITY, has_one_count, quality_rows
from processing.machine_rows import Rows, joined, machines_to_emit
from processing.meter_events import JUDGED_BY
from processing.metric_rows import MetricRows, Named
from processing.operator import Operator
from processing.view import View

NS_A_SECOND = 1e9
_REASONS = [
    "pacemaker reports no state",
    "no state",
    "no planned time",
    "no pacemaker declared",
    ONE_COUNT,
    "no output declared",
    "no count",
    "pieces between orders: tell their order, or declare an ideal_cycle_s",
    "no ideal cycle",
    "no production time",
    "no pieces",
    "negative count",
]


def read_out(view: View) -> list[MetricRows]:
    """Rows of the windows: of machines that have a row to be emitted, and of the lines that have one."""
    found_machines = machines_to_emit(view)
    if found_machines is None:
        return []
    machines, is_changed = found_machines
    with_lines = line_rows.with_lines(view, machines) if view.has_order_machines else machines
    of_lines = line_rows.lines_of(view, with_lines)
    is_line = machines.asset == view.plant.lines["asset"][view.windows["line"][machines.window]]
    timed = joined(machines.only(is_changed & machines.with_state & ~is_line), of_lines)
    found = _oee(view, timed) + _losses(view, timed) if len(timed.window) else []
    return found + quality_rows(view, machines, is_changed)


def _oee(view: View, rows: Rows) -> list[MetricRows]:
    ratios = oee.ratios(rows.busy, rows.run, rows.ideal_total, rows.ideal_good)
    # Without ideal times pieces give the quality, where it is one machine's.
    by_pieces = quality.good_ratio(rows.pieces.good, rows.pieces.total)
    good_ratio = np.where(np.isnan(ratios.quality), by_pieces, ratios.quality)
    above = np.where(np.isnan(ratios.performance), np.nan, oee.is_above_one(ratios.performance))
    stops, down_s = rows.times["stops"].copy(), rows.times["downtime"] / NS_A_SECOND
    fields = {
        "availability": ratios.availability,
        "performance": ratios.performance,
        "quality": good_ratio,
        "oee": ratios.oee,
        "teep": divide(amount(rows.ideal_good), rows.length),
        **{name: time / NS_A_SECOND for name, time in _elements(rows).items()},
        "stop_count": stops,
        "minor_stop_count": rows.times["microstops"].copy(),
        "mtbf_s": reliability.mean_time_between_failures(rows.busy / NS_A_SECOND, stops),
        "mttr_s": reliability.mean_time_to_restoration(down_s, stops),
        "performance_above_one": above,
        "between_orders_count": rows.between.copy(),
        "coverage": divide(rows.length - rows.unqualified, rows.length),
        "machine_count": rows.machines,
    }
    missing = np.isnan([ratios.availability, ratios.performance, good_ratio, ratios.oee]).any(axis=0)
    return _metric_rows(view, "oee", rows.window, rows.asset, fields, np.where(missing, _reason(rows), -1))


def _elements(rows: Rows) -> dict[str, np.ndarray]:
    """Calendar time by element, and the planned busy time that the first five make up [ns]."""
    return {
        "actual_production_time_s": rows.times["production"],
        "actual_unit_setup_time_s": rows.times["setup"],
        "actual_unit_delay_time_s": rows.times["delay"],
        "actual_unit_down_time_s": rows.times["downtime"],
        "minor_stop_time_s": rows.times["micro"],
        "planned_busy_time_s": rows.busy,
        "planned_stop_time_s": rows.planned_stop,
        "unscheduled_time_s": rows.not_scheduled,
        "unqualified_time_s": rows.unqualified,
    }


def _losses(view: View, rows: Rows) -> list[MetricRows]:
    production = rows.times["production"]
    times = {
        "calendar_time_s": rows.length,
        "unscheduled_time_s": rows.not_scheduled,
        "planned_stop_time_s": rows.planned_stop,
        "unqualified_time_s": rows.unqualified,
        "down_time_loss_s": rows.times["downtime"],
        "setup_loss_s": rows.times["setup"],
        "delay_loss_s": rows.times["delay"],
        "minor_stop_loss_s": rows.times["micro"],
        "actual_production_time_s": production,
        "speed_loss_s": production - rows.ideal_total,
        "quality_loss_s": rows.ideal_total - rows.ideal_good,
        "fully_productive_time_s": rows.ideal_good,
    }
    missing = np.isnan(rows.ideal_total) | np.isnan(rows.ideal_good)
    fields = {name: time / NS_A_SECOND for name, time in times.items()}
    return _metric_rows(view, "losses", rows.window, rows.asset, fields, np.where(missing, _reason(rows), -1))


def _reason(rows: Rows) -> np.ndarray:
    """Why a ratio of these rows does not exist: the first of `_REASONS` that holds."""
    holds = [
        rows.missing == line_rows.SILENT,
        (rows.busy == 0.0) & (rows.unqualified == rows.length),
        rows.busy == 0.0,
        rows.missing == line_rows.NO_PACEMAKER,
        ~rows.counted & has_one_count(rows.pieces),
        rows.missing == line_rows.NO_OUTPUT,
        ~rows.counted,
        rows.is_void,
        np.isnan(rows.ideal_total) | np.isnan(rows.ideal_good),
        rows.run == 0.0,
        rows.ideal_total == 0.0,
        np.ones(len(rows.window), bool),
    ]
    return np.argmax(holds, axis=0)


def _metric_rows(
    view: View, kind: str, window: np.ndarray, asset: np.ndarray, fields: dict[str, np.ndarray], reason: np.ndarray
) -> list[MetricRows]:
    return view.rows_of_assets(kind, window, asset, fields, {"null_reason": Named(reason.astype(np.int32), _REASONS)})


_ISO = "ISO 22400-2:2014"
_NAKAJIMA = "S. Nakajima, Introduction to TPM, Productivity Press, 1988"
_TAGS = (*LEVELS, "window")
_LABELS = ("shift", "crew", "product")
_COVERAGE = (
    "share of the window in which the machine's state was known or no production was planned; of a line the mean of its "
    "machines' shares, weighed by their time"
)

OEE = Kind(
    "oee",
    "Overall equipment effectiveness of a machine or a line and the ISO 22400 times behind it. A line's are those of its "
    "pacemaker, else the sums of its machines' times, then divided: never a mean of ratios.",
    _TAGS,
    _LABELS,
    _COVERAGE,
    (
        (
            "availability",
            "1",
            "share of the planned busy time in production; a minor stop is lost speed, not lost availability",
            "(APT + minor stops) / PBT",
            f"{_ISO}, Availability (A); {_NAKAJIMA}",
        ),
        (
            "performance",
            "1",
            "ideal time of the pieces made over the time it took; above 1 when the ideal cycle is too long or a count is "
            "wrong: shown, never clamped",
            "Σ PQ · PRI / (APT + minor stops)",
            f"{_ISO}, Effectiveness (E)",
        ),
        (
            "quality",
            "1",
            "good pieces over pieces made; with several products each weighed by its ideal cycle",
            "Σ GQ · PRI / Σ PQ · PRI",
            f"{_ISO}, Quality ratio (Q)",
        ),
        (
            "oee",
            "1",
            "overall equipment effectiveness; 0 for planned time that was not used",
            "A · E · Q = Σ GQ · PRI / PBT",
            f"{_ISO}, OEE index; {_NAKAJIMA}",
        ),
        (
            "teep",
            "1",
            "total effective equipment performance: of all calendar time",
            "Σ GQ · PRI / calendar time",
            "R. Hansen, Overall Equipment Effectiveness, Industrial Press, 2001",
        ),
        (
            "planned_busy_time_s",
            "s",
            "time planned for production of which something is known (PBT)",
            "calendar − unscheduled − planned stop − unqualified",
            f"{_ISO}, PBT",
        ),
        ("actual_production_time_s", "s", "time in production (APT)", "Σ time producing", f"{_ISO}, APT"),
        ("actual_unit_setup_time_s", "s", "changeovers and setting up (AUST)", "Σ time in setup", f"{_ISO}, AUST"),
        (
            "actual_unit_delay_time_s",
            "s",
            "could produce and did not (ADET): idle, starved, blocked, standby, longer than a microstop",
            "Σ time in these states",
            f"{_ISO}, ADET",
        ),
        (
            "actual_unit_down_time_s",
            "s",
            "could not produce (ADOT): down or off, longer than a microstop",
            "Σ time in these states",
            f"{_ISO}, ADOT",
        ),
        (
            "minor_stop_time_s",
            "s",
            "microstops: stops shorter than the machine's `microstop_s`, whatever their state",
            "Σ time of stops < microstop_s",
            f"{_NAKAJIMA}: idling and minor stoppages",
        ),
        (
            "planned_stop_time_s",
            "s",
            "planned stops: breaks and stops of the calendar, and states that say so",
            "Σ time planned to stand",
            f"{_ISO}, time outside PBT",
        ),
        ("unscheduled_time_s", "s", "outside all shifts", "Σ time outside shifts", f"{_ISO}, time outside PBT"),
        (
            "unqualified_time_s",
            "s",
            "planned time of which nothing is known: no signal, or a state never heard of. It stays visible and out of the ratios",
            "Σ time without a known state",
            OWN,
        ),
        (
            "stop_count",
            "1",
            "breakdowns, microstops left out, each where its scheduled time begins: of one begun in a break after it",
            "n",
            f"{_ISO}, failure events (FE)",
        ),
        ("minor_stop_count", "1", "microstops whose scheduled time begins in the window", "n", _NAKAJIMA),
        (
            "mtbf_s",
            "s",
            "mean planned busy time between failures; absent without a failure",
            "PBT / stop_count",
            f"{_ISO}, MTBF; IEC 60050-192:2015",
        ),
        (
            "mttr_s",
            "s",
            "mean time to restoration; absent without a failure",
            "ADOT / stop_count",
            f"{_ISO}, MTTR; IEC 60050-192:2015",
        ),
        ("performance_above_one", "1", "1 when performance is above 1, else 0", "performance > 1", OWN),
        (
            "between_orders_count",
            "1",
            "pieces made while no order and no product was told, on a machine without an ideal cycle of its own: they have no part in "
            "performance, quality and OEE",
            "Σ steps between orders",
            OWN,
        ),
        (
            "coverage",
            "1",
            "share of the window in which the state was known or no production was planned, 0 to 1",
            "1 − unqualified / calendar time",
            OWN,
        ),
        ("machine_count", "1", "machines whose times were added: 1 but for a line", "n", OWN),
        REV,
        RETRACTED,
    ),
    (ORDER_ID, NULL_REASON),
)

_WATERFALL = f"{_NAKAJIMA}: the six big losses; times of {_ISO}"

LOSSES = Kind(
    "losses",
    "The loss waterfall: where the calendar time of a machine or line went. The parts, without "
    "`actual_production_time_s`, add up to `calendar_time_s` exactly; of a line it is the sum over its machines.",
    _TAGS,
    _LABELS,
    _COVERAGE,
    (
        (
            "calendar_time_s",
            "s",
            "the whole window; what is still to come of it is unqualified",
            "end − start",
            _WATERFALL,
        ),
        ("unscheduled_time_s", "s", "outside all shifts", "as oee", _WATERFALL),
        ("planned_stop_time_s", "s", "planned stops", "as oee", _WATERFALL),
        ("unqualified_time_s", "s", "nothing is known", "as oee", OWN),
        ("down_time_loss_s", "s", "breakdowns", "ADOT", _WATERFALL),
        ("setup_loss_s", "s", "changeovers", "AUST", _WATERFALL),
        ("delay_loss_s", "s", "waiting", "ADET", _WATERFALL),
        ("minor_stop_loss_s", "s", "microstops", "as oee.minor_stop_time_s", _WATERFALL),
        (
            "actual_production_time_s",
            "s",
            "time in production: what the three parts that follow add up to",
            "APT",
            _WATERFALL,
        ),
        (
            "speed_loss_s",
            "s",
            "slow cycles; negative where performance is above 1. Without an ideal cycle or counts it is absent, as are the two "
            "that follow",
            "APT − Σ PQ · PRI",
            _WATERFALL,
        ),
        ("quality_loss_s", "s", "ideal time of pieces that were not good", "Σ (PQ − GQ) · PRI", _WATERFALL),
        ("fully_productive_time_s", "s", "ideal time of good pieces", "Σ GQ · PRI", _WATERFALL),
        REV,
        RETRACTED,
    ),
    (ORDER_ID, NULL_REASON),
)

COMPONENT = Operator(
    name="machine",
    emits=(OEE, LOSSES, QUALITY),
    is_default=True,
    parameters=(
        "asset.tags.formula",
        *("asset.ideal_cycle_s", "asset.microstop_s", "asset.state_max_gap_s", "asset.tags.kind", "asset.tags.codes"),
        *("asset.tags.max_gap_s", "asset.tags.register_max_gap_s"),
        *(
            "asset.tags.counts_by",
            "line.output",
            "line.pacemaker",
            "line.between_orders",
            "line.orders",
            "product",
            "calendar",
            "states",
        ),
        *JUDGED_BY,
    ),
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    roles=frozenset(
        {*range(at.STATE, at.REWORK_COUNT + 1), at.STATE_EVENT, at.CORRECTION, at.COUNT_EVENT, at.METER_EVENT}
    ),
    kept=kernel.KEPT,
    update=kernel.update,
    fold=windows.fold,
    unsettled=kernel.unsettled,
    measured=(*registers.FIELDS, "count_until", "told", "told_at", "repeats"),
    later=("is_micro",),
    left=("confirmed",),  # emptied by the kernel itself, see `drop_confirmed`
    read_out=read_out,
)
