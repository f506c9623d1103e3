"""What makes values of a tag canonical: those of a quantity in its canonical unit."""

from math import nan

from fieldline.plant import Plant, Role
from fieldline.units import find_unit

_ROLES = {role.name.lower(): role for role in Role}


def scale_of(plant: Plant, by: str, name: str, asset: str, tag: str) -> tuple[float, float]:
    """Factor and offset: value · factor + offset is canonical; NaN where the tag is not of the quantity or role.

    by : `quantity` or `role`, and its name.
    """
    info = plant.tag_info(asset, tag)
    if by == "role":
        return (1.0, 0.0) if info.role is _ROLES[name] else (nan, nan)
    unit = find_unit(info.unit) if info.unit else None
    return (unit.factor, unit.offset) if unit is not None and unit.quantity == name else (nan, nan)
