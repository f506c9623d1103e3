"""Metric rows back out, from the local store or from InfluxDB alike: same columns, order and types.

    query("energy", asset="plant/*", window="1h", source="plant.results.db")

gives a polars DataFrame with `time` (Datetime ns, UTC), `asset`, `tag`, `window` (String; null where the kind has
none), the kind's labels (`shift`, `product`; String, null where a row has none), then its fields (Float64, texts
String; null = does not exist): of labels and fields first the catalogue's in its order, then others by name. Rows are
sorted by time, asset, tag, window and labels.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from delivery.lineprotocol import storable_name, storable_text
from delivery.query_influx import from_influx
from delivery.query_store import from_store
from delivery.question import IDENTITY, Found, Question
from fieldline import catalogue
from fieldline.errors import SettingsError

if TYPE_CHECKING:
    import polars as pl

_RETRACTED = "retracted"
_NO_LABELS = frozenset({"time", *catalogue.PLACE, *IDENTITY})


class Source(NamedTuple):
    """Where rows lie: a store's path (a leading `sqlite:` is dropped) or an InfluxDB URL with its token."""

    url: str
    token: str = ""
    timeout_s: float = 30.0


class Only(NamedTuple):
    """Which rows of a kind, asset, window and span are wanted; without any of these, all that stand.

    tag : glob that the tag matches
    where : globs that labels and text fields match (`{"shift": "early"}`); an empty one matches rows without it
    limit : keeps the first rows by time
    retracted : also rows of orders that were corrected away, whose `retracted` is 1
    """

    tag: str = "*"
    where: Mapping[str, str] = MappingProxyType({})
    limit: int | None = None
    retracted: bool = False


_ALL = Only()


def query(
    kind: str,
    asset: str = "*",
    window: str | None = None,
    start_ns: int | None = None,
    stop_ns: int | None = None,
    *,
    source: str | Source,
    only: Only = _ALL,
) -> "pl.DataFrame":
    """Rows of `kind` whose asset matches the glob and whose time is in the span, as a frame.

    start_ns, stop_ns : from inclusive to exclusive, None is open [ns UTC]
    source : where they lie; a text is a `Source` without a token
    only : which of them

    A kind that nobody wrote is an empty frame. Raises SettingsError, LogCorrupt, Unavailable.
    """
    asked = {storable_name(name): storable_text(glob) for name, glob in only.where.items()}
    for name in asked:
        if not name or name in _NO_LABELS or name in catalogue.fields(kind):
            raise SettingsError(f"query: --where names a label or a text field, such as shift=early; got {name!r}")
    patterns = {"asset": storable_name(asset), "tag": storable_name(only.tag)}
    question = Question(kind, patterns, window, asked, start_ns, stop_ns, only.limit)
    place = Source(source) if isinstance(source, str) else source
    frame = _answer(question, place)
    if only.retracted or _RETRACTED not in frame.columns or not (gone := frame[_RETRACTED].eq_missing(1.0)).any():
        return frame
    if only.limit is not None and frame.height == only.limit:
        frame = _answer(question._replace(limit=None), place)
        return frame.filter(frame[_RETRACTED].ne_missing(1.0)).head(only.limit)
    return frame.filter(~gone)


def _answer(question: Question, source: Source) -> "pl.DataFrame":
    if source.url.startswith(("http://", "https://")):
        return _framed(question.kind, from_influx(source.url, question, source.token, source.timeout_s))
    return _framed(question.kind, from_store(Path(source.url.removeprefix("sqlite:")), question))


def _framed(kind: str, found: Found) -> "pl.DataFrame":
    import polars as pl

    columns, count = found.columns, len(found.columns.get("time", []))
    known = [name for name in catalogue.tags(kind) if name not in _NO_LABELS]
    labels = [*known, *sorted(found.labels - set(known))]
    catalogued = *catalogue.fields(kind), *catalogue.texts(kind)
    fields = [*catalogued, *sorted(columns.keys() - set(catalogued) - set(labels) - _NO_LABELS)]
    texts = found.texts.difference(catalogue.fields(kind)).union(catalogue.texts(kind))
    data = {"time": pl.Series("time", columns.get("time", []), pl.Int64).cast(pl.Datetime("ns", "UTC"))}
    for name in (*IDENTITY, *labels, *fields):
        values = columns.get(name) or [None] * count
        if name in fields and name not in texts:
            data[name] = pl.Series(name, values, pl.Float64, strict=False)
        else:
            data[name] = pl.Series(name, [value or None for value in values], pl.String)
    return pl.DataFrame(data).sort("time", *IDENTITY, *labels, nulls_last=False, maintain_order=True)
