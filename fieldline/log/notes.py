"""What stands in the notes of commits, beside the offset: written by one stage, read by it after a restart and by who looks from outside.

A note that can't be read, whatever is in it, is None: its group begins anew.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from fieldline.log.records import Commit

_Offset = Annotated[int, Meta(ge=0, lt=1 << 62)]
_Count = Annotated[int, Meta(ge=0, lt=1 << 62)]


class ProcessNote(msgspec.Struct, kw_only=True):
    """Of the process stage.

    state, counters : offsets of records on `checkpoints`; metrics : where `metrics` ended when it was written, what stands behind is
    emitted again; unemitted : 1 while results of rows before the offset are not on `metrics` yet; lost : records that
    were removed before they were read; partitions : how many `readings` had
    """

    state: _Offset
    counters: _Offset
    metrics: _Offset | None = None
    unemitted: _Count = 0
    lost: _Count = 0
    partitions: Annotated[int, Meta(ge=1, lt=1 << 31)] | None = None


class DeliverNote(msgspec.Struct, kw_only=True):
    """Of a deliver stage.

    epoch : the highest seen in the partition; lost : records that were removed before they were read; sink : the mark of a sink that
    can lose what it had, by which it is known again; standing : the name of what another log wrote there and this one leaves
    turns : by maker of rows that are made of others, the highest seen in the partition (`readable.turn_of`)
    turn : of a sink that derives rows, how many held the partition
    """

    epoch: Annotated[int, Meta(ge=0, lt=1 << 31)] = 0
    lost: _Count = 0
    sink: str = ""
    standing: str = ""
    turns: dict[str, _Count] = {}
    turn: _Count = 0


def write_note(note: ProcessNote | DeliverNote) -> str:
    """A note as text."""
    return msgspec.json.encode(note).decode()


def process_note(commit: Commit | None) -> ProcessNote | None:
    """The note of a commit of the process stage, None where there is none that can be read."""
    if commit is None:
        return None
    try:
        return msgspec.json.decode(commit.note, type=ProcessNote)
    except msgspec.DecodeError:
        return None


def deliver_note(commit: Commit | None) -> DeliverNote | None:
    """The note of a commit of a deliver stage, None where there is none that can be read."""
    if commit is None:
        return None
    try:
        return msgspec.json.decode(commit.note, type=DeliverNote)
    except msgspec.DecodeError:
        return None
