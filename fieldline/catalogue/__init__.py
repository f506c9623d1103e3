"""The metric catalogue: every field that leaves the pipeline, with unit, meaning, formula and source, as one table.

Documentation (`python -m fieldline.catalogue > docs/metrics.md`), the field types in InfluxDB, `fieldline explain` and the checks
on dashboards come from it. Fields are float64; those whose unit is `text` are text.
"""

from fieldline.catalogue.charts import SPC
from fieldline.catalogue.energy import ENERGY, ORDER
from fieldline.catalogue.machine import LOSSES, OEE, QUALITY
from fieldline.catalogue.metric import TEXT, Kind, Metric
from fieldline.catalogue.samples import READING, TELEMETRY

__all__ = [
    "ALL",
    "COVERAGE",
    "KINDS",
    "METRICS",
    "TAGS",
    "TEXT",
    "Kind",
    "Metric",
    "fields",
    "kind_of",
    "metric",
    "texts",
]

ALL: tuple[Kind, ...] = (READING, TELEMETRY, ENERGY, OEE, LOSSES, QUALITY, ORDER, SPC)
KINDS: dict[str, str] = {kind.name: kind.meaning for kind in ALL}
METRICS: tuple[Metric, ...] = tuple(metric for kind in ALL for metric in kind.metrics)
COVERAGE: dict[str, str] = {kind.name: kind.coverage for kind in ALL}
TAGS: dict[str, tuple[str, ...]] = {kind.name: kind.tags + kind.labels for kind in ALL}
"""The tags of each kind's rows; a level that an asset's path lacks, and a shift or product that does not hold, is no tag."""


def fields(kind: str) -> tuple[str, ...]:
    """The float fields of a kind, in the catalogue's order; empty for an unknown kind."""
    return tuple(row.field for row in METRICS if row.kind == kind and row.unit != TEXT)


def texts(kind: str) -> tuple[str, ...]:
    """The fields of a kind that are text, in the catalogue's order; empty for an unknown kind."""
    return tuple(row.field for row in METRICS if row.kind == kind and row.unit == TEXT)


def kind_of(name: str) -> Kind | None:
    """A kind by its name; None for an unknown one."""
    return next((kind for kind in ALL if kind.name == name), None)


def metric(kind: str, field: str) -> Metric | None:
    """What the catalogue says of a field; None where it has none of that name."""
    return next((row for row in METRICS if (row.kind, row.field) == (kind, field)), None)
