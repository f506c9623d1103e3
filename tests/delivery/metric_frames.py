"""Metric rows for tests, made as processing makes them: through a frame."""

from collections.abc import Mapping

import numpy as np

from delivery.rows import MetricRows, read_rows
from fieldline.frames import decode_batch, encode_metrics
from fieldline.plant import Plant


def levels(asset: str) -> dict[str, str]:
    """As a plant without a file has them."""
    return Plant().levels(asset)


def metric_frame(
    kind: str,
    time_ns: list[int],
    assets: list[str],
    tags: list[str] | None = None,
    windows: list[str] | None = None,
    **fields: list[float],
) -> bytes:
    """A frame with one row for each time; names stand at the same index. NaN = does not exist."""
    columns = {name: np.array(values, np.float64) for name, values in fields.items()}
    return encode_metrics(
        kind, np.array(time_ns, np.int64), _coded(assets), tags and _coded(tags), windows and _coded(windows), columns
    )


def metric_rows(kind: str, time_ns: list[int], assets: list[str], tags: list[str] | None = None, windows: list[str] | None = None, **fields: list[float]) -> MetricRows:  # fmt: skip
    """The same, read."""
    return read_rows(decode_batch(metric_frame(kind, time_ns, assets, tags, windows, **fields)))


def labelled_rows(
    kind: str,
    time_ns: list[int],
    assets: list[str],
    labels: Mapping[str, list[str | None]],
    texts: Mapping[str, list[str | None]] | None = None,
    windows: list[str] | None = None,
    **fields: list[float],
) -> MetricRows:
    """Rows with labels and texts, None where a row has none."""
    columns = {name: np.array(values, np.float64) for name, values in fields.items()}
    frame = encode_metrics(
        kind,
        np.array(time_ns, np.int64),
        _coded(assets),
        None,
        windows and _coded(windows),
        columns,
        {name: coded_or_none(names) for name, names in labels.items()},
        {name: coded_or_none(names) for name, names in (texts or {}).items()},
    )
    return read_rows(decode_batch(frame))


def coded_or_none(names: list[str | None]) -> tuple[np.ndarray, list[str]]:
    """Codes of names, −1 for None."""
    distinct = sorted({name for name in names if name is not None})
    return np.array([-1 if name is None else distinct.index(name) for name in names], np.int32), distinct


def _coded(names: list[str]) -> tuple[np.ndarray, list[str]]:
    distinct = sorted(set(names))
    return np.array([distinct.index(name) for name in names], np.int32), distinct
