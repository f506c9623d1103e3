"""An operator on an engine with all that it needs, and what stands of it: its own kinds alone, numbers, texts and labels."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from processing.metric_rows import MetricRows
from tests.contracts.operator_inputs import PLANT, Subject
from tests.processing.engine_rig import ONE, EngineRig, Row, Table, frames_of

TEXT = "text."
"""Before the name of a field that is text."""


class OperatorRig(EngineRig):
    """Keeps the operator's metric rows as a database would, and every batch as it came."""

    def __init__(self, subject: Subject, **options: Any) -> None:
        self.batches: list[MetricRows] = []
        self._kinds = {kind.name for kind in subject.operator.emits}
        raw = ("*",) if subject.is_raw else ()
        super().__init__(PLANT, operators=subject.operators, raw=raw, **options)

    def keep(self, rows: MetricRows, keys: list[tuple[str, ...]]) -> None:
        """See `EngineRig`."""
        super().keep(rows, keys)
        if rows.kind not in self._kinds:
            return
        self.batches.append(rows)
        for name, column in rows.texts.items():
            for key, code in zip(keys, column.codes.tolist(), strict=True):
                if code >= 0:
                    self.table[key][TEXT + name] = column.names[code].encode()

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
