"""Units that a message tells beside a value: a frame has no place for them, a tag's name has."""

from fieldline.units import SUFFIXES, find_unit, unit_of_name

_SUFFIX_OF = {symbol: suffix for suffix, symbol in reversed(SUFFIXES.items())}


def with_unit(name: str, symbol: str) -> str:
    """A tag's name that ends in the unit, `Power` in kW as `Power_kw`; as it is where it ends in one, or the unit is none of ours."""
    try:
        suffix = _SUFFIX_OF.get(find_unit(symbol).symbol)
    except ValueError:
        return name
    return name if suffix is None or unit_of_name(name) is not None else f"{name}_{suffix}"
