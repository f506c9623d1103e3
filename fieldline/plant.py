"""The plant: what the operator declares of sites, lines, assets and tags, and what follows where nothing is declared.

A path is levels joined by `/`; its first three are site, area and line. A plant file (TOML) is optional and may declare
only what differs from the defaults; `examples/plant.toml` explains each key. Where several `[[asset]]` entries match
a path, keys of a later one win, and an exact path wins over a glob.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from math import isnan, nan
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from fieldline.errors import SettingsError
from fieldline.tables import read_toml, to_struct
from fieldline.units import Role, canonical_unit, find_unit, role_of_name, unit_of_name

__all__ = ["Plant", "Role", "TagInfo", "Topic", "load_plant"]

LEVELS = ("site", "area", "line")
_CACHED_NAMES = 200_000
_Positive = Annotated[float, Meta(gt=0)]
_ClockPolicy = Literal["accept", "correct", "quarantine"]
_Kind = Literal["value", "power", "register", "interval", "pulse"]
_T = TypeVar("_T")


class TagInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one tag of one asset. A number that is not declared is NaN.

    unit : symbol of `fieldline/units.py`, or None where neither file nor name tells it
    scale : the tag's unit times this is kW, kvar, kWh or kvarh; for pulses kWh per pulse; 1 without a role
    max_gap_s, register_max_gap_s : what lies between two samples further apart is not observed [s]
    modulus, max_delta : a register's rollover and its largest plausible step, in the tag's unit
    low, high : the range that is plausible, in the tag's unit
    expected_rate_hz : how often samples are due [Hz]
    """

    unit: str | None = None
    role: Role = Role.NONE
    scale: float = 1.0
    max_gap_s: float = 300.0
    register_max_gap_s: float = 3600.0
    modulus: float = nan
    max_delta: float = nan
    low: float = nan
    high: float = nan
    clock: str = "accept"
    expected_rate_hz: float = nan


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
    time_zone: str | None = None
    clock: _ClockPolicy | None = None
    tags: dict[str, TagEntry] = {}

    def __post_init__(self) -> None:
        faults = [_path_fault(self.path), _zone_fault(self.time_zone)]
        if any(faults):
            raise ValueError("\n".join(fault for fault in faults if fault))


class SiteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A site (or any path): everything below it keeps this time zone."""

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
        faults = [_zone_fault(self.time_zone) or ""]
        for name, entries in (("site", self.site), ("asset", self.asset)):
            paths = [entry.path for entry in entries]
            faults += [f"{name}: {path!r} is declared twice" for path in sorted(set(paths)) if paths.count(path) > 1]
        if any(faults):
            raise ValueError("\n".join(fault for fault in faults if fault))


class Plant:
    """Answers about paths. Safe to use from several threads; answers are cached, memory is bounded."""

    def __init__(self, file: PlantFile | None = None) -> None:
        self._file = file or PlantFile()
        self.line_depth = self._file.line_depth
        self.topics: tuple[Topic, ...] = self._file.topic
        self.assets: tuple[AssetEntry, ...] = self._file.asset
        # A stable sort: exact paths come last, so that they win.
        self._entries = sorted(self.assets, key=lambda entry: not _is_glob(entry.path))
        self._lines: dict[str, str] = {}
        self._tags: dict[tuple[str, str], TagInfo] = {}

    def line_of(self, path: str) -> str:
        """The first `line_depth` levels of a path: what shares a partition."""
        line = self._lines.get(path)
        if line is None:
            line = "/".join(path.split("/", self.line_depth)[: self.line_depth])
            _remember(self._lines, path, line)
        return line

    def tag_info(self, asset: str, tag: str) -> TagInfo:
        """What the plant file says of this tag, completed by what its name tells."""
        info = self._tags.get((asset, tag))
        if info is None:
            info = self._build_info(asset, tag)
            _remember(self._tags, (asset, tag), info)
        return info

    def time_zone(self, asset: str) -> str:
        """The IANA name of the zone of an asset's calendar: its own, its nearest site's, or the plant's."""
        own = [entry.time_zone for entry in self._matching(asset) if entry.time_zone]
        if own:
            return own[-1]
        sites = [site for site in self._file.site if asset == site.path or asset.startswith(site.path + "/")]
        return max(sites, key=lambda site: len(site.path)).time_zone if sites else self._file.time_zone

    def clock(self, asset: str) -> str | None:
        """The clock policy declared for an asset; None where the setting `ingest.clock` holds."""
        declared = [entry.clock for entry in self._matching(asset) if entry.clock]
        return declared[-1] if declared else None

    def levels(self, asset: str) -> dict[str, str]:
        """site, area and line by position; a level that the path lacks is absent."""
        return {name: level for name, level in zip(LEVELS, asset.split("/"), strict=False) if level}

    def _matching(self, asset: str) -> list[AssetEntry]:
        return [entry for entry in self._entries if entry.path == asset or fnmatchcase(asset, entry.path)]

    def _build_info(self, asset: str, tag: str) -> TagInfo:
        declared: dict[str, Any] = {}
        for entry in self._matching(asset):
            globs = [name for name in entry.tags if name != tag and fnmatchcase(tag, name)]
            for name in [*globs, *([tag] if tag in entry.tags else [])]:
                declared.update(_declared(entry.tags[name]))
        return _complete(tag, declared, self.clock(asset) or "accept")


def load_plant(path: Path | None) -> Plant:
    """The plant that a file declares; without a file, what paths and names tell.

    Raises SettingsError with one line for each fault.
    """
    if path is None:
        return Plant()
    wrong: list[str] = []
    file = to_struct(PlantFile, read_toml(path), "$", wrong)
    if wrong:
        raise SettingsError("\n".join(f"{path}: {line}" for line in wrong))
    return Plant(file)


def _declared(entry: TagEntry) -> Mapping[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(entry).items() if value is not None}


def _complete(tag: str, declared: Mapping[str, Any], clock: str) -> TagInfo:
    named = unit_of_name(tag)
    unit = declared.get("unit") or (named.symbol if named else None)
    role, kind = role_of_name(tag), declared.get("kind")
    if kind is not None or "unit" in declared:
        role = _role(kind, unit, role)
    info = {key: declared[key] for key in declared.keys() - {"unit", "kind", "kwh_per_pulse"}}
    if role is Role.ACTIVE_PULSE:
        scale = declared.get("kwh_per_pulse", nan)
    else:
        scale = find_unit(unit).factor if unit and role is not Role.NONE else 1.0
    return TagInfo(unit=find_unit(unit).symbol if unit else None, role=role, scale=scale, clock=clock, **info)


def _role(kind: str | None, unit: str | None, of_name: Role) -> Role:
    """The role of a declared kind; a unit alone keeps what the name says of it, if that is the same quantity."""
    if kind == "value":
        return Role.NONE
    if kind == "pulse":
        return Role.ACTIVE_PULSE
    quantity = find_unit(unit).quantity if unit else ""
    reactive = quantity.startswith("reactive")
    if kind == "power":
        return Role.REACTIVE_POWER if reactive else Role.ACTIVE_POWER
    if kind == "register":
        return Role.REACTIVE_REGISTER if reactive else Role.ACTIVE_REGISTER
    if kind == "interval":
        return Role.REACTIVE_INTERVAL if reactive else Role.ACTIVE_INTERVAL
    return of_name if canonical_unit(unit or "1") == _CANONICAL_OF_ROLE.get(of_name) else Role.NONE


_CANONICAL_OF_ROLE = {
    Role.ACTIVE_POWER: "kW",
    Role.REACTIVE_POWER: "kvar",
    Role.ACTIVE_REGISTER: "kWh",
    Role.REACTIVE_REGISTER: "kvarh",
    Role.ACTIVE_INTERVAL: "kWh",
    Role.REACTIVE_INTERVAL: "kvarh",
}
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


def _zone_fault(name: str | None) -> str:
    if name is None:
        return ""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return f"time_zone: expected an IANA name such as Europe/Berlin, got {name!r}"
    return ""


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


def _is_glob(path: str) -> bool:
    return any(sign in path for sign in "*?[")


def _remember(cache: dict[Any, _T], key: Any, value: _T) -> None:
    if len(cache) >= _CACHED_NAMES:
        cache.clear()
    cache[key] = value
