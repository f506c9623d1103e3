"""What the demo shows when it is over: a line's losses, energy per good unit, causes, a control chart; and how a machine wears."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import RenderableType

from analysis.causes import Causes, by_reason
from analysis.overview.asked import ALL_TIME
from analysis.overview.pareto import shares
from analysis.overview.spectrum import spectrum_of
from analysis.results import Results, Row
from cli.answers.show_spectrum import envelope_of
from cli.report import View
from cli.report.bars import pareto, per_unit, waterfall
from cli.report.chart import chart
from cli.report.health import health
from fieldline.bearings import FaultOrders
from fieldline.log import Log
from fieldline.moments import Moment
from fieldline.plant import Plant
from ingest.simulator.subgroups import CHARTED

_KINDS = ("shift", "1h")
_MINUTE_NS = 60_000_000_000


class Window(NamedTuple):
    """The newest whole shift of a line, or hour: name, start and end [ns UTC]."""

    window: str
    name: str
    start_ns: int
    end_ns: int


def newest_window(truth: Mapping[str, Any], line: str) -> Window | None:
    """The newest shift that lies wholly inside the run, or else hour; None for a run that is too short."""
    for kind in _KINDS:
        rows = [row for row in truth["figures"] if row["asset"] == line and row["window"] == kind]
        if rows:
            row = max(rows, key=lambda each: int(each["start_ns"]))
            return Window(kind, row.get("shift", "hour"), row["start_ns"], row["end_ns"])
    return None


def pictures(results: Results, line: str, window: Window, causes: Causes) -> Iterator[RenderableType]:
    """The views of one line, top to bottom; what has no rows is left out."""
    view = View(is_utc=True)
    start, end = (view.clock(Moment(time)) for time in (window.start_ns, window.end_ns))
    span = f"{window.name}, {start} to {end} UTC"
    losses, oee = (
        _of(results, kind, line, window.window, window.start_ns, window.start_ns + 1) for kind in ("losses", "oee")
    )
    if losses:
        yield waterfall(losses[0], oee[0] if oee else None, f"{line}: where its machines' time went, {span}")
    orders = _of(results, "production_order", line, "order", window.start_ns, window.end_ns)
    if orders:
        yield per_unit(_timed(orders), view, f"{line}: energy per good unit by order")
    # States last beyond the last reading: a shift of which only they are known is none that the plant ran.
    shifts = [row for row in _of(results, "production_order", line, "shift") if row["active_energy_kwh"] is not None]
    if shifts:
        yield per_unit(_timed(shifts), view, f"{line}: energy per good unit by shift, as far as it ran")
    yield pareto(shares(by_reason(causes.stops_s)), f"{line}: stops by cause, {span}", "s")
    yield pareto(shares(by_reason(causes.rejects)), f"{line}: rejects by cause, {span}", "pieces")
    points = _of(results, "spc", f"{line}/packer", "1m", window.start_ns, window.end_ns)
    charted = _charted([row for row in points if row["tag"] == CHARTED])
    if charted:
        yield chart(_timed(charted), view, f"{line}/packer: {CHARTED}, X̄ of five samples a minute")


def shaken(log: Log, plant: Plant, results: Results, window: Window) -> Iterator[RenderableType]:
    """The envelope of the machine whose bearing is worn most, of all lines; nothing where none says anything."""
    rows = results.rows("vibration", "*", window.window, window.start_ns, window.start_ns + 1, is_glob=True)
    known = [row for row in rows if row.get("bpfo_evidence") is not None]
    if known:
        worst = max(known, key=_most_evidence)
        seen = spectrum_of(log, plant, worst["asset"], window.end_ns, None)
        named = f"{worst['fault_name']} worn" if worst.get("fault_name") else "no fault named"
        yield envelope_of(seen, View(is_utc=True), f"{worst['asset']}: {named}, evidence {_most_evidence(worst):.1f}")


def ailing(plant: Plant, results: Results) -> Iterator[RenderableType]:
    """How the machine went over the whole run whose health fell deepest, by each metric that tells one; nothing where none does."""
    for entry in plant.metrics:
        window = entry.windows[0]
        rows = results.rows(entry.kind, "*", window, 0, ALL_TIME, is_glob=True) if entry.health is not None else []
        known = [row for row in rows if row.get("health") is not None and not row.get("retracted")]
        if known:
            asset = min(known, key=lambda row: float(row["health"]))["asset"]
            mine = _of(results, entry.kind, asset, window)
            yield health(_timed(mine), View(is_utc=True), f"{asset}: health by {window}, and what was advised")


def _most_evidence(row: Row) -> float:
    return max(float(row[f"{fault}_evidence"] or 0.0) for fault in FaultOrders._fields)


def _charted(points: Sequence[Row]) -> list[Row]:
    """The points of one order, with one set of limits: the longest of those that some but not most points break a rule in."""
    runs: list[list[Row]] = [[]]
    for row in points:
        if row.get("center") is not None:
            last = runs[-1][-1] if runs[-1] else row
            if last["center"] != row["center"] or row["time"] - last["time"] > 2 * _MINUTE_NS:
                runs.append([])
            runs[-1].append(row)
    return max(runs, key=lambda run: (0 < sum(map(_breaks, run)) < 0.5 * len(run), len(run)))


def _breaks(row: Row) -> bool:
    return bool(row.get("rules"))


def _of(results: Results, kind: str, asset: str, window: str, start: int = 0, stop: int = ALL_TIME) -> list[Row]:
    """Stored rows of an asset's windows, by time, without retracted ones."""
    return [row for row in results.rows(kind, asset, window, start, stop) if not row.get("retracted")]


def _timed(rows: Sequence[Row]) -> list[Row]:
    return [row | {"time": Moment(row["time"])} for row in rows]
