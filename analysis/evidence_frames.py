"""The rows of one frame by the series that they lie in, and the payloads of its events."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from analysis.corrected import METER, READING, said
from analysis.recount.history import ORDER_STOP, is_stop
from fieldline.event_kinds import SHADOW
from fieldline.frames import Readings

ROW = np.dtype([("time", np.int64), ("value", np.float64), ("quality", np.int64), ("offset", np.int64)])
"""A row of a series: time [ns UTC], value, quality, and the offset of its record."""

MODEL = "@model"
_NAMED = ("@order", METER, READING, MODEL)
"""Events whose payload says which series they lie in."""


def series_in(
    frame: Readings, offset: int, is_wanted: Callable[[str, str], bool]
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Asset, tag and rows of each series of a frame that is wanted; offset : of its record.

    Ends of orders are kept apart from their beginnings, and events about a tag from those about others: they may have the same time.
    """
    width = len(frame.tags)
    pairs = frame.asset.astype(np.int64) * width + frame.tag
    order = np.argsort(pairs, kind="stable")
    found, starts = np.unique(pairs[order], return_index=True)
    for pair, at in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
        asset, tag = frame.assets[pair // width], frame.tags[pair % width]
        if tag in _NAMED and frame.payload is not None:
            names = np.array([_name_of_event(tag, frame.payload[row] or b"") for row in at.tolist()])
            for name in sorted(set(names.tolist())):
                if is_wanted(asset, name):
                    yield asset, name, _rows(frame, at[names == name], offset)
        elif is_wanted(asset, tag):
            yield asset, tag, _rows(frame, at, offset)


def payloads_in(frame: Readings) -> dict[float, bytes]:
    """The payloads of the events of a frame, by the number in their row."""
    if frame.payload is None:
        return {}
    events = [tag.startswith("@") and "/" not in tag and tag != "@waveform" for tag in frame.tags]
    rows = np.flatnonzero(np.array(events, bool)[frame.tag])
    told = ((float(frame.value[at]), frame.payload[at]) for at in rows.tolist())
    return {number: payload for number, payload in told if payload is not None}


def _rows(frame: Readings, at: np.ndarray, offset: int) -> np.ndarray:
    rows = np.empty(len(at), ROW)
    rows["time"], rows["value"], rows["quality"] = frame.time[at], frame.value[at], frame.quality[at]
    rows["offset"] = offset
    return rows


def _name_of_event(tag: str, payload: bytes) -> str:
    """The series that an event lies in."""
    if tag == "@order":
        return ORDER_STOP if is_stop(payload) else tag
    if tag == MODEL:
        return _name_of_model(said(payload))
    about = said(payload).get("tag")
    return f"{tag}/{about}" if isinstance(about, str) and about else tag


def _name_of_model(told: dict[str, Any]) -> str:
    """Of each model its own, and of what scores beside it: they may be told of one moment."""
    model, role = told.get("model"), str(told.get("role") or "").lower()
    beside = f"/{SHADOW}" if role == SHADOW else ""
    return f"{MODEL}/{model}{beside}" if isinstance(model, str) and model else MODEL
