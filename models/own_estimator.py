"""An estimator that somebody fitted elsewhere, as a model of the registry: `fieldline models add`."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fieldline.errors import ModelError, SettingsError
from fieldline.tables import nearest
from fieldline.units import find_unit, unit_of_name
from ingest.table import read_columns, read_numbers
from models.archive import loaded
from models.draft import Draft, PartDraft
from models.flatten import flatten
from models.flatten.said import said_by
from models.lineage import Lineage
from processing.scoring.document import Column

_GOLDEN = 50
_OWN = "own estimator"


class Given(NamedTuple):
    """What is told of it.

    file : the estimator, saved by skops; table : rows with its features, of which the first are the golden rows
    outputs : names of what it gives, empty for `score`; units : by name of a feature or output, where the name does not say it
    """

    name: str
    file: Path
    table: Path
    outputs: Sequence[str]
    units: Mapping[str, str]


def drafted(given: Given) -> tuple[Draft, Any]:
    """The model, and the estimator for the archive. Raises ModelError, SettingsError."""
    estimator = loaded(given.file)
    flat = flatten(estimator)
    names, rows = _rows(given, estimator)
    try:
        golden = said_by(estimator, rows)
    except ValueError as error:  # rows that it can't take: too few columns, gaps
        raise ModelError(f"{given.table}: the estimator refuses the rows: {str(error).splitlines()[0]}") from error
    outputs = tuple(given.outputs) or ("score",) * (golden.shape[1] == 1)
    if len(outputs) != golden.shape[1]:
        raise SettingsError(
            f"models: --output: expected {golden.shape[1]} names, of what the estimator gives, got {len(outputs)}"
        )
    unknown = next((name for name in given.units if name not in (*names, *outputs)), None)
    if unknown is not None:
        raise SettingsError(
            f"models: --unit: expected a feature or an output, got {unknown!r}{nearest(unknown, [*names, *outputs])}"
        )
    draft = Draft(
        name=given.name,
        task=_OWN,
        features=tuple(column_of(name, given.units) for name in names),
        outputs=tuple(column_of(name, given.units) for name in outputs),
        parts=(PartDraft("estimator", flat, names, outputs),),
        golden_rows=rows,
        golden_scores=golden,
        lineage=Lineage(
            data_sha256=hashlib.sha256(given.table.read_bytes()).hexdigest(), settings=_settings(estimator)
        ),
        card={"limits": ["Fitted elsewhere: nothing is known of how good it is."]},
    )
    return draft, estimator


def _rows(given: Given, estimator: Any) -> tuple[tuple[str, ...], np.ndarray]:
    """Features in their order, and golden rows, float64[n, features]."""
    frame = read_columns(given.table)
    names = [str(name) for name in getattr(estimator, "feature_names_in_", frame.columns)]
    if lacking := [name for name in names if name not in frame.columns]:
        raise SettingsError(f"{given.table}: expected the feature {lacking[0]!r}, got {', '.join(frame.columns[:30])}")
    if (wanted := getattr(estimator, "n_features_in_", len(names))) != len(names):
        raise SettingsError(f"{given.table}: expected {wanted} columns, one a feature, got {len(names)}")
    columns = [read_numbers(frame[name]).fill_null(np.nan).to_numpy()[:_GOLDEN] for name in names]
    rows = np.ascontiguousarray(np.stack(columns, axis=1))
    if not len(rows):
        raise SettingsError(f"{given.table}: expected rows, got none")
    return tuple(names), rows


def column_of(name: str, units: Mapping[str, str]) -> Column:
    """A feature or output: its unit is the one that is said, else the one that its name ends in, else 1."""
    unit = unit_of_name(name)
    return Column(name, units.get(name, "1" if unit is None else unit.symbol))


def symbol_of(time: str) -> str:
    """The symbol of a unit of time, as `h`; cycles and other counts have none."""
    try:
        return find_unit(time).symbol
    except ValueError:
        return "1"


def units_of(told: Sequence[str], features: Sequence[str]) -> dict[str, str]:
    """Units by feature, of `FEATURE = UNIT` each. Raises SettingsError for what is no pair, or of no feature."""
    found = {}
    for text in told:
        name, equals, unit = (part.strip() for part in text.partition("="))
        if not equals or not unit or name not in features:
            raise SettingsError(f"train: units: expected FEATURE = UNIT, of {', '.join(features)}, got {text!r}")
        found[name] = unit
    return found


def _settings(estimator: Any) -> dict[str, Any]:
    """What it was made with, as plain values; of a pipeline, of all its steps."""
    plain = bool | int | float | str | None
    return {
        name: value for name, value in estimator.get_params().items() if isinstance(value, plain) and value == value
    }
