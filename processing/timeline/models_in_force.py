"""Which version of a model scores which asset, from when on: what `model` events tell (`holding.py`).

An event told of a line holds for all its assets; one told of an asset holds for that alone, above what its line says. A model has one
version that scores, its champion, and may have another that scores beside it, its shadow: the event's `role` says which.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from fieldline.event_kinds import CHAMPION, MODEL_ROLES, version_of
from processing.scoring.digests import digest_bits
from processing.timeline.events import Events, attributes_of
from processing.timeline.holding import Holding, Part, alike, ended, stretch_of

OF_LINE = -1
"""In place of an asset: all of its line."""


class Version(NamedTuple):
    """A version of a model; digest : the first 48 bits of that of its files, -1 where the event does not say it."""

    number: int
    digest: int


Where = tuple[int, int, int]
"""Where a version holds: line, asset or `OF_LINE`, and the number of the model and role."""


class ModelsInForce(Holding[Where, Version]):
    """The versions that events tell of the assets of a partition."""

    def __init__(self, events: Events) -> None:
        super().__init__(events, _parts)
        self._numbers: dict[tuple[str, str], int] = {}

    def note(self, line: int, asset: int, time: int, name: str, number: float, *, is_settled: bool) -> bool:
        """Take an event of an asset, as `enter`."""
        return self.enter(self._where(line, asset, number), time, name, number, is_settled=is_settled)

    def _where(self, line: int, asset: int, number: float) -> Where:
        said = attributes_of(self._events.payload(number))
        key = str(said.get("model") or ""), role_of(said)
        return line, asset, self._numbers.setdefault(key, len(self._numbers))

    def model_of(self, where: Where) -> str:
        """The model of which something holds there."""
        return list(self._numbers)[where[2]][0]

    def in_force(
        self, model: str, role: str, line: np.ndarray, asset: np.ndarray, start: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The numbers and digests of the versions that score assets at times, float64[n] each; NaN: there is none."""
        found, number = np.full((2, len(start)), np.nan), self._numbers.get((model, role))
        if number is not None:
            for (of_line,), mine in alike(line):
                self._put(found, mine, (of_line, OF_LINE, number), start)
            for (of_line, of_asset), mine in alike(line, asset):  # what an asset's own event says is above its line's
                self._put(found, mine, (of_line, of_asset, number), start)
        return found[0], found[1]

    def _put(self, found: np.ndarray, mine: np.ndarray, where: Where, start: np.ndarray) -> None:
        held = self.at(where, start[mine])
        if held is not None:
            place, versions = held
            told = np.array([(np.nan, np.nan) if one is None else one for one in versions], np.float64)[place]
            holds = ~np.isnan(told[:, 0])
            found[:, mine[holds]] = told[holds].T

    def restore(self, rows: Iterable[tuple[Sequence[int], int, str, float]]) -> None:
        """Take what `names` gave; models have the numbers in which they come now."""
        super().restore(
            (self._where(line, asset, number), time, name, number) for (line, asset, _), time, name, number in rows
        )


def role_of(said: dict[str, Any]) -> str:
    """Which role an event tells, the usual one where it says none."""
    role = str(said.get("role") or CHAMPION).lower()
    return role if role in MODEL_ROLES else ""


def _parts(time: int, said: dict[str, Any]) -> Iterator[Part[Version]]:
    start, end = stretch_of(time, said)
    if (over := ended(start, said)) is not None:
        yield from over
    elif (number := version_of(said.get("version"))) is not None:
        yield Part(start, end, Version(number, digest_bits(said.get("digest"))))
