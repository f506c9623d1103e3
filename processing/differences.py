"""What the plant file says of lines otherwise than when their state was made, by the entries that operators declare to read.

Compared is what holds, not what is written: another glob that says the same of an asset is no difference.
"""

from collections import defaultdict
from collections.abc import Iterator

from fieldline.plant import Plant, Role
from processing.timeline.registry import Registry
from processing.vibration.features import WAVEFORM
from processing.vibration.speed import rpm_of

ZONE = "site.time_zone"
ORDERS = "line.orders"
OF_ROWS = frozenset(
    {
        *(f"asset.tags.{name}" for name in ("kind", "unit", "counts_by", "codes", "spc", "quantiles")),
        *(f"asset.tags.{name}" for name in ("stamp", "interval_s")),
        *(f"asset.tags.{name}" for name in ("max_gap_s", "register_max_gap_s", "modulus", "max_delta")),
        *(f"asset.tags.{name}" for name in ("low", "high", "confirm_readings", "confirm_s", "starts_over", "formula")),
        *(
            "asset.state_of",
            "asset.state_max_gap_s",
            "asset.microstop_s",
            "asset.rated_power_kw",
            "asset.machine",
            "states",
        ),
    }
)
"""Entries that kernels run rows with; the others label windows, or are looked at when those are read out."""

Said = tuple[str, str, str]
"""A line, an entry, and what is said in it."""


def differences(before: Plant, now: Plant, registry: Registry) -> dict[str, frozenset[str]]:
    """By line the entries that say something else now; lines of which the same is said are not in it."""
    found: dict[str, set[str]] = defaultdict(set)
    if before.document != now.document:
        for was, says in zip(_said(before, registry), _said(now, registry), strict=True):
            if was != says:
                found[was[0]].add(was[1])
        # Metrics read numbers of lines, and of assets that nothing was heard of.
        for asset in {*registry.assets, *_named(before), *_named(now)}:
            if registry.line_of(asset) in registry.lines:
                found[registry.line_of(asset)].update(_numbers_changed(before, now, asset))
        for asset in registry.assets:
            if before.ties(asset) != now.ties(asset):
                found[registry.line_of(asset)].add("asset.ties")
            if before.asset_info(asset).attribute_chart != now.asset_info(asset).attribute_chart:
                found[registry.line_of(asset)].add("asset.attribute_chart")
            old, new = before.metrics_of(asset), now.metrics_of(asset)
            kinds = (kind for kind in old.keys() | new.keys() if old.get(kind) != new.get(kind))
            found[registry.line_of(asset)].update(f"metric.{kind}" for kind in kinds)
    return {line: frozenset(entries) for line, entries in found.items() if entries}


def _named(plant: Plant) -> set[str]:
    """The assets that metrics of others read, by a name of the metric's or of a tie."""
    of_metrics = {path for entry in plant.metrics for path in entry.assets.values()}
    return of_metrics | {path for entry in plant.assets for path in entry.ties.values()}


def _numbers_changed(before: Plant, now: Plant, asset: str) -> Iterator[str]:
    """The entries that hold other numbers of an asset; by `repr`, since NaN equals nothing."""
    if repr(before.values_of(asset)) != repr(now.values_of(asset)):
        yield "asset.values"
    if repr(before.field_numbers(asset)) != repr(now.field_numbers(asset)):
        yield "asset.field"
    was, says = before.asset_info(asset), now.asset_info(asset)
    for table in ("station", "growth", "disease"):
        if getattr(was, table) != getattr(says, table):
            yield f"asset.{table}"


def _said(plant: Plant, registry: Registry) -> Iterator[Said]:
    for line in registry.lines:
        for entry, value in plant.said_of_line(line).items():
            yield line, entry, repr(value)
    for a, t in registry.series:
        asset, tag = registry.assets[a], registry.tags[t]
        line = registry.line_of(asset)
        for entry, value in _said_of_series(plant, asset, tag).items():
            yield line, entry, repr(value)
    for asset in sorted({registry.assets[a] for a, _ in registry.series}):
        line = registry.line_of(asset)
        for product in registry.products:
            entry = "product" if product else "asset.ideal_cycle_s"
            yield line, entry, repr(plant.ideal_cycle_s(product or None, asset))


def _said_of_series(plant: Plant, asset: str, tag: str) -> dict[str, object]:
    of_tag, of_asset = plant.tag_info(asset, tag), plant.asset_info(asset)
    drawn = of_tag.spc and (of_tag.spc.chart, of_tag.spc.every, of_tag.spc.n)
    return {
        "asset.tags.kind": of_tag.role,
        "asset.tags.unit": of_tag.scale,
        "asset.tags.share": (of_tag.share, of_tag.is_fed_back),
        "asset.energy_tags": tag in of_asset.energy_tags,
        "asset.tags.counts_by": of_tag.counts_by,
        "asset.tags.codes": of_tag.codes,
        "asset.tags.spc": drawn,
        "asset.tags.quantiles": of_tag.quantiles,
        "asset.tags.max_gap_s": (
            of_tag.max_gap_s,
            of_tag.rhythm_s,
            of_tag.is_gap_declared and of_tag.role in (Role.STATE, Role.RUNNING),
        ),
        "asset.tags.register_max_gap_s": of_tag.register_max_gap_s,
        "asset.tags.stamp": of_tag.is_forward,
        "asset.tags.interval_s": of_tag.interval_s,
        "asset.tags.modulus": of_tag.modulus,
        "asset.tags.max_delta": of_tag.max_delta,
        "asset.tags.low": of_tag.low,
        "asset.tags.high": of_tag.high,
        "asset.tags.expected_rate_hz": of_tag.expected_rate_hz,
        "asset.tags.confirm_readings": of_tag.confirm_readings,
        "asset.tags.confirm_s": of_tag.confirm_s,
        "asset.tags.formula": (of_tag.formula, of_tag.formula and plant.values_of(asset)),
        "asset.tags.starts_over": (
            of_tag.starts_over,
            _bounds_of(plant, asset, of_tag.starts_over),
        ),
        "asset.state_of": of_asset.state_of,
        "asset.state_max_gap_s": of_asset.state_max_gap_s,
        "asset.microstop_s": of_asset.microstop_s,
        "asset.rated_power_kw": of_asset.rated_power_kw,
        "asset.machine": _machine(plant, asset) if tag == WAVEFORM else None,
    }


def _machine(plant: Plant, asset: str) -> object:
    """What the waveforms of an asset are judged by, the unit of its speed with it."""
    machine = plant.asset_info(asset).machine
    return machine and (machine, machine.speed_tag and rpm_of(plant, asset, machine.speed_tag))


def _bounds_of(plant: Plant, asset: str, starts_over: str) -> object:
    """What says when a register starts over that does with the shift or the order."""
    if starts_over == "shift":
        return plant.said_of_line(plant.line_of(asset))["calendar"]
    return plant.order_machine(asset) if starts_over == "order" else None
