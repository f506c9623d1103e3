"""How a derived metric is computed: of which inputs, by which figures, for which assets and windows."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from fieldline.expressions import Read, Term
from fieldline.expressions.tree import OWN as OF_ITSELF
from processing.derived.inputs import is_of_window
from processing.derived.memory import Memory
from processing.derived.scopes import Scope

Why = tuple[np.ndarray, Sequence[str]]
"""int32[n], -1 where a value exists, and the reasons that the others stand for."""

Columns = Mapping[Term, np.ndarray]
"""float64[n] each: inputs, and what a memory gives."""

Figures = Callable[[Columns], tuple[dict[str, np.ndarray], dict[str, Why]]]
"""Fields, float64[n] each, and why some of their values do not exist."""


class Spelled(NamedTuple):
    """A field that is text: what a whole number means that the formula gives, in a field or beside them.

    meaning : the field's; number : the formula's name of the number, NaN: no text; text_of : "" is no text either
    """

    meaning: str
    number: str
    text_of: Callable[[int], str]


NO_TEXTS: Mapping[str, Spelled] = MappingProxyType({})
"""A metric without fields that are text."""


class Definition(NamedTuple):
    """How a metric is computed, where its scope says.

    assets : paths by the names that inputs have as scopes; memories : what the figures are made of beside the inputs: of several the last
    that has a place for an asset's state. Where there are some and none has, there is no row. texts : fields that are text
    by_any : whether a row exists where any input of windows does, also of an asset that it is tied to; else where one of its own does
    """

    scope: Scope
    assets: Mapping[str, str]
    inputs: tuple[Read, ...]
    figures: Figures
    memories: tuple[Memory, ...] = ()
    texts: Mapping[str, Spelled] = NO_TEXTS
    by_any: bool = False

    @property
    def looks_beside(self) -> bool:
        """Whether it reads windows of another asset."""
        return any(is_of_window(one) and getattr(one, "scope", OF_ITSELF) for one in self.inputs)
