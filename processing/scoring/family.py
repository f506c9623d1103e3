"""A family of models: what of a model file's arrays becomes a scorer, and what is checked before.

Kernels trust the numbers that they are handed, so a family checks the shape, the type and the range of each array: whoever wrote the
file, nothing outside an array is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np

from fieldline.components import Components, found
from fieldline.errors import ModelError

S = TypeVar("S")
_LINE = 64  # bytes


class Scorer(Protocol):
    """One part of a model, ready to score.

    It may have `explain(rows)`, which gives `Explained`, and where a link lies behind what that tells `linked(sums)`, float64[outputs] of
    such, which gives what comes of them.
    """

    def score(self, rows: np.ndarray) -> np.ndarray:
        """float64[n, inputs] → float64[n, outputs].

        A row's scores are the same bits whichever rows stand beside it. A row without a score has NaN.
        """


class Explained(NamedTuple):
    """Why a score is what it is: each output is its base and the sum of its inputs' contributions, in the output's unit.

    contributions : float64[n, inputs, outputs], base : float64[outputs]
    """

    contributions: np.ndarray
    base: np.ndarray


@dataclass(frozen=True)
class PartData:
    """What a file holds of one part: `settings` and `arrays` by name, and how many columns go in and come out."""

    name: str
    family: str
    inputs: int
    outputs: int
    settings: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    read: set[str] = field(default_factory=set)

    def array(self, name: str, kind: str, *shape: int | None) -> np.ndarray:
        """An array of that type (`f8`) and shape, None where any length will do. Raises ModelError."""
        self.read.add(name)
        array = self.arrays.get(name)
        wanted = f"{np.dtype(kind)}[{', '.join('n' if size is None else str(size) for size in shape)}]"
        if array is None:
            raise self.fault(f"expected an array {name!r}, {wanted}, got {', '.join(sorted(self.arrays)) or 'none'}")
        fits = len(array.shape) == len(shape) and all(
            size in (None, length) for length, size in zip(array.shape, shape, strict=True)
        )
        if array.dtype != np.dtype(kind) or not fits:
            came = f"{array.dtype}[{', '.join(map(str, array.shape))}]"
            raise self.fault(f"array {name!r}: expected {wanted}, got {came}")
        return np.ascontiguousarray(array)

    def numbers(self, name: str, *shape: int | None) -> np.ndarray:
        """An array of finite float64. Raises ModelError."""
        array = self.array(name, "f8", *shape)
        if not np.isfinite(array).all():
            raise self.fault(f"array {name!r}: expected finite numbers, got NaN or inf")
        return array

    def told(self, kind: type[S]) -> S:
        """The settings as a struct. Raises ModelError for one that is missing, unknown or out of range."""
        try:
            return msgspec.convert(dict(self.settings), kind)
        except msgspec.ValidationError as error:
            raise self.fault(f"settings: {error}") from error

    def fault(self, text: str) -> ModelError:
        """An error that names the part."""
        return ModelError(f"part {self.name!r} ({self.family}): {text}")


@dataclass(frozen=True)
class Family:
    """How a part becomes a scorer.

    load : raises ModelError for arrays or settings that the family can't have written
    sample : a small part, with an identity link where the family can explain its scores, for the contract checks
    """

    name: str
    load: Callable[[PartData], Scorer]
    sample: Callable[[], PartData]


def families() -> Components[Family]:
    """Every family by its name. Raises SettingsError when two have one name."""
    return found("processing.scoring.families", Family, group="fieldline.model_families")


def aligned(numbers: np.ndarray) -> np.ndarray:
    """The same, float64[n], beginning where a line of the processor's cache does: else each of its vectors lies in two."""
    room = np.empty(len(numbers) + _LINE // 8)
    first = -room.ctypes.data % _LINE // 8
    made = room[first : first + len(numbers)]
    made[:] = numbers
    return made
