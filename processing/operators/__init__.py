"""Operators: one file each, ending in `COMPONENT`, an `Operator` (or, for `raw`, the function that picks rows).

Found by `fieldline.components`; other distributions add theirs by the entry point group `fieldline.operators`.
"""

from types import FunctionType

from fieldline.components import Components, found
from processing.operator import Operator


def known() -> Components[Operator | FunctionType]:
    """Every operator by its name. Raises SettingsError when two have one name."""
    return found(__name__, Operator, FunctionType, group="fieldline.operators")
