"""The metric catalogue: every field that leaves the pipeline, with unit, meaning, formula and source, as one table.

Each operator declares its own fields in its file (`processing/operators`, or another distribution's); here they are gathered.
Documentation (`python -m fieldline.catalogue > docs/metrics.md`), the columns of queries, `fieldline explain` and the checks on
dashboards come from it. Fields are float64; those whose unit is `text` are text.
"""

from functools import cache

from fieldline.catalogue.metric import (
    LEVELS,
    NULL_REASON,
    ORDER_ID,
    OWN,
    PLACE,
    RENAMED,
    RETRACTED,
    REV,
    TEXT,
    Declaration,
    Kind,
    Metric,
)
from fieldline.components import Components, found
from fieldline.errors import SettingsError

__all__ = [
    "LEVELS",
    "NULL_REASON",
    "ORDER_ID",
    "OWN",
    "PLACE",
    "RENAMED",
    "RETRACTED",
    "REV",
    "TEXT",
    "Declaration",
    "Kind",
    "Metric",
    "declared",
    "emitter",
    "fields",
    "forget",
    "kind_of",
    "kinds",
    "metric",
    "metrics",
    "tags",
    "texts",
]


def declared() -> Components[Declaration]:
    """Every operator by its name, as far as it is declared. Raises SettingsError when two have one name."""
    return found("processing.operators", Declaration, group="fieldline.operators")


@cache
def _emitters() -> dict[str, Declaration]:
    """The operator of each kind, by the kind's name."""
    found: dict[str, Declaration] = {}
    for operator in declared().values():
        for kind in operator.emits:
            if kind.name in found:
                both = f"{found[kind.name].name!r} and {operator.name!r}"
                raise SettingsError(f"operators: expected each kind from one alone, got {kind.name!r} from {both}")
            found[kind.name] = operator
    return found


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its name, by operators in alphabetical order.

    They are gathered at the first call, which imports all operators, and kept until `forget`. Raises SettingsError when an operator
    cannot be imported, or when two emit one kind.
    """
    return {kind.name: kind for name, operator in _emitters().items() for kind in operator.emits if kind.name == name}


def emitter(kind: str) -> Declaration:
    """The operator that emits a kind. Raises KeyError for an unknown one."""
    return _emitters()[kind]


def forget() -> None:
    """Gather the kinds anew at the next call, for what was installed since."""
    kinds.cache_clear()
    _emitters.cache_clear()


def metrics() -> tuple[Metric, ...]:
    """Every field of every kind."""
    return tuple(metric for kind in kinds().values() for metric in kind.metrics)


def fields(kind: str) -> tuple[str, ...]:
    """The float fields of a kind, in the catalogue's order; empty for an unknown kind."""
    return tuple(row.field for row in _metrics_of(kind) if row.unit != TEXT)


def texts(kind: str) -> tuple[str, ...]:
    """The fields of a kind that are text, in the catalogue's order; empty for an unknown kind."""
    return tuple(row.field for row in _metrics_of(kind) if row.unit == TEXT)


def tags(kind: str) -> tuple[str, ...]:
    """The tags of a kind's rows; empty for an unknown kind.

    A level that an asset's path lacks, and a shift or product that does not hold, is no tag.
    """
    known = kind_of(kind)
    return () if known is None else known.tags + known.labels


def kind_of(name: str) -> Kind | None:
    """A kind by its name; None for an unknown one."""
    return kinds().get(name)


def metric(kind: str, field: str) -> Metric | None:
    """What the catalogue says of a field; None where it has none of that name."""
    return next((row for row in _metrics_of(kind) if row.field == field), None)


def _metrics_of(kind: str) -> tuple[Metric, ...]:
    known = kind_of(kind)
    return () if known is None else known.metrics
