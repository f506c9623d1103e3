"""Models of a registry folder, read for a recount: what a version's files say, and what its parts make of a row, one after the other."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analysis.recount.model_parts import WALKS
from fieldline.errors import ModelError
from processing.scoring.document import ARRAYS, DOCUMENT, GOLDEN, Document, decode


class Contribution(NamedTuple):
    """What an input adds to the sum from which a part's output comes."""

    part: str
    output: str
    feature: str
    value: float
    adds: float


class PlainModel(NamedTuple):
    """A version as its files have it; arrays : of each part by name, as lists."""

    digest: str
    document: Document
    arrays: Mapping[str, Mapping[str, Any]]

    def outputs(self, row: Mapping[str, float]) -> tuple[dict[str, float], list[Contribution]]:
        """Its outputs by name, of its features by name, and what inputs contribute in its trees.

        Raises ModelError for a family that is not worked out a second time.
        """
        columns, told = dict(row), list[Contribution]()
        for part in self.document.parts:
            walk = WALKS.get(part.family)
            if walk is None:
                raise ModelError(f"part {part.name!r}: family {part.family!r} is not worked out a second time")
            inputs = [columns[name] for name in part.inputs]
            said = walk(part.settings, self.arrays.get(part.name, {}), inputs)
            columns |= dict(zip(part.outputs, said.outputs, strict=True))
            told += [
                Contribution(part.name, output, name, value, added[place])
                for name, value, added in zip(part.inputs, inputs, said.contributions or (), strict=False)
                for place, output in enumerate(part.outputs)
            ]
        return {one.name: columns[one.name] for one in self.document.outputs}, told


class PlainModels:
    """The versions of a registry folder, each read once; None: there is no folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: dict[tuple[str, int], PlainModel] = {}

    def version(self, name: str, number: int) -> PlainModel:
        """Raises ModelError for a version that is not there, or whose files were changed."""
        found = self._known.get((name, number))
        if found is None:
            found = self._known[name, number] = self._read(name, number)
        return found

    def _read(self, name: str, number: int) -> PlainModel:
        if self._folder is None or "/" in name:
            raise ModelError(f"version {number} of model {name!r}: no folder of models is known")
        folder = self._folder / name / str(number)
        try:
            digest, document = decode((folder / DOCUMENT).read_bytes())
            packed = (folder / ARRAYS).read_bytes()
            if hashlib.sha256(packed).hexdigest() != document.arrays_sha256:
                raise ModelError(f"{folder / ARRAYS}: was changed after it was written")
            return PlainModel(digest, document, _arrays(packed))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise ModelError(f"version {number} of model {name!r}: can't be read in {self._folder}: {error}") from error


def _arrays(packed: bytes) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
        for name in stored.files:
            part, _, array = name.rpartition("/")
            if name not in GOLDEN:
                found.setdefault(part, {})[array] = stored[name].tolist()
    return found
