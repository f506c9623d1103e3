"""The card of a model: what it was made of, how good it is and by which measure, where it ends. JSON, beside the model and in reports."""

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import msgspec

from models.lineage import FromLog, Lineage
from models.table import Table
from processing.scoring.reference import Reference

VERSION = 1
_LIBRARIES = ("fieldline", "numpy", "scipy", "scikit-learn")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure of a model.

    name : as `rmse`; value : in `unit`, `"1"` for ratios and scores
    low, high : its confidence interval at `confidence`; None where none can be given
    on : what it was measured on, as `out-of-fold rows, 100 units`; convention : what a reader must know to compare it with another's
    """

    name: str
    value: float
    unit: str
    on: str
    convention: str
    low: float | None = None
    high: float | None = None
    confidence: float = 0.9


class Source(msgspec.Struct, frozen=True):
    """The table that a model was trained on; `sha256` is of the file's bytes as they came, packed or not, or of rows made of the log."""

    file: str
    sha256: str
    rows: int
    units: int | None
    made_of: FromLog | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a trained model.

    options : the settings of the training, by name; inputs : columns that scoring needs, in order; features : what is made of them
    candidates : how many models, settings or thresholds were compared before this one was chosen; 1 if none
    limits : sentences on where the model ends; reference : for drift, by input
    threshold : of its first output, from which on it alarms; None where it does not
    """

    task: str
    source: Source
    options: dict[str, Any]
    inputs: tuple[str, ...]
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    figures: tuple[Figure, ...]
    candidates: int
    limits: tuple[str, ...]
    reference: dict[str, Reference]
    versions: dict[str, str]
    threshold: float | None = None
    version: int = VERSION

    def lineage(self) -> Lineage:
        """What a model with this card came from."""
        return Lineage(data_sha256=self.source.sha256, settings=dict(self.options), log=self.source.made_of)


def source_of(table: Table, units: int | None = None) -> Source:
    """What a card says of a table; units : how many machines, cells or runs it holds, None where rows are not grouped."""
    return Source(table.path.name, table.sha256, table.frame.height, units, table.made_of)


def versions() -> dict[str, str]:
    """The versions that a training depends on."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in _LIBRARIES}


def write_card(card: Card, path: Path) -> None:
    """As JSON with indents, keys in the order of the fields."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")
