"""The judgement on a run that is over: what stands in the store, against the ledger, an undisturbed run and the database.

`judge` gives every fault as a sentence, none when all holds.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from delivery.query import Only, query
from fieldline.catalogue import kinds
from fieldline.log.sqlite import SqliteLog
from fieldline.partition import partition_of
from tests.endurance import truth
from tests.endurance.ledger import Series
from tests.endurance.site import WINDOWS, line_of
from tests.endurance.traffic import HOUR, SECOND, START
from tests.endurance.world import PARTITIONS, World
from tests.integration.pipe_rig import fieldline

_UNPROVEN = 6
_RELATIVE, _ABSOLUTE_KWH = 1e-12, 1e-8
"""What another order of additions may differ by; the ledger's energies are differences of totals."""
_OPERATORS = {
    "telemetry": ("telemetry",),
    "energy": ("energy",),
    "spc": ("spc",),
    **dict.fromkeys(("oee", "losses", "quality"), ("machine",)),
    "production_order": ("order", "machine", "energy"),
    "reading": (),
}
"""By kind the operators that its figures are made by."""
_KEYS = ("time", "asset", "tag", "window", "shift", "product")


def judge(world: World, timeout_s: float) -> list[str]:
    """Every fault of a run whose stages have ended."""
    return [
        *world.faults,
        *_audit(world),
        *_figures(world),
        *_undisturbed(world, timeout_s),
        *(_database(world, world.influx) if world.influx else ()),
    ]


def _audit(world: World) -> Iterator[str]:
    """The audit is balanced, or unproven where records were removed, and says of each line what the ledger says."""
    text = fieldline("audit", "--log", world.log_url, "--json", code=None)
    document = json.loads(text)
    verdicts = ("ok", "unproven") if world.is_pruned else ("ok",)
    if document["verdict"] not in verdicts:
        yield f"audit: expected {' or '.join(verdicts)}, got {text}"
    said = {source["source"]: source for source in document["sources"]}
    for line, account in world.ledger.accounts().items():
        names = [name for name in account if not world.is_pruned or name not in ("received", "missing")]
        got = {name: said.get(line, {}).get(name) for name in names}
        want = {name: account[name] for name in names}
        if got != want:
            yield f"audit of {line}: expected {want}, got {got}"


def _figures(world: World) -> Iterator[str]:
    """Telemetry, energy and pieces of every window in the store are what the ledger says, and none is absent."""
    stored = {kind: _standing(world, kind) for kind in ("telemetry", "energy", "quality")}
    for (asset, tag), series in world.ledger.series().items():
        yield from _compare(world, stored["telemetry"], "telemetry", asset, tag, series)
        if tag in ("power_kw", "energy_kwh"):
            yield from _compare(world, stored["energy"], "energy", asset, tag, series)
        if tag == "good_count":
            yield from _compare(world, stored["quality"], "quality", asset, tag, series)


_LEVELS = {
    "telemetry": ("1m", "15m", "1h"),
    "energy": ("1m", "15m", "1h", "day", "week", "month"),
    "quality": ("1m", "15m", "1h", "day", "week", "month"),
}


def _compare(world: World, rows: pl.DataFrame, kind: str, asset: str, tag: str, series: Series) -> Iterator[str]:
    """The figures of one series in windows of all levels."""
    mine = rows.filter(pl.col("asset") == asset)
    if kind == "telemetry":
        mine = mine.filter(pl.col("tag") == tag)
    for level in _LEVELS[kind]:
        starts = truth.edges(level, world.site.zone, int(series[0][0]), world.traffic.now)
        wanted, is_due = _wanted(kind, tag, series, starts)
        since = since_hole(world, line_of(asset), _OPERATORS[kind], level)
        if since is None:
            continue
        time = pl.col("time").cast(pl.Int64)
        held = mine.filter((pl.col("window") == level) & (time >= since) & (time < int(starts[-1])))
        place = np.searchsorted(starts, held["time"].cast(pl.Int64).to_numpy())
        name = f"{kind} {asset} {tag} {level}"
        missing = np.setdiff1d(np.flatnonzero(is_due & (starts[:-1] >= since)), place)
        if len(missing):
            yield f"{name}: {len(missing)} of {is_due.sum()} windows are absent, the first {_time(starts[missing[0]])}"
        for column, values in wanted.items():
            got = held[column].fill_null(0.0 if kind == "quality" else np.nan).to_numpy()
            wrong = ~np.isclose(got, values[place], rtol=_RELATIVE, atol=_ABSOLUTE_KWH if kind == "energy" else 0.0)
            if wrong.any():
                k = int(np.flatnonzero(wrong)[0])
                yield (
                    f"{name}: {column} of {wrong.sum()} of {len(got)} windows is not that of the data, the first "
                    f"{_time(starts[place[k]])}: expected {values[place[k]]!r}, got {got[k]!r}"
                )


def _wanted(kind: str, tag: str, series: Series, starts: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The figures of the windows between `starts` by column, and which windows must have a row."""
    if kind == "telemetry":
        found = truth.statistics(series, starts)
        return found, found["count"] > 0
    if kind == "energy":
        kwh = truth.energy_kwh(tag, series, starts)
        return {"active_energy_kwh": kwh}, kwh > _ABSOLUTE_KWH
    pieces = truth.steps(series, starts)
    return {"good_count": pieces}, pieces > 0


def since_hole(world: World, line: str, operators: tuple[str, ...], level: str | None) -> int | None:
    """From when on windows of a line must hold all that came, although the run was without them for a while, None: never [ns UTC].

    Such windows are worked out again as far as log and allowed lateness reach; those before stand as they were left.
    """
    without = world.site.holes & {*operators, level}
    return _reached(world, line, is_chain="spc" in without) if without else 0


def _reached(world: World, line: str, is_chain: bool) -> int | None:
    """How far back a change of settings reached at any time; a chain, as a chart is, is whole or it is another one.

    None: nowhere for sure, since rows were not at hand when it came, pruned or on the partition that their line was on before.
    """
    since = max(0, world.traffic.now - world.site.least_horizon_h * HOUR)
    return None if world.is_pruned or line in world.moved or (is_chain and since > START) else since


def _undisturbed(world: World, timeout_s: float) -> Iterator[str]:
    """Lines that no edit touched, and of the others what the log still held, are bit for bit those of a fresh run."""
    with World(world.folder / "undisturbed", world.site, world.traffic) as fresh:
        _feed(world, fresh)
        fresh.start()
        fresh.drain(timeout_s)
        for kind in kinds():
            wanted, got = _standing(fresh, kind), _standing(world, kind)
            for line in world.site.lines:
                yield from _same(world, kind, line, wanted, got)


def _feed(world: World, fresh: World) -> None:
    log = SqliteLog(fresh.folder / "log.db", partitions=PARTITIONS)
    for entry in world.ledger.entries:
        if entry.is_good:
            World.put(log, entry.line, partition_of(entry.line, PARTITIONS), entry.value, len(entry.rows))
    log.close()


def _same(world: World, kind: str, line: str, wanted: pl.DataFrame, got: pl.DataFrame) -> Iterator[str]:
    """What differs between the rows of a line."""
    if not wanted.height and not got.height:
        return
    mine = (pl.col("asset") == line) | pl.col("asset").str.starts_with(f"{line}/")
    left, right = (_comparable(world, kind, line, frame.filter(mine)) for frame in (wanted, got))
    absent, more = list(left.keys() - right.keys()), list(right.keys() - left.keys())
    other = [key for key in left.keys() & right.keys() if left[key] != right[key]]
    for what, keys in (("absent", absent), ("too many", more), ("different", other)):
        if keys:
            key = min(keys, key=str)
            yield (
                f"{kind} of {line}: {len(keys)} of {len(left)} rows are {what} beside an undisturbed run, the first {_told(key)}: "
                f"expected {_differing(left.get(key), right.get(key))}, got {_differing(right.get(key), left.get(key))}"
            )


def _comparable(world: World, kind: str, line: str, frame: pl.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of a line that must be those of a fresh run with the settings of the end."""
    of_line = 0 if line in world.site.untouched else _reached(world, line, is_chain=False)
    since = {level: since_hole(world, line, _OPERATORS[kind], level) for level in WINDOWS}
    found = {}
    for key, row in rows_by_identity(frame).items():
        begin = since.get(key[3], 0)
        if of_line is not None and begin is not None and key[0].timestamp() * SECOND >= max(of_line, begin):
            found[key] = row
    return found


def rows_by_identity(frame: pl.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Rows without revisions and absent values."""
    found = {}
    for row in frame.to_dicts():
        key = tuple(row.pop(name, None) for name in _KEYS)
        row.pop("rev", None)
        found[key] = {name: value for name, value in row.items() if value is not None}
    return found


def _differing(row: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    if row is None or other is None:
        return row
    return {name: row.get(name) for name in sorted(row.keys() | other.keys()) if other.get(name) != row.get(name)}


def _database(world: World, influx: str) -> Iterator[str]:
    """InfluxDB holds the rows of the store."""
    for kind in kinds():
        left, right = (
            rows_by_identity(query(kind, source=source, only=Only(retracted=True)))
            for source in (str(world.store), influx)
        )
        keys = [key for key in left.keys() | right.keys() if left.get(key) != right.get(key)]
        if keys:
            key = min(keys, key=str)
            held, there = (_differing(a.get(key), b.get(key)) for a, b in ((left, right), (right, left)))
            yield f"{kind}: {len(keys)} of {len(left)} rows differ in InfluxDB, the first {_told(key)}: {held} in the store, {there} there"


def _standing(world: World, kind: str) -> pl.DataFrame:
    """The rows of a kind in a store, those left out that were retracted."""
    return query(kind, source=str(world.store))


def _told(key: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in key if part is not None)


def _time(ns: int) -> str:
    return str(np.datetime64(int(ns), "ns"))
