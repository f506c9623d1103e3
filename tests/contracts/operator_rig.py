"""An operator on an engine with all that it needs, and what stands of it: its own kinds alone, numbers, texts and labels."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from processing.metric_rows import WINDOWS, MetricRows
from tests.contracts.operator_inputs import PLANT, Subject
from tests.processing.engine_rig import EngineRig, Row, Table, frames_of

ONE = np.ones(1).tobytes()
TEXT = "text."
"""Before the name of a field that is text."""


class OperatorRig(EngineRig):
    """Keeps the operator's metric rows as a database would, and every batch as it came."""

    def __init__(self, subject: Subject, **options: Any) -> None:
        self.batches: list[MetricRows] = []
        self._kinds = {kind.name for kind in subject.operator.emits}
        raw = ("*",) if subject.is_raw else ()
        super().__init__(PLANT, operators=subject.operators, raw=raw, **options)

    def collect(self) -> None:
        """See `EngineRig`."""
        taken = [rows for rows in self.engine.outbox if rows.kind in self._kinds]
        super().collect()
        self.batches += taken
        for rows in taken:
            for key, at in self._keys(rows):
                texts = {TEXT + name: column for name, column in rows.texts.items() if column.codes[at] >= 0}
                self.table[key] |= {name: column.names[column.codes[at]].encode() for name, column in texts.items()}

    def _keys(self, rows: MetricRows) -> list[tuple[tuple[str, ...], int]]:
        names, found = self.engine.registry, []
        for at in range(len(rows.time)):
            tag = "" if rows.tag is None else names.tags[rows.tag[at]]
            window = "" if rows.window is None else WINDOWS[rows.window[at]]
            labels = [
                f"{name}={column.names[column.codes[at]]}"
                for name, column in sorted(rows.labels.items())
                if column.codes[at] >= 0
            ]
            found.append(((rows.kind, names.assets[rows.asset[at]], tag, window, str(rows.time[at]), *labels), at))
        return found

    @property
    def standing(self) -> Table:
        """The rows of the operator's kinds that were not retracted."""
        return {
            key: {name: bits for name, bits in fields.items() if name != "retracted"}
            for key, fields in self.table.items()
            if key[0] in self._kinds and fields.get("retracted") != ONE
        }

    def emitted(self) -> dict[str, dict[str, np.ndarray]]:
        """By kind and field, all numbers that were ever emitted."""
        found: dict[str, dict[str, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
        for rows in self.batches:
            for name, column in rows.fields.items():
                found[rows.kind][name].append(np.asarray(column, np.float64))
        return {kind: {name: np.concatenate(all_of) for name, all_of in one.items()} for kind, one in found.items()}


def in_order(subject: Subject, rows: Sequence[Row], **options: Any) -> OperatorRig:
    """The operator after the rows came in order and once."""
    return OperatorRig(subject, **options).send(frames_of(rows, 50)).finish()  # type: ignore[return-value]


def assert_same(want: Table, got: Table, told: str = "") -> None:
    """Two tables have the same rows and the same bits."""
    wrong = [
        (key, _shown(want.get(key)), _shown(got.get(key)))
        for key in sorted(want.keys() | got.keys())
        if want.get(key) != got.get(key)
    ]
    assert not wrong, f"{told}{len(wrong)} rows differ: (identity, in order, under test) {wrong[:3]}"


def _shown(fields: dict[str, bytes] | None) -> dict[str, float | str] | None:
    if fields is None:
        return None
    return {
        name: bits.decode() if name.startswith(TEXT) else float(np.frombuffer(bits)[0]) for name, bits in fields.items()
    }


def digest(table: Table) -> str:
    """Of identities and bits, whatever order they were emitted in."""
    text = repr([(key, sorted(table[key].items())) for key in sorted(table)])
    return hashlib.sha256(text.encode()).hexdigest()
