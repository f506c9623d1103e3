"""Fields and what grows on them: `[[crop]]`, `[[soil]]`, `[[irrigation_system]]`, and `[asset.field]`, which puts them together.

    [[asset]]
    path = "farm/north/field3"
    ties = { station = "farm/north/weather", water = "farm/north/pump" }

    [asset.field]
    crop = "cotton"
    planted = 2026-04-23
    soil = "sandy loam"
    system = "drip"
    area_ha = 4.2

Coefficients and depths are those of FAO Irrigation and Drainage Paper 56, whose tables have them for some hundred crops: 11 (stages), 12
(heights), 17 (basal coefficients), 19 (soils), 20 (wetted shares), 22 (rooted depths, p).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from math import inf, nan
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fieldline.plantfile.values import Name, NotNegative, Positive, number_fault, raise_faults
from fieldline.tables import nearest

PREFIX = "field_"

_Share = Annotated[float, Meta(gt=0, le=1)]
_Water = Annotated[float, Meta(ge=0, lt=1)]
_Two = tuple[NotNegative, NotNegative]
_Three = tuple[NotNegative, NotNegative, NotNegative]
_Four = tuple[NotNegative, NotNegative, NotNegative, NotNegative]
_EPOCH_DAY = date(1970, 1, 1)

_OF_KIND = {"drip": (0.9, 0.35), "sprinkler": (0.75, 1.0), "pivot": (0.85, 1.0), "furrow": (0.6, 0.8)}
"""Efficiency and wetted share where a system does not say its own (FAO Training Manual 4, annex I; FAO-56, table 20)."""


class CropEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A crop. Stages: initial, development, mid-season, late season.

    kcb : basal coefficients of the initial stage, mid-season and the end; stage_days : how long the stages take, or
    stage_degree_days : in growing degree days above base_degc, temperatures above upper_degc counting as that
    height_m, root_m : in the initial stage and the most; p : the share of available water that is taken without stress (table 22)
    """

    name: Name
    kcb: _Three
    stage_days: _Four | None = None
    stage_degree_days: _Four | None = None
    base_degc: float | None = None
    upper_degc: float | None = None
    height_m: _Two
    root_m: _Two
    p: _Share = 0.5

    def __post_init__(self) -> None:
        faults = [number_fault(key, *getattr(self, key)) for key in ("kcb", "height_m", "root_m")]
        if (self.stage_days is None) == (self.stage_degree_days is None):
            faults.append("stage_days: expected these or stage_degree_days, and not both")
        if (self.stage_degree_days is None) != (self.base_degc is None):
            faults.append("base_degc: expected with stage_degree_days, and only with them")
        faults += [
            f"{key}: expected the initial one first, got {list(pair)}"
            for key, pair in self._pairs()
            if pair[0] > pair[1]
        ]
        if min(self.root_m) == 0.0:
            faults.append("root_m: expected more than 0")
        raise_faults(faults)

    def _pairs(self) -> list[tuple[str, tuple[float, float]]]:
        return [("height_m", self.height_m), ("root_m", self.root_m)]


class SoilEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A soil: water contents at field capacity and wilting point [m³/m³].

    surface_m : how deep it dries by evaporation (Z_e); readily_mm : what evaporates freely of that (REW, table 19)
    curve_number : of run-off, by USDA-SCS; None: nothing runs off
    """

    name: Name
    field_capacity: _Water
    wilting_point: _Water
    surface_m: Annotated[float, Meta(gt=0, le=0.5)] = 0.10
    readily_mm: NotNegative = 8.0
    curve_number: Annotated[float, Meta(gt=0, le=100)] | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.wilting_point >= self.field_capacity:
            faults.append(f"wilting_point: expected less than field_capacity, {self.field_capacity:g}")
        most = 1000.0 * (self.field_capacity - 0.5 * self.wilting_point) * self.surface_m
        if self.readily_mm >= most:
            faults.append(
                f"readily_mm: expected less than what the surface holds, {most:.3g} mm, got {self.readily_mm:g}"
            )
        raise_faults(faults)


class SystemEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An irrigation system.

    efficiency : the share of water that reaches the root zone; wetted : of the surface that it wets; None: what is usual of its kind
    flow_m3_h, power_kw : while it runs; most_mm : what it gives at once at most, before losses; None: as much as the soil takes
    """

    name: Name
    kind: Literal["drip", "sprinkler", "pivot", "furrow"]
    efficiency: _Share | None = None
    wetted: _Share | None = None
    flow_m3_h: Positive
    power_kw: NotNegative | None = None
    most_mm: Positive | None = None


class FieldEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A field. crop, soil, system : by their names; planted, harvested : local days; initial_water : of the soil at first [m³/m³].

    Before it is planted and once it is harvested its soil is bare. Without initial_water it begins at field capacity.
    probe_weight : how much of the way to what a probe says (`ties.probe`) the balance goes in a day
    """

    crop: Name
    planted: date
    harvested: date | None = None
    soil: Name
    system: Name | None = None
    area_ha: Positive
    initial_water: _Water | None = None
    probe_weight: Annotated[float, Meta(ge=0, le=1)] = 0.3

    def __post_init__(self) -> None:
        is_odd = self.harvested is not None and self.harvested <= self.planted
        raise_faults([f"harvested: expected a day after {self.planted}, got {self.harvested}"] if is_odd else [])


class Farm(msgspec.Struct, frozen=True):
    """What fields are made of, by name."""

    crops: Mapping[str, CropEntry]
    soils: Mapping[str, SoilEntry]
    systems: Mapping[str, SystemEntry]

    def faults(self, path: str, entry: FieldEntry) -> list[str]:
        """Names that nothing has."""
        told = [("crop", entry.crop, self.crops), ("soil", entry.soil, self.soils)]
        told += [("system", entry.system, self.systems)] if entry.system is not None else []
        return [
            f"asset: {path!r}: field.{key}: no {key} is called {name!r}{nearest(name, known)}"
            for key, name, known in told
            if name not in known
        ]

    def numbers(self, entry: FieldEntry) -> dict[str, float]:
        """What metrics read of a field, by `NUMBERS`; NaN where nothing is said."""
        crop, soil = self.crops[entry.crop], self.soils[entry.soil]
        system = self.systems[entry.system] if entry.system is not None else None
        stages = crop.stage_days or crop.stage_degree_days or ()
        said = [
            _day(entry.planted), inf if entry.harvested is None else _day(entry.harvested), entry.area_ha, entry.initial_water,
            entry.probe_weight,
            *crop.kcb, *stages, crop.base_degc, crop.upper_degc, *crop.height_m, *crop.root_m, crop.p,
            soil.field_capacity, soil.wilting_point, soil.surface_m, soil.readily_mm, soil.curve_number,
            *_of_system(system),
        ]  # fmt: skip
        return {name: nan if value is None else float(value) for name, value in zip(NUMBERS, said, strict=True)}


def farm_of(crops: Sequence[CropEntry], soils: Sequence[SoilEntry], systems: Sequence[SystemEntry]) -> Farm:
    """What the plant file's tables say."""
    return Farm({one.name: one for one in crops}, {one.name: one for one in soils}, {one.name: one for one in systems})


def _of_system(system: SystemEntry | None) -> tuple[float | None, ...]:
    if system is None:
        return 1.0, 1.0, None, None, None
    efficiency, wetted = _OF_KIND[system.kind]
    return system.efficiency or efficiency, system.wetted or wetted, system.flow_m3_h, system.power_kw, system.most_mm


def _day(day: date) -> float:
    return float((day - _EPOCH_DAY).days)


_OF_FIELD = ("planted_day", "harvested_day", "area_ha", "initial_water", "probe_weight")
_OF_CROP = (
    *("kcb_initial", "kcb_mid", "kcb_end", "stage_initial", "stage_development", "stage_mid", "stage_late"),
    *("base_degc", "upper_degc", "height_initial_m", "height_most_m", "root_initial_m", "root_most_m", "p"),
)
_OF_SOIL = ("field_capacity", "wilting_point", "surface_m", "readily_mm", "curve_number")
_SYSTEM = ("efficiency", "wetted", "flow_m3_h", "power_kw", "most_mm")
NUMBERS = tuple(PREFIX + name for name in (*_OF_FIELD, *_OF_CROP, *_OF_SOIL, *_SYSTEM))
"""Names of the numbers that metrics read of a field; days are counted from 1970-01-01."""
