"""What the demo shows when it is over: a line's losses, energy per good unit, causes, and a control chart."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import RenderableType

from cli.causes import Causes, by_reason
from cli.views import chart, moment, pareto, per_unit, waterfall
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


def pictures(store: Path, line: str, window: Window, causes: Causes) -> Iterator[RenderableType]:
    """The views of one line, top to bottom; what has no rows is left out."""
    span = f"{window.name}, {moment(window.start_ns)} to {moment(window.end_ns)} UTC"
    losses, oee = (_of(store, kind, line, window.window, window.start_ns) for kind in ("losses", "oee"))
    if losses:
        yield waterfall(losses[0], oee[0] if oee else None, f"{line}: where its machines' time went, {span}")
    orders = [row for row in _of(store, "order", line, "order") if window.start_ns <= _ns(row) < window.end_ns]
    if orders:
        yield per_unit(orders, f"{line}: energy per good unit by order")
    # States hold on after the last reading: a shift of which only they are known is none that the plant ran.
    shifts = [row for row in _of(store, "order", line, "shift") if row["active_energy_kwh"] is not None]
    if shifts:
        yield per_unit(shifts, f"{line}: energy per good unit by shift, as far as it ran")
    yield pareto(by_reason(causes.stops_s), f"{line}: what it stood for, {span}", "s")
    yield pareto(by_reason(causes.rejects), f"{line}: what was thrown away, {span}", "pieces")
    points = _charted(_of(store, "spc", f"{line}/packer", "1m", tag=CHARTED), window)
    if points:
        yield chart(points, f"{line}/packer: {CHARTED}, X̄ of five samples a minute")


def _charted(points: Sequence[Mapping[str, Any]], window: Window) -> list[Mapping[str, Any]]:
    """The points of one order, with one set of limits: the longest of those that some but not most points break a rule in."""
    runs: list[list[Mapping[str, Any]]] = [[]]
    for row in points:
        if window.start_ns <= _ns(row) < window.end_ns and row.get("center") is not None:
            if runs[-1] and (runs[-1][-1]["center"] != row["center"] or _ns(row) - _ns(runs[-1][-1]) > 2 * _MINUTE_NS):
                runs.append([])
            runs[-1].append(row)
    return max(runs, key=lambda run: (0 < sum(map(_breaks, run)) < 0.5 * len(run), len(run)))


def _breaks(row: Mapping[str, Any]) -> bool:
    return bool(row.get("rules"))


def _of(
    store: Path, kind: str, asset: str, window: str, start_ns: int | None = None, tag: str = "*"
) -> list[dict[str, Any]]:
    """Stored rows of an asset's windows, by time; of the one from `start_ns` on if given, without those taken back."""
    from delivery.query import query

    stop_ns = None if start_ns is None else start_ns + 1
    rows = query(kind, asset, window, start_ns, stop_ns, source=str(store), tag=tag).to_dicts()
    return [row for row in rows if not row.get("retracted")]


def _ns(row: Mapping[str, Any]) -> int:
    return int(row["time"].timestamp() * 1000) * 1_000_000
