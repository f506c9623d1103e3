"""What the estate's farmer knows: where it stands, what grows on what soil, with which irrigation; and the plant file's words for it."""

from typing import NamedTuple

LINE = "farm/savanna/estate"
STATION, VALVE, PROBE = f"{LINE}/weather", f"{LINE}/valve1", f"{LINE}/probe1"
LATITUDE_DEG, LONGITUDE_DEG, ALTITUDE_M, WIND_HEIGHT_M = 9.4, -0.84, 183.0, 3.0
PLANTED = "2020-01-01"
DAY_PRICE, NIGHT_PRICE = 0.28, 0.17
"""Of energy [EUR/kWh]; the night's from 22 to 6 h."""
PROBE_WEIGHT = 0.3


class Crop(NamedTuple):
    """An evergreen in mid-season, of FAO-56. kcb : initial, mid-season; height_m, root_m : the most; p : share taken without stress."""

    name: str
    kcb: tuple[float, float]
    height_m: tuple[float, float]
    root_m: tuple[float, float]
    p: float


class Soil(NamedTuple):
    """Water contents [m³/m³], what evaporates freely [mm] of how deep a surface [m]."""

    name: str
    field_capacity: float
    wilting_point: float
    readily_mm: float
    surface_m: float = 0.10


class System(NamedTuple):
    """An irrigation system."""

    name: str
    kind: str
    efficiency: float
    wetted: float
    flow_m3_h: float
    power_kw: float
    most_mm: float


class Field(NamedTuple):
    """A field. initial_water : of its soil on the first day [m³/m³]; is_watched : has valve and probe of its own."""

    asset: str
    crop: Crop
    soil: Soil
    system: System
    area_ha: float
    initial_water: float
    is_watched: bool


FIELDS = (
    Field(
        f"{LINE}/bananas",
        Crop("banana", (0.6, 1.1), (2.0, 4.0), (0.5, 0.9), 0.35),
        Soil("loam", 0.29, 0.13, 9.0),
        System("drip", "drip", 0.9, 0.35, 60.0, 11.0, 50.0),
        1.0,
        0.285,
        True,
    ),
    Field(
        f"{LINE}/pasture",
        Crop("pasture", (0.3, 0.95), (0.15, 0.3), (0.5, 1.0), 0.6),
        Soil("sandy loam", 0.23, 0.11, 8.0),
        System("reel", "sprinkler", 0.75, 1.0, 55.0, 30.0, 35.0),
        2.5,
        0.19,
        False,
    ),
)


def plant_file() -> str:
    """The estate in the plant file (TOML)."""
    return "\n".join([_STATION, *(_GROWN.format(**_words(field)) for field in FIELDS), _TARIFF])


def _words(field: Field) -> dict[str, object]:
    crop, soil, system = field.crop, field.soil, field.system
    ties = f', water = "{VALVE}", probe = "{PROBE}"' if field.is_watched else ""
    pairs = {"height": list(crop.height_m), "root": list(crop.root_m), "kcb": [*crop.kcb, crop.kcb[1]]}
    return {
        "crop": crop,
        "soil": soil,
        "system": system,
        "field": field,
        "ties": ties,
        "station": STATION,
        "planted": PLANTED,
        "weight": PROBE_WEIGHT,
    } | pairs


_STATION = f"""\
# ---- a farm behind a gateway that was silent for days: docs/fields.md explains its keys
[[asset]]
path = "{LINE}/*"

[asset.tags."*"]
max_gap_s = "70m"     # it sends once an hour

[[asset]]
path = "{STATION}"

[asset.station]
latitude_deg = {LATITUDE_DEG}
longitude_deg = {LONGITUDE_DEG}
altitude_m = {ALTITUDE_M:g}
wind_height_m = {WIND_HEIGHT_M}

[[asset]]
path = "{VALVE}"

[[asset]]
path = "{PROBE}"
"""
_GROWN = """\
[[crop]]
name = "{crop.name}"
kcb = {kcb}
stage_days = [120, 60, 20000, 1]     # evergreen: mid-season goes on
height_m = {height}
root_m = {root}
p = {crop.p}

[[soil]]
name = "{soil.name}"
field_capacity = {soil.field_capacity}
wilting_point = {soil.wilting_point}
surface_m = {soil.surface_m}
readily_mm = {soil.readily_mm}

[[irrigation_system]]
name = "{system.name}"
kind = "{system.kind}"
efficiency = {system.efficiency}
wetted = {system.wetted}
flow_m3_h = {system.flow_m3_h}
power_kw = {system.power_kw}
most_mm = {system.most_mm}

[[asset]]
path = "{field.asset}"
ties = {{ station = "{station}"{ties} }}

[asset.field]
crop = "{crop.name}"
planted = {planted}
soil = "{soil.name}"
system = "{system.name}"
area_ha = {field.area_ha}
initial_water = {field.initial_water}
probe_weight = {weight}
"""
_TARIFF = f"""\
[[tariff]]
path = "{LINE}"
currency = "EUR"
price = {DAY_PRICE}

[[tariff.period]]
start = "22:00"
end = "06:00"
price = {NIGHT_PRICE}
"""
