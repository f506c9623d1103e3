"""The plant file as it stands: one struct for each of its tables, and what can be wrong in them.

`examples/plant.toml` explains every key; `fieldline.plant.Plant` answers from it.
"""

import re
from math import isnan
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from fieldline.units import find_unit, unit_of_name

_Positive = Annotated[float, Meta(gt=0)]
_ClockPolicy = Literal["accept", "correct", "quarantine"]
_Kind = Literal["value", "power", "register", "interval", "pulse"]


class TagEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tag as the plant file declares it; None is not declared."""

    unit: str | None = None
    kind: _Kind | None = None
    low: float | None = None
    high: float | None = None
    expected_rate_hz: _Positive | None = None
    max_gap_s: _Positive | None = None
    register_max_gap_s: _Positive | None = None
    modulus: _Positive | None = None
    max_delta: _Positive | None = None
    kwh_per_pulse: _Positive | None = None

    def __post_init__(self) -> None:
        wrong = [line for line in (_unit_fault(self), _kind_fault(self), _range_fault(self)) if line]
        if wrong:
            raise ValueError("\n".join(wrong))


class AssetEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An asset, or with `*`, `?`, `[…]` every asset that matches; tags' names may be globs too."""

    path: Annotated[str, Meta(min_length=1)]
    clock: _ClockPolicy | None = None
    tags: dict[str, TagEntry] = {}

    def __post_init__(self) -> None:
        faults = [_path_fault(self.path)]
        faults += [_name_fault(name, entry) for name, entry in self.tags.items()]
        if any(faults):
            raise ValueError("\n".join(fault for fault in faults if fault))


class SiteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A site, or any path not below a line: the calendar of everything below it. A line has one calendar."""

    path: Annotated[str, Meta(min_length=1)]
    time_zone: str

    def __post_init__(self) -> None:
        if fault := _path_fault(self.path) or _zone_fault(self.time_zone):
            raise ValueError(fault)


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """How topics become assets and tags.

    pattern : an MQTT filter with named levels: `plant/{line}/{machine}/{tag}`; `+` and a last `#` stay unnamed, and a
        last `{name#}` names what `#` takes
    asset : the asset's path made of the names: `plant/{line}/{machine}`
    tag : the tag's name; None where the payload's keys are the tags
    """

    pattern: Annotated[str, Meta(min_length=1)]
    asset: Annotated[str, Meta(min_length=1)]
    tag: str | None = None

    def __post_init__(self) -> None:
        if fault := _topic_fault(self):
            raise ValueError(fault)


class PlantFile(msgspec.Struct, frozen=True, kw_only=True):
    """The plant file as it stands."""

    line_depth: Annotated[int, Meta(ge=1, le=16)] = 3
    time_zone: str = "UTC"
    site: tuple[SiteEntry, ...] = ()
    asset: tuple[AssetEntry, ...] = ()
    topic: tuple[Topic, ...] = ()

    def __post_init__(self) -> None:
        faults = [_zone_fault(self.time_zone)]
        faults += [_depth_fault(site, self.line_depth) for site in self.site]
        for name, entries in (("site", self.site), ("asset", self.asset)):
            paths = [entry.path for entry in entries]
            faults += [f"{name}: {path!r} is declared twice" for path in sorted(set(paths)) if paths.count(path) > 1]
        if any(faults):
            raise ValueError("\n".join(fault for fault in faults if fault))


_QUANTITIES_OF_KIND = {
    "power": ("active_power", "reactive_power"),
    "register": ("active_energy", "reactive_energy"),
    "interval": ("active_energy", "reactive_energy"),
    "pulse": ("count",),
}


def _unit_fault(entry: TagEntry) -> str:
    if entry.unit is None:
        return ""
    try:
        quantity = find_unit(entry.unit).quantity
    except ValueError as error:
        return f"unit: {error}"
    fitting = _QUANTITIES_OF_KIND.get(entry.kind or "", (quantity,))
    if quantity in fitting:
        return ""
    return f"unit: kind {entry.kind!r} needs a unit of {' or '.join(fitting)}, got {entry.unit!r} ({quantity})"


def _name_fault(name: str, entry: TagEntry) -> str:
    """A kind that has a unit must find it, declared or in the tag's name."""
    fitting = _QUANTITIES_OF_KIND.get(entry.kind or "")
    if fitting is None or entry.kind == "pulse" or entry.unit is not None:
        return ""
    named = unit_of_name(name)
    if named is not None and named.quantity in fitting:
        return ""
    return f'tags."{name}".unit: kind {entry.kind!r} needs a unit of {" or ".join(fitting)}'


def _kind_fault(entry: TagEntry) -> str:
    if entry.kind == "pulse" and entry.kwh_per_pulse is None:
        return "kwh_per_pulse: kind 'pulse' needs it"
    if entry.kwh_per_pulse is not None and entry.kind != "pulse":
        return "kwh_per_pulse: only kind 'pulse' has it"
    if entry.max_delta is not None and entry.modulus is not None and entry.max_delta >= entry.modulus:
        return f"max_delta: expected less than modulus {entry.modulus:g}, got {entry.max_delta:g}"
    return ""


def _range_fault(entry: TagEntry) -> str:
    low, high = entry.low, entry.high
    if any(bound is not None and isnan(bound) for bound in (low, high)):
        return "low: expected a number, got nan"
    if low is not None and high is not None and low >= high:
        return f"low: expected less than high {high:g}, got {low:g}"
    return ""


def _zone_fault(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return f"time_zone: expected an IANA name such as Europe/Berlin, got {name!r}"
    return ""


def _depth_fault(site: SiteEntry, line_depth: int) -> str:
    if site.path.count("/") < line_depth:
        return ""
    return f"site: {site.path!r} lies below its line (line_depth {line_depth}), which has one time zone for all of it"


def _path_fault(path: str) -> str:
    return f"path: expected levels joined by '/', none empty, got {path!r}" if "" in path.split("/") else ""


def _topic_fault(topic: Topic) -> str:
    names: set[str] = set()
    levels = topic.pattern.split("/")
    for at, level in enumerate(levels):
        match = re.fullmatch(r"\{([A-Za-z_]\w*)(#?)\}", level)
        if match and not (match[2] and at < len(levels) - 1) and match[1] not in names:
            names.add(match[1])
        elif match or re.search(r"[{}]", level) or (level != "+" and "+" in level):
            return f"pattern: expected levels such as name, {{name}}, + or a last # or {{name#}}, got {topic.pattern!r}"
        elif "#" in level and (level != "#" or at < len(levels) - 1):
            return f"pattern: '#' stands alone and last, got {topic.pattern!r}"
    for key, template in (("asset", topic.asset), ("tag", topic.tag or "")):
        unknown = sorted(set(re.findall(r"\{(\w*)\}", template)) - names)
        if unknown or re.search(r"[{}]", re.sub(r"\{\w+\}", "", template)):
            return f"{key}: {template!r} may name only {', '.join(sorted(names)) or 'nothing'} of the pattern"
    return ""
