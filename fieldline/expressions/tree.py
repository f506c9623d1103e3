"""What an expression is made of. A node's `str` is how it is written, which messages and `null_reason` show."""

from collections.abc import Iterator
from typing import NamedTuple

from fieldline.expressions.memories import MEMORIES

STATISTICS = ("count", "min", "max", "mean", "time_weighted_mean", "last", "coverage")
"""What can be asked of a tag in a window: the fields of `telemetry`."""

UNITLESS = ("count", "coverage")
"""Statistics that are not in the tag's unit."""

QUANTILES = ("p01", "p05", "p10", "p25", "p50", "p75", "p90", "p95", "p99")
"""What can be asked of a tag of which the plant file wants `quantiles`: fields of `distribution`."""

OWN, LINE = "", "line"
"""Scopes: of the asset itself, of its line. Any other is a name that the metric gives an asset (`[metric.assets]`)."""

BY_NAME, BY_QUANTITY, BY_ROLE = "", "quantity", "role"
"""How a statistic names its tag. An asset may have only one tag of the quantity or role."""


TARIFF_NUMBERS = ("cheapest_per_kwh", "cheapest_hour")
"""By the tariff of the plant file: the lowest price of the 24 hours after a window, and the hour of the day from which it holds."""

WINDOW_NUMBERS = ("hour", "weekday", "working_share", "day_number", *TARIFF_NUMBERS)
"""Of a window, by the clock and calendar of its line: hour of the day, weekday from 1, Monday, the share that is working time, and the
date as days since 1 January 1970; and `TARIFF_NUMBERS`."""

WINDOW_NAMES = ("shift", "crew", "product")
"""What a window is of, if it is of one alone; compared with a text."""


class Statistic(NamedTuple):
    """A statistic of the samples of one tag in the window.

    name : one of `STATISTICS` or `QUANTILES`. In the tag's own unit; of a tag that is named by its quantity in the canonical unit of that.
    """

    name: str
    tag: str
    scope: str = OWN
    by: str = BY_NAME

    @property
    def is_quantile(self) -> bool:
        """Whether it is one of `QUANTILES`."""
        return self.name in QUANTILES

    def __str__(self) -> str:
        tag = self.tag if self.tag.isidentifier() else f'"{self.tag}"'
        if self.by:
            tag = f"{self.by}.{self.tag}"
        if self.scope:
            tag = f'{self.scope}["{self.tag}"]' if tag.startswith('"') else f"{self.scope}.{tag}"
        return f"{self.name}({tag})"


class Figure(NamedTuple):
    """A field of a metric in the same window."""

    kind: str
    field: str
    scope: str = OWN

    def __str__(self) -> str:
        return ".".join(filter(None, (self.scope, self.kind, self.field)))


class Parameter(NamedTuple):
    """What the plant file says of an asset: a number of its `values`, or one of its own keys that is a number."""

    name: str
    scope: str = OWN

    def __str__(self) -> str:
        return ".".join(filter(None, (self.scope, "asset", self.name)))


class Length(NamedTuple):
    """Of the window itself: `length_s`, how long it is [s], NaN of an order that goes on; `start_s`, when it begins [s since 1970 UTC]."""

    what: str = "length_s"

    def __str__(self) -> str:
        return f"window.{self.what}"


class Maintained(NamedTuple):
    """When something was last done to the asset, at the window's start, as events tell.

    of : `maintenance`, it was repaired or replaced, or `spray`

    `age_s` : how long ago [s], NaN where no event tells it; `time_s` : when [s since 1970], 0 then
    """

    what: str = "age_s"
    of: str = "maintenance"

    def __str__(self) -> str:
        return f"{self.of}.{self.what}"


class InForce(NamedTuple):
    """Which version of a model scores the asset at the window's start, or the digest of its files, as a number. No expression writes it."""

    model: str
    role: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} of the model {self.model} ({self.role})"


class Label(NamedTuple):
    """What is said of the window: a number, or whether it is of a shift, crew or product: 1 or 0, NaN where it is not of one alone.

    name : one of `WINDOW_NUMBERS` or `WINDOW_NAMES`; text : of these the one that is asked for
    """

    name: str
    text: str = ""

    @property
    def what(self) -> str:
        """What it is of, without the text."""
        return f"window.{self.name}"

    def __str__(self) -> str:
        return f'{self.what} == "{self.text}"' if self.name in WINDOW_NAMES else self.what


Input = Statistic | Figure | Parameter | Length | Label | Maintained
"""What an expression reads, from outside the metric."""

Read = Input | InForce
"""What a metric reads."""


class Own(NamedTuple):
    """Another field of the same metric."""

    field: str

    def __str__(self) -> str:
        return self.field


class Number(NamedTuple):
    """A number as it stands."""

    value: float

    def __str__(self) -> str:
        return f"{self.value:g}"


class Apply(NamedTuple):
    """An operator or function of other nodes.

    name : `+ - * /`, `**` (a whole number is its second argument), `negative`, a comparison, `and`, `or`, `not`, `if` (condition, then,
    else), or a function of `parse.FUNCTIONS`; text : as it was written
    """

    name: str
    arguments: "tuple[Node, ...]"
    text: str

    def __str__(self) -> str:
        return self.text


class Remembered(NamedTuple):
    """What a function that remembers gives (`memories.py`).

    arguments : its values, the regime where one was written, and what nobody writes (`memories.Remembering`); constants : the numbers
    behind the values that were written; text : as it was written. Two that are written alike are one, and have one state.
    """

    name: str
    arguments: "tuple[Node, ...]"
    constants: tuple[float, ...]
    text: str

    @property
    def regime(self) -> "Node | None":
        """What says the window's regime; None where nothing was written that does."""
        of = MEMORIES[self.name]
        is_there = of.by_regime and len(self.arguments) > len(of.values) + of.begins_anew + of.by_length
        return self.arguments[len(of.values)] if is_there else None

    def __str__(self) -> str:
        return self.text


Term = Read | Own | Remembered
"""What expressions are evaluated over: columns of it."""

Node = Statistic | Figure | Parameter | Length | Label | Maintained | Own | Number | Apply | Remembered


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, Apply | Remembered):
        for argument in node.arguments:
            yield from _leaves(argument)
    else:
        yield node


def inputs_of(node: Node) -> list[Input]:
    """What an expression reads, each once, in the order in which it is written."""
    return list(
        dict.fromkeys(leaf for leaf in _leaves(node) if not isinstance(leaf, Own | Number | Apply | Remembered))
    )


def own_fields_of(node: Node) -> list[str]:
    """The other fields of the same metric that an expression names."""
    return list(dict.fromkeys(leaf.field for leaf in _leaves(node) if isinstance(leaf, Own)))


def remembered_in(node: Node) -> list[Remembered]:
    """The functions that remember in an expression, each once, after those that its arguments have."""
    if not isinstance(node, Apply | Remembered):
        return []
    found = [one for argument in node.arguments for one in remembered_in(argument)]
    return list(dict.fromkeys([*found, node] if isinstance(node, Remembered) else found))
