"""The plant: what the operator declares of sites, lines, assets and tags, and what follows where nothing is declared.

A path is levels joined by `/`; its first three are site, area and line. A plant file (TOML) is optional and may declare
only what differs from the defaults; `examples/plant.toml` explains each key. Where several `[[asset]]` entries match
a path, keys of a later one win, and an exact path wins over a glob.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from math import nan
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fieldline.errors import SettingsError
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry, Topic
from fieldline.tables import read_toml, to_struct
from fieldline.units import Role, find_unit, role_of, unit_of_name

__all__ = ["Plant", "Role", "TagInfo", "Topic", "load_plant"]

LEVELS = ("site", "area", "line")
_CACHED_NAMES = 200_000
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
            info = _complete(tag, self._declared(asset, tag), self.clock(asset) or "accept")
            _remember(self._tags, (asset, tag), info)
        return info

    def time_zone(self, asset: str) -> str:
        """The IANA name of the zone of an asset's calendar: its nearest site's, or the plant's."""
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

    def conflicts(self) -> list[str]:
        """Declarations of one tag that are right each by itself, but not together (a kind here, a unit there)."""
        wrong: list[str] = []
        exact = [(entry.path, tag) for entry in self.assets if not _is_glob(entry.path) for tag in entry.tags]
        for asset, tag in exact:
            try:
                TagEntry(**self._declared(asset, tag))
            except ValueError as error:
                wrong.append(f"{asset} {tag}: {error}")
        return wrong

    def _declared(self, asset: str, tag: str) -> dict[str, Any]:
        declared: dict[str, Any] = {}
        for entry in self._matching(asset):
            globs = [name for name in entry.tags if name != tag and fnmatchcase(tag, name)]
            for name in [*globs, *([tag] if tag in entry.tags else [])]:
                declared.update(_given(entry.tags[name]))
        return declared


def load_plant(path: Path | None) -> Plant:
    """The plant that a file declares; without a file, what paths and names tell.

    Raises SettingsError with one line for each fault.
    """
    if path is None:
        return Plant()
    wrong: list[str] = []
    file = to_struct(PlantFile, read_toml(path), "$", wrong)
    plant = Plant(file)
    wrong += plant.conflicts()
    if wrong:
        raise SettingsError("\n".join(f"{path}: {line}" for line in wrong))
    return plant


def _given(entry: TagEntry) -> Mapping[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(entry).items() if value is not None}


def _complete(tag: str, declared: Mapping[str, Any], clock: str) -> TagInfo:
    named = unit_of_name(tag)
    unit = declared.get("unit") or (named.symbol if named else None)
    role = _role(declared.get("kind"), tag, unit)
    info = {key: declared[key] for key in declared.keys() - {"unit", "kind", "kwh_per_pulse"}}
    if role is Role.ACTIVE_PULSE:
        scale = declared.get("kwh_per_pulse", nan)
    else:
        scale = find_unit(unit).factor if unit and role is not Role.NONE else 1.0
    return TagInfo(unit=find_unit(unit).symbol if unit else None, role=role, scale=scale, clock=clock, **info)


def _role(kind: str | None, tag: str, unit: str | None) -> Role:
    """The role of the declared kind, else what name and unit tell."""
    if kind == "pulse":
        return Role.ACTIVE_PULSE
    found = find_unit(unit) if unit else None
    if kind is None:
        return role_of(tag, found)
    return _ROLES.get((kind, found.quantity if found else ""), Role.NONE)


_ROLES = {
    ("power", "active_power"): Role.ACTIVE_POWER,
    ("power", "reactive_power"): Role.REACTIVE_POWER,
    ("register", "active_energy"): Role.ACTIVE_REGISTER,
    ("register", "reactive_energy"): Role.REACTIVE_REGISTER,
    ("interval", "active_energy"): Role.ACTIVE_INTERVAL,
    ("interval", "reactive_energy"): Role.REACTIVE_INTERVAL,
}


def _is_glob(path: str) -> bool:
    return any(sign in path for sign in "*?[")


def _remember(cache: dict[Any, _T], key: Any, value: _T) -> None:
    if len(cache) >= _CACHED_NAMES:
        cache.clear()
    cache[key] = value
