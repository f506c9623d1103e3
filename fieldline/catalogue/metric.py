"""What an operator declares of itself, what a row of the catalogue is, and the rows that several kinds share."""

from dataclasses import dataclass
from typing import NamedTuple

OWN = "definition of this project"


TEXT = "text"


class Metric(NamedTuple):
    """One field of one kind of metric, float64 unless its unit is `TEXT`. A value that does not exist is absent, never 0."""

    kind: str
    field: str
    unit: str
    meaning: str
    formula: str
    source: str


class Kind(NamedTuple):
    """One kind of metric: a measurement of the database.

    tags : by which its rows are told apart; those of `labels` only where they hold
    coverage : what share of the window its rows stand on
    rows : of each field its name, unit, meaning, formula and source
    texts : of each text field its name and meaning
    """

    name: str
    meaning: str
    tags: tuple[str, ...]
    labels: tuple[str, ...]
    coverage: str
    rows: tuple[tuple[str, str, str, str, str], ...]
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Its fields, in order: numbers, then texts."""
        texts = [Metric(self.name, name, TEXT, meaning, "none", OWN) for name, meaning in self.texts]
        return (*(Metric(self.name, *row) for row in self.rows), *texts)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What an operator says of itself to the rest of the house; `processing.operator.Operator` adds how it is computed.

    name : the component's name, that of its file or entry point.
    emits : the kinds of its rows: the catalogue entry. A kind belongs to one operator.
    windows : names of the windows that it emits, of `fieldline.windows.WINDOWS`; none for rows without a window.
    is_default : whether it runs where the settings name no operators.
    needs : names of the operators whose figures it reads.
    parameters : entries of the plant file that its figures depend on, such as `asset.microstop_s`.
    """

    name: str
    emits: tuple[Kind, ...]
    windows: tuple[str, ...] = ()
    is_default: bool = False
    needs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


PLACE = ("level", "site", "area", "line", "name")
"""Tags that follow from an asset's path (`Plant.levels`)."""
LEVELS = (*PLACE, "asset")
RENAMED = {"order": "production_order"}
"""Kinds by the name that they had in an earlier version; `order` is a keyword of InfluxQL."""
REV = (
    "rev",
    "1",
    "revision of this row, from 0; grows when late rows or corrections change a window that was over, and when an order that had an "
    "end gets another",
    "changes after the window's end",
    OWN,
)
RETRACTED = (
    "retracted",
    "1",
    "1 in a row that is none any more: a correction of orders took its window away; it has no other value. Else 0 or absent",
    "1 or 0",
    OWN,
)
NULL_REASON = ("null_reason", "why ratios of this row do not exist: what they would be divided by is zero or unknown")
ORDER_ID = ("order_id", "the order that the window is; on windows `order`")
