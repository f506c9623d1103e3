"""Find the operating regimes of a table, and judge how clearly they lie apart."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from fieldline.expressions.memories import MOST_REGIMES
from models.card import Card, Figure, source_of, versions
from models.evaluation.drift import reference_of
from models.feature_table import ASSET, LABELS, TIME, UNIT
from models.one_thread import one_thread
from models.own_estimator import units_of
from models.regime.clumps import CLEAR, is_still
from models.regime.model import Regimes, draft_of, fitted
from models.table import FILE, Table
from models.task import Golden, Held, Options, Progress, Trained

LEAST_ROWS = 100
OUTPUTS = ("regime",)
_NO_SETTINGS = frozenset({UNIT, TIME, ASSET, FILE, *LABELS})
_GOLDEN = 16
_JUDGED = 3000  # rows at most that a silhouette is worked out of


class RegimeOptions(Options, frozen=True, kw_only=True):
    """How regimes are found.

    settings : columns that say how the machine is run, those first by which regimes are numbered; without them all others are
    without : columns that are none
    most : regimes that are tried; clear : the least silhouette of regimes that are believed, else all is one regime
    units : of settings whose names do not end in theirs, for a model that is kept, as "load = kW"
    """

    settings: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    most: int = MOST_REGIMES
    clear: float = CLEAR
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 2 <= self.most <= MOST_REGIMES:
            raise ValueError(f"most: expected 2 to {MOST_REGIMES}, got {self.most}")
        if not 0 < self.clear < 1:
            raise ValueError(f"clear: expected a silhouette between 0 and 1, got {self.clear:g}")


def train(table: Table, options: RegimeOptions, progress: Progress) -> Trained:
    """Find the regimes. Raises SettingsError for too few rows, an infinite value, and where no setting moves."""
    names = options.settings or tuple(
        name for name in table.frame.columns if name not in {*_NO_SETTINGS, *options.without}
    )
    rows = _rows(table, names)
    moves = ~is_still(rows.std(axis=0), rows.mean(axis=0))
    if not moves.any():
        raise SettingsError(f"train: {table.path.name}: expected settings that move, got {len(names)} constant ones")
    settings = tuple(name for name, is_kept in zip(names, moves, strict=True) if is_kept)
    units = table.units_among(settings) | units_of(options.units, settings)
    rows = np.ascontiguousarray(rows[:, moves])
    progress(0.0, "clustering settings")
    with one_thread():
        regimes = fitted(rows, options.seed, options.most, options.clear)
        card = _card(table, regimes, rows, settings, options, tuple(sorted({*names} - {*settings})))
    at = np.linspace(0, len(rows) - 1, _GOLDEN).astype(np.int64)
    golden = Golden(np.ascontiguousarray(rows[at]), regimes.of(rows[at]))
    progress(1.0, "done")
    return Trained(
        parts={"regimes": regimes},
        inputs=settings,
        features=settings,
        outputs=OUTPUTS,
        score=regimes.of,
        golden=golden,
        card=card,
        evidence={"settings": rows, "regime": regimes.of(rows)[:, 0]},
        registered=lambda name: draft_of(name, regimes, card, golden, units),
    )


def _rows(table: Table, names: Sequence[str]) -> NDArray[np.float64]:
    """The rows in which no setting is missing, float64[n, names]."""
    values = table.numbers(names)
    if np.isinf(values).any():
        name = names[int(np.isinf(values).any(axis=0).argmax())]
        raise SettingsError(f"train: {table.path.name}: column {name!r} holds an infinite value")
    rows = values[np.isfinite(values).all(axis=1)]
    if len(rows) < LEAST_ROWS or not names:
        needs = f"expected at least {LEAST_ROWS} rows in which no setting is missing"
        raise SettingsError(f"train: {table.path.name}: {needs}, got {len(rows)} of {len(names)} settings")
    return rows


def evaluate(model: Trained, held: Held, options: RegimeOptions) -> tuple[Figure, ...]:
    """How clearly other rows lie apart in these regimes. Raises SettingsError for a column that is missing, and for no row."""
    rows = _rows(held.table, model.inputs)
    regimes: Regimes = model.parts["regimes"]
    with one_thread():
        return _figures(regimes, rows, f"{len(rows)} rows of {held.table.path.name}", options.seed)


def _figures(regimes: Regimes, rows: NDArray[np.float64], on: str, seed: int) -> tuple[Figure, ...]:
    """The silhouette, where rows lie in more than one regime, and the share of the regime that most rows lie in."""
    from sklearn.metrics import silhouette_score

    regime = regimes.of(rows)[:, 0]
    some = np.random.default_rng(seed).permutation(len(rows))[:_JUDGED]
    figures = []
    if 1 < len(np.unique(regime[some])) < len(some):
        clear = float(silhouette_score(regimes.scaled(rows[some]), regime[some]))
        said = f"mean silhouette of {len(some)} rows at most, settings in deviations; 1 is clear, 0 is none"
        figures.append(Figure(name="silhouette", value=clear, unit="1", on=on, convention=said))
    counts = np.bincount(regime.astype(np.int64), minlength=len(regimes.centres))
    said = "rows of the regime that has most, by all rows"
    share = float(counts.max() / len(rows))
    return (*figures, Figure(name="largest_share", value=share, unit="1", on=on, convention=said))


def _card(
    table: Table,
    regimes: Regimes,
    rows: NDArray[np.float64],
    settings: tuple[str, ...],
    options: RegimeOptions,
    dropped: tuple[str, ...],
) -> Card:
    on = f"{len(rows)} rows of {table.path.name}, those that regimes were found on"
    return Card(
        task="regime",
        source=source_of(table),
        options={name: getattr(options, name) for name in options.__struct_fields__},
        inputs=settings,
        features=settings,
        outputs=OUTPUTS,
        figures=_figures(regimes, rows, on, options.seed),
        candidates=options.most - 1,
        limits=_limits(regimes, settings, options, dropped),
        reference={name: reference_of(rows[:, k]) for k, name in enumerate(settings)},
        versions=versions(),
    )


def _limits(
    regimes: Regimes, settings: tuple[str, ...], options: RegimeOptions, dropped: tuple[str, ...]
) -> tuple[str, ...]:
    many = len(regimes.centres)
    centres = regimes.centres * regimes.scale + regimes.shift
    said = [
        f"Regime {number} lies around {', '.join(f'{name} {value:.4g}' for name, value in zip(settings, centre, strict=True))}."
        for number, centre in enumerate(centres)
    ]
    if many == 1:
        clearest = f"the clearest clustering has the silhouette {regimes.silhouette:.2f}, not above {options.clear:g}"
        said = [f"All rows are one regime: {clearest}."]
    said.append("A setting that was never shown is taken for the nearest regime.")
    said.append("A row in which a setting is missing is of no regime.")
    said.append(
        f"Numbers follow {settings[0]}, then the other settings: one more regime, found later, may move those above it by one."
    )
    if dropped:
        said.append(f"Left out, since constant in training: {', '.join(dropped)}.")
    return tuple(said)
