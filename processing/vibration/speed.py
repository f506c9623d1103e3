"""How fast a shaft turns, by the tag that measures it."""

from math import nan

from fieldline.plant import Plant
from fieldline.units import find_unit

_RPM = {"rotation": 1.0, "frequency": 60.0}
"""Revolutions a minute of the canonical unit of a quantity."""


def rpm_of(plant: Plant, asset: str, tag: str) -> float:
    """What makes r/min of a tag's values; 1 where it has no unit, NaN where its unit is that of no speed."""
    unit = plant.tag_info(asset, tag).unit
    if unit is None:
        return 1.0
    found = find_unit(unit)
    return found.factor * _RPM.get(found.quantity, nan)
