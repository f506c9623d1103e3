"""The demo's last word: what the pipeline counted and metered against what the simulator knows it sent."""

from pathlib import Path
from typing import Any, NamedTuple

from cli.balance import Balance
from cli.moments import parse_moment

TOLERANCE = 1e-9
"""Largest relative difference between the energies. They are sums of the same terms in another order."""


class Comparison(NamedTuple):
    """One figure of the simulator's beside ours."""

    what: str
    truth: float
    ours: float | None

    @property
    def agrees(self) -> bool:
        return self.ours is not None and abs(self.ours - self.truth) <= TOLERANCE * max(1.0, abs(self.truth))


def compare_counts(balance: Balance, truth: dict[str, Any]) -> list[Comparison]:
    """Per line: different readings stored, copies found, malformed payloads set aside."""
    ours = {source.source: source for source in balance.sources}
    found = []
    for line, told in sorted(truth["lines"].items()):
        source = ours.get(line)
        found += [
            Comparison(f"{line}: readings", told["readings"], source and source.stored),
            Comparison(f"{line}: duplicates", told["copies"], source and source.duplicate),
            Comparison(f"{line}: malformed", told["malformed"], source and source.dead_lettered),
        ]
    return found


def compare_energy(store: Path, truth: dict[str, Any]) -> list[Comparison]:
    """Per asset: energy over all hours, kWh by its register, or by the integral of its power without one."""
    from delivery.query import query

    frame = query("energy", window="1h", source=str(store))
    times, assets = frame["time"].dt.epoch("ns").to_list(), frame["asset"].to_list()
    ours = dict(zip(zip(assets, times, strict=True), frame["active_energy_kwh"].to_list(), strict=True))
    found = []
    for asset, hours in sorted(truth["energy"].items()):
        told = {parse_moment(hour["hour"], 0): hour.get("register_kwh", hour["power_kwh"]) for hour in hours}
        told = {hour: value for hour, value in told.items() if value is not None}
        values = [ours.get((asset, hour)) for hour in told]
        total = None if any(value is None for value in values) else sum(value for value in values if value is not None)
        found.append(Comparison(f"{asset}: kWh", sum(told.values()), total))
    return found
