"""A model in memory: parts that each read some columns and make others, and the scores that come of it.

A row's columns are its features, then what the parts make of them, in their order. So a model of several estimators is a few parts: regime
and scaling, the smooth partner, trees that read its output, the blend. Where a feature is made of a part's output over time (the partner's
trailing mean), who scores asks for that output first (`columns`), and for the rest when the feature is there.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fieldline.errors import ModelError
from fieldline.tables import nearest
from processing.scoring.document import Column, Document
from processing.scoring.family import Explained, Scorer


class Part(NamedTuple):
    """A part that is ready to score. reads : places of its inputs among a row's columns; first : of its outputs."""

    name: str
    scorer: Scorer
    reads: np.ndarray
    first: int
    outputs: tuple[str, ...]


class Model:
    """A verified model. `read_model` makes it.

    digest : SHA-256 that names it; document : what its file says of it
    """

    def __init__(self, digest: str, document: Document, scorers: Sequence[Scorer]) -> None:
        self.digest = digest
        self.document = document
        self._place, self.parts = _placed(document, scorers)
        self._wanted = tuple(column.name for column in document.outputs)
        self._width = len(document.features)
        only = self.parts[0]
        is_plain = len(self.parts) == 1 and only.outputs == self._wanted and _is_range(only.reads, self._width)
        self._direct = only.scorer.score if is_plain else None

    @property
    def features(self) -> tuple[Column, ...]:
        """What a row must have, in that order."""
        return self.document.features

    @property
    def outputs(self) -> tuple[Column, ...]:
        """What comes of a row, in that order."""
        return self.document.outputs

    def score(self, rows: np.ndarray) -> np.ndarray:
        """float64[n, features] → float64[n, outputs]; NaN where there is no score. Raises ModelError for rows of another width."""
        rows = self._checked(rows)
        return self._direct(rows) if self._direct is not None else self._columns(self._wanted, rows)

    def columns(self, wanted: Sequence[str], rows: np.ndarray) -> np.ndarray:
        """Some columns by name, float64[n, wanted], outputs of parts or features; only the parts that they are made of are run.

        Features that none of these reads may be anything. Raises ModelError for a name that the model has not.
        """
        for name in wanted:
            if name not in self._place:
                raise ModelError(f"{self}: has no column {name!r}{nearest(name, self._place)}")
        return self._columns(wanted, self._checked(rows))

    def explain(self, part: str, rows: np.ndarray) -> Explained:
        """What a part's inputs contribute to its outputs, for rows of the model's features. Raises ModelError where it can't tell."""
        found = next((one for one in self.parts if one.name == part), None)
        if found is None:
            raise ModelError(f"{self}: has no part {part!r}{nearest(part, [one.name for one in self.parts])}")
        explain = getattr(found.scorer, "explain", None)
        if explain is None:
            raise ModelError(f"{self}: part {part!r} can't say what its inputs contribute")
        names = self.document.parts[self.parts.index(found)].inputs
        return explain(self._columns(names, self._checked(rows)))

    def places(self, columns: Sequence[Column]) -> np.ndarray:
        """Where each of the model's features stands in a table of these columns, int64[features].

        Raises ModelError for features that the table lacks or has in other units; the message names all of them.
        """
        there = {column.name: (number, column.unit) for number, column in enumerate(columns)}
        faults = [
            f"{one.name} [{one.unit}], got {'none' + nearest(one.name, there) if one.name not in there else f'[{there[one.name][1]}]'}"
            for one in self.features
            if one.name not in there or there[one.name][1] != one.unit
        ]
        if faults:
            raise ModelError(f"{self}: expected the feature {'; '.join(faults)}")
        return np.array([there[one.name][0] for one in self.features], np.int64)

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        if rows.ndim != 2 or rows.shape[1] != self._width:
            raise ModelError(f"{self}: expected rows of {self._width} features, got an array of shape {rows.shape}")
        return np.ascontiguousarray(rows, np.float64)

    def _columns(self, wanted: Sequence[str], rows: np.ndarray) -> np.ndarray:
        table = np.full((len(rows), len(self._place)), np.nan)
        table[:, : self._width] = rows
        places = np.array([self._place[name] for name in wanted], np.int64)
        needed = np.zeros(len(self._place), np.bool_)
        needed[places] = True
        going = []
        for part in reversed(self.parts):
            if needed[part.first : part.first + len(part.outputs)].any():
                needed[part.reads] = True
                going.append(part)
        for part in reversed(going):
            # `take` gives rows one behind the other in memory, as kernels want them.
            table[:, part.first : part.first + len(part.outputs)] = part.scorer.score(table.take(part.reads, axis=1))
        return table.take(places, axis=1)

    def __str__(self) -> str:
        return f"model {self.document.name!r}"


def _is_range(places: np.ndarray, width: int) -> bool:
    return np.array_equal(places, np.arange(width))


def _placed(document: Document, scorers: Sequence[Scorer]) -> tuple[dict[str, int], tuple[Part, ...]]:
    """The place of each column, and the parts. Raises ModelError where names do not fit."""
    place: dict[str, int] = {}
    for column in document.features:
        _name(place, column.name, "a feature")
    parts = []
    for said, scorer in zip(document.parts, scorers, strict=True):
        reads = np.array([_known(place, name, f"part {said.name!r} reads") for name in said.inputs], np.int64)
        parts.append(Part(said.name, scorer, reads, len(place), said.outputs))
        for name in said.outputs:
            _name(place, name, f"an output of part {said.name!r}")
    for column in document.outputs:
        _known(place, column.name, "the model gives")
    return place, tuple(parts)


def _name(place: dict[str, int], name: str, what: str) -> None:
    if name in place:
        raise ModelError(f"{what} is named {name!r}, as another column is")
    place[name] = len(place)


def _known(place: dict[str, int], name: str, who: str) -> int:
    if name not in place:
        raise ModelError(f"{who} {name!r}, which is no feature and no output of a part before it")
    return place[name]
