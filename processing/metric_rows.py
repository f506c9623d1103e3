"""Metric rows: what operators give and what leaves processing, in columns."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from fieldline.windows import WINDOWS
from processing.kernels import layout

WINDOW_OF = np.array([1 if level == layout.MINUTES else level + 1 for level in range(layout.LEVELS)], np.int32)
"""By level the place in `WINDOWS` of the window that its rows are emitted as: one more than the level; a cut minute is a minute."""


def level_of(window: str) -> int:
    """The level of a window's rows; -1 for one second, which is none."""
    return WINDOWS.index(window) - 1


def levels_of(window: str) -> frozenset[int]:
    """The levels whose rows are emitted as a window; none for one second. A minute is a slice, or one that an order cuts."""
    return frozenset(np.flatnonzero(WINDOWS.index(window) == WINDOW_OF).tolist())


class Named(NamedTuple):
    """A column of names: int32[n] codes, -1 for none, and what they stand for."""

    codes: np.ndarray
    names: list[str]

    def only(self, index: np.ndarray) -> "Named":
        """The names at `index`, a mask or places."""
        return Named(self.codes[index], self.names)

    @classmethod
    def of(cls, texts: list[str]) -> "Named":
        """A column of these texts; an empty one is none."""
        names = sorted(set(texts))
        code_of = {name: code if name else -1 for code, name in enumerate(names)}
        return cls(np.array([code_of[text] for text in texts], np.int32), names)

    @classmethod
    def by_number(cls, numbers: np.ndarray, name_of: Callable[[int], str]) -> "Named":
        """The names that stand for numbers, int64[n]; an empty name is none. Each number is asked for once."""
        known, place = np.unique(numbers, return_inverse=True)
        named = [name_of(number) for number in known.tolist()]
        names = sorted(set(named) - {""})
        code_of = {name: code for code, name in enumerate(names)}
        codes = np.array([code_of.get(name, -1) for name in named], np.int32)
        return cls(codes[place], names)


class MetricRows(NamedTuple):
    """Rows of one kind to be emitted, in columns of length n; asset, tag and window are numbers (see `Registry`).

    labels : further tags (`shift`, `product`, `reason`) where they hold; texts : fields that are text (`order_id`); of : int64[n], ids of
    the windows that they were read out of, for what is derived from them; None: of none
    """

    kind: str
    time: np.ndarray
    asset: np.ndarray
    tag: np.ndarray | None
    window: np.ndarray | None
    fields: dict[str, np.ndarray]
    labels: dict[str, Named] = {}
    texts: dict[str, Named] = {}
    of: np.ndarray | None = None

    def only(self, index: np.ndarray) -> "MetricRows":
        """The rows at `index`, a mask or places."""
        labels = {name: column.only(index) for name, column in self.labels.items()}
        texts = {name: column.only(index) for name, column in self.texts.items()}
        fields = {name: column[index] for name, column in self.fields.items()}
        tag = None if self.tag is None else self.tag[index]
        window = None if self.window is None else self.window[index]
        of = None if self.of is None else self.of[index]
        return MetricRows(self.kind, self.time[index], self.asset[index], tag, window, fields, labels, texts, of)

    def identities(self) -> list[tuple[object, ...]]:
        """What tells each row from all others of its kind: time, asset, tag and window, and the labels that it has."""
        numbers = [self.time, self.asset, *(each for each in (self.tag, self.window) if each is not None)]
        said = [
            [*((label, name) for name in column.names), None] for label, column in sorted(self.labels.items())
        ]  # the last one is what -1 stands for
        codes = [column.codes.tolist() for _, column in sorted(self.labels.items())]
        named = [[names[code] for code in mine] for names, mine in zip(said, codes, strict=True)]
        labels = [tuple(filter(None, each)) for each in zip(*named, strict=True)] or [()] * len(self.time)
        return list(zip(*(column.tolist() for column in numbers), labels, strict=True))


def retracted(rows: MetricRows) -> MetricRows:
    """Rows that say nothing but that they are retracted."""
    nothing = {name: np.full(len(rows.time), np.nan) for name in rows.fields}
    said = {"rev": rows.fields["rev"] + 1.0, "retracted": np.ones(len(rows.time))}
    texts = {name: column._replace(codes=np.full_like(column.codes, -1)) for name, column in rows.texts.items()}
    return rows._replace(fields=nothing | said, texts=texts)


def standing(rows: MetricRows) -> MetricRows:
    """Those of the rows that are not retracted."""
    gone = rows.fields.get("retracted")
    return rows if gone is None or not (gone == 1.0).any() else rows.only(np.flatnonzero(gone != 1.0))


def not_in(before: Iterable[MetricRows], now: Iterable[MetricRows]) -> Iterator[MetricRows]:
    """Those of the rows whose identity none has now."""
    known: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for rows in now:
        known[rows.kind].update(rows.identities())
    for rows in before:
        here = known[rows.kind]
        gone = np.array([identity not in here for identity in rows.identities()], bool)
        if gone.any():
            yield rows.only(np.flatnonzero(gone))
