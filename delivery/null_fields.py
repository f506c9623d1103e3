"""`null_fields`: the marker of values that stand in a database and are none any more, for servers that have no delete.

A text in the row that lacks them: the fields' names between commas (`,oee,mttr_s,`), empty when all of them have a value again. So
`"null_fields" !~ /,oee,/` in InfluxQL finds rows whose `oee` is true; our queries and dashboards ask so.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from delivery.held import Stale
from delivery.rows import MetricRows, Names

NULL_FIELDS = "null_fields"


def with_null_fields(batches: Sequence[MetricRows], stale: Sequence[Stale]) -> dict[int, MetricRows]:
    """Those of the batches that have stale rows, with the marker, by number."""
    texts: dict[int, dict[int, str]] = {}
    for batch, row, fields in stale:
        texts.setdefault(batch, {})[row] = _text(fields)
    return {batch: _marked(batches[batch], of_rows) for batch, of_rows in texts.items()}


def without_marked(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Columns of rows that were read, without the marker and without the values that it names."""
    found = {name: [*values] for name, values in columns.items() if name != NULL_FIELDS}
    for row, text in enumerate(columns.get(NULL_FIELDS, [])):
        for name in filter(None, (text or "").split(",")):
            if name in found:
                found[name][row] = None
    return found


def _text(fields: Sequence[str]) -> str:
    names = sorted({*fields} - {NULL_FIELDS})
    return f",{','.join(names)}," if names else ""


def _marked(rows: MetricRows, texts: Mapping[int, str]) -> MetricRows:
    names = sorted({*texts.values()} - {""})
    codes = np.full(rows.size, -1, np.int32)
    for row, text in texts.items():
        codes[row] = names.index(text) if text else -1
    return rows._replace(texts={**rows.texts, NULL_FIELDS: Names(codes, names)})
