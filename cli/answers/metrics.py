"""Metrics of the plant's own: what there are, what they would be on the log, and what a changed plant file changes."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from analysis.trial import Identity, Rows, Span, trial
from cli.report import Data, Note, Piece, Report, Table, columns
from cli.report.chart import Chart
from cli.report.drawing import picture
from cli.report.pieces import View
from fieldline.clock import SystemClock
from fieldline.log import Log
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile.globs import matches
from fieldline.settings import ProcessSettings
from processing.derived.entries import kinds_of

_SHOWN = 20
_HEIGHT = 9
_SAME = 1e-9


def listed(plant: Plant) -> Report:
    """The plant's own metrics, a row each field of each entry."""
    rows = [
        {
            "metric": entry.kind,
            "field": name,
            "unit": field.unit,
            "value": field.value,
            "asset": entry.asset,
            "windows": ", ".join(entry.windows),
            "since": None if entry.since is None else entry.since.isoformat(),
        }
        for entry in plant.metrics
        for name, field in entry.field.items()
    ]
    return Report([Table("metrics", columns(*rows[0]) if rows else [], rows, 2, empty=_NONE)], root="metrics")


_NONE = "the plant file states no metrics of its own: [[metric]], see docs/own-metrics.md"


def tried(log: Log, settings: ProcessSettings, plant: Plant, span: Span, asset: str, window: str | None) -> Report:
    """The rows that the plant's own metrics would have on the log."""
    kinds = kinds_of(plant)
    if not kinds:
        return Report([Data("rows", []), Note(_NONE)], root="rows")
    found = {
        key: row
        for key, row in trial(log, settings, plant, span, SystemClock()).items()
        if key.kind in kinds and matches(asset, key.asset) and window in (None, key.window)
    }
    pieces: list[Piece] = []
    everything = [_row(plant, key, row) for key, row in sorted(found.items())]
    for kind in kinds:
        rows = [row for row in everything if row["metric"] == kind]
        names = list(dict.fromkeys(name for row in rows for name in row if name != "metric"))
        shown = [{name: row.get(name) for name in names} for row in rows]
        pieces += [
            Note(f"{kind}: {len(rows)} rows, of which nothing was written"),
            Table("", columns(*names), shown, 3),
            *_pictures(plant, kind, rows),
        ]
    return Report([Data("rows", everything), *pieces], root="rows")


def _pictures(plant: Plant, kind: str, rows: list[dict[str, Any]]) -> Iterator[Piece]:
    """Each field over time, of the asset and window that have most rows."""
    for (asset, window), _ in Counter((row["asset"], row["window"]) for row in rows).most_common(1):
        mine = [row for row in rows if (row["asset"], row["window"]) == (asset, window)]
        for name in dict.fromkeys(name for entry in plant.metrics if entry.kind == kind for name in entry.field):
            points = [{"time": row["time"], "mean": row.get(name)} for row in mine]
            if sum(point["mean"] is not None for point in points) > 1:
                yield Note("")
                yield Note(f"{kind}.{name} of {asset}, {window}")
                yield picture("", None, partial(_drawn, points))


def _drawn(points: list[dict[str, Any]], view: View) -> Chart:
    return Chart(points, view, _HEIGHT)


def compared(log: Log, settings: ProcessSettings, old: Plant, new: Plant, span: Span) -> Report:
    """What another plant file would change of all figures, of any kind."""
    before, after = (trial(log, settings, plant, span, SystemClock()) for plant in (old, new))
    changes = list(_changes(new, before, after))
    counts = Counter((change["kind"], change["what"]) for change in changes)
    same = len(before.keys() & after.keys()) - sum(n for (_, what), n in counts.items() if what == "changed")
    summary = [{"kind": kind, "what": what, "rows": n} for (kind, what), n in sorted(counts.items())]
    pieces: list[Piece] = [Data("changes", changes), Data("same", same), Data("by_kind", summary)]
    pieces.append(Note(f"{same} rows stay as they are" if changes else f"no row changes; {same} were compared"))
    if changes:
        pieces += [Table("", columns("kind", "what", "rows"), summary), Note("")]
        shown = [change | {"fields": _words(change["fields"])} for change in changes[:_SHOWN]]
        pieces.append(Table("", columns(*shown[0]), shown, 3))
        if len(changes) > _SHOWN:
            pieces.append(Note(f"and {len(changes) - _SHOWN} more; --json has all"))
    return Report(pieces)


def _changes(plant: Plant, before: Rows, after: Rows) -> Iterator[dict[str, Any]]:
    for key in sorted(before.keys() | after.keys()):
        was, says = before.get(key), after.get(key)
        what = "new" if was is None else "gone" if says is None else "changed"
        fields = _differing(was or {}, says or {})
        if fields:
            yield {
                "kind": key.kind,
                "asset": f"{key.asset} {key.tag}".strip(),
                "time": Moment(key.time, plant.time_zone(key.asset)),
                "window": " ".join([key.window, *key.labels]),
                "what": what,
                "fields": fields,
            }


def _differing(was: dict[str, Any], says: dict[str, Any]) -> dict[str, list[Any]]:
    names = dict.fromkeys([*was, *says])
    return {name: [was.get(name), says.get(name)] for name in names if not _is_same(was.get(name), says.get(name))}


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _SAME * max(abs(one), abs(other))
    return bool(one == other)


def _words(fields: dict[str, list[Any]]) -> str:
    return ", ".join(f"{name} {_short(was)} → {_short(says)}" for name, (was, says) in fields.items())


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _row(plant: Plant, key: Identity, row: dict[str, Any]) -> dict[str, Any]:
    labels = dict(label.split("=", 1) for label in key.labels)
    where = {"time": Moment(key.time, plant.time_zone(key.asset)), "asset": key.asset, "window": key.window}
    return {"metric": key.kind, **where, **labels, **row}
