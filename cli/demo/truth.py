"""The demo's last word: what the pipeline counted, metered and computed against what the simulator knows."""

from pathlib import Path
from typing import Any, NamedTuple

from analysis.audit.balance import Balance
from analysis.causes import Causes, by_reason
from delivery.query import query
from fieldline.moments import iso, parse_moment

TOLERANCE = 1e-9
"""Largest relative difference (absolute below 1). Both are sums of the same terms in another order."""


_Key = tuple[str, str, int, str | None]
"""Asset, window, start [ns UTC], and the tag where rows have one."""


class Comparison(NamedTuple):
    """One figure of the simulator's beside ours; None: it does not exist."""

    what: str
    truth: float | None
    ours: float | None
    is_there: bool = True

    @property
    def agrees(self) -> bool:
        if self.ours is None or self.truth is None:
            return self.ours is self.truth and self.is_there
        return abs(self.ours - self.truth) <= TOLERANCE * max(1.0, abs(self.truth))


def compare_counts(balance: Balance, truth: dict[str, Any]) -> list[Comparison]:
    """Per line: different readings stored, copies found, malformed payloads among the dead letters."""
    ours = {source.source: source for source in balance.sources}
    found = []
    for line, known in sorted(truth["lines"].items()):
        source = ours.get(line)
        found += [
            Comparison(f"{line}: readings", known["readings"], source and source.stored),
            Comparison(f"{line}: duplicates", known["copies"], source and source.duplicate),
            Comparison(f"{line}: malformed", known["malformed"], source and source.dead_lettered),
        ]
    return found


def compare_energy(store: Path, truth: dict[str, Any]) -> list[Comparison]:
    """Per asset: energy over all hours, kWh by its register, or by the integral of its power without one."""
    ours = {
        (asset, hour): row["active_energy_kwh"] for (asset, _, hour, _), row in _rows(store, "energy", "1h").items()
    }
    found = []
    for asset, hours in sorted(truth["energy"].items()):
        known = {parse_moment(hour["hour"], 0): hour.get("register_kwh", hour["power_kwh"]) for hour in hours}
        known = {hour: value for hour, value in known.items() if value is not None}
        values = [ours.get((asset, hour)) for hour in known]
        total = None if any(value is None for value in values) else sum(value for value in values if value is not None)
        found.append(Comparison(f"{asset}: kWh", sum(known.values()), total, total is not None))
    return found


def compare_figures(store: Path, truth: dict[str, Any]) -> list[Comparison]:
    """Every figure of every machine and line in each whole hour, shift, day and order, and of every point of a chart."""
    ours: dict[str, dict[_Key, dict[str, Any]]] = {}
    found = []
    for known in truth["figures"]:
        kind, key = known["kind"], (known["asset"], known["window"], known["start_ns"], known.get("tag"))
        if kind not in ours:
            ours[kind] = _rows(store, kind)
        row = ours[kind].get(key)
        where = f"{known['asset']}: {kind} of the {known['window']} from {iso(known['start_ns'])}"
        found += [
            Comparison(f"{where}, {name}", value, (row or {}).get(name), row is not None and name in row)
            for name, value in known["figures"].items()
        ]
    return found


def compare_line_causes(causes: Causes, truth: dict[str, Any], window: str, start_ns: int) -> list[Comparison]:
    """Stops and rejects by reason of each machine of a line in one window; causes : ours."""
    assets = {cause.asset for cause in (*causes.stops_s, *causes.rejects)}
    found = []
    for known in truth["causes"]:
        if known["asset"] in assets and (known["window"], known["start_ns"]) == (window, start_ns):
            for what, ours in (("stops_s", causes.stops_s), ("rejects", causes.rejects)):
                amounts = by_reason(cause for cause in ours if cause.asset == known["asset"])
                found += [
                    Comparison(
                        f"{known['asset']}: {what}, {reason}", known[what].get(reason, 0.0), amounts.get(reason, 0.0)
                    )
                    for reason in sorted({*known[what], *amounts})
                ]
    return found


def shown(value: float | None) -> str:
    """A figure, or that there is none."""
    return "nothing" if value is None else f"{value:.12g}"


def _rows(store: Path, kind: str, window: str | None = None) -> dict[_Key, dict[str, Any]]:
    """The stored rows of a kind; without retracted ones."""
    frame = query(kind, window=window, source=str(store))
    times = frame["time"].dt.epoch("ns").to_list()
    rows = zip(times, frame.to_dicts(), strict=True)
    return {(row["asset"], row["window"], time, row.get("tag")): row for time, row in rows if not row.get("retracted")}
