"""`pairs`: products and differences of pairs of inputs, which trees that cut one column at a time hardly find.

Arrays: `first` and `second` int64[k], the places of the inputs of each pair. Outputs are a·b, a − b of one pair after the other. What is
made of a NaN is NaN.
"""

import msgspec
import numpy as np

from processing.scoring.family import Family, PartData


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: the arrays say all."""


class Pairs:
    """Ready to score. pairs : int64[k] of the first inputs, and of the second ones."""

    def __init__(self, part: PartData) -> None:
        part.told(Settings)
        if part.outputs % 2:
            raise part.fault(f"expected two outputs a pair, got {part.outputs}")
        self.pairs = [part.array(name, "i8", part.outputs // 2) for name in ("first", "second")]
        for name, places in zip(("first", "second"), self.pairs, strict=True):
            if len(places) and not 0 <= places.min() <= places.max() < part.inputs:
                raise part.fault(
                    f"array {name!r}: expected places of {part.inputs} inputs, got {places.min()} to {places.max()}"
                )

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        a, b = (rows[:, places] for places in self.pairs)
        out = np.empty((len(rows), 2 * a.shape[1]))
        out[:, ::2], out[:, 1::2] = a * b, a - b
        return out


def _sample() -> PartData:
    arrays = {"first": np.array([0, 0, 1]), "second": np.array([1, 2, 2])}
    return PartData("pairs", "pairs", 3, 6, {}, arrays)


COMPONENT = Family("pairs", Pairs, _sample)
