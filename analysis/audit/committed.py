"""What the process stage's commits name: the account of each partition, found while the stage goes on."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from fieldline.account import Account, Mark, read_account
from fieldline.errors import FrameError, LogCorrupt
from fieldline.log import Commit, Log, Record, Stream
from fieldline.log.notes import ProcessNote, process_note

_TRIES = 100
_PAUSE_S = 0.05


class Committed(NamedTuple):
    """Of one partition: the offset, how many records were removed before they were read, and the account of all before it.

    note : of the commit, None where nothing is committed
    """

    offset: int
    lost: int
    account: Account
    note: ProcessNote | None = None


def committed(log: Log, partition: int) -> Committed:
    """What the newest commit of a partition says, all 0 where nothing is committed.

    Raises Unavailable, and LogCorrupt when the record that the commit names is not there or can't be read.
    """
    found = _named(log, partition)
    if found is None:
        return Committed(0, 0, Account(0, {}))
    commit, note, record = found
    where = f"the process commit of partition {partition}"
    try:
        account = read_account(record.content())
    except (FrameError, ValueError) as error:
        raise LogCorrupt(f"{where}: its counters record can't be read: {error}") from error
    if account.offset != commit.offset:
        raise LogCorrupt(f"{where} is at {commit.offset}, its counters are at {account.offset}")
    return Committed(commit.offset, note.lost, account, note)


def marks(log: Log) -> list[Mark]:
    """What changes of settings did to figures, partition by partition, oldest first. Raises as `committed`."""
    return [mark for account in _accounts(log) for mark in account.marks]


def horizon_s(log: Log) -> float | None:
    """The largest allowed lateness that the process stage works with [s]; None where it has not said so. Raises as `committed`."""
    return max((account.horizon_s for account in _accounts(log) if account.horizon_s is not None), default=None)


def _accounts(log: Log) -> Iterator[Account]:
    return (committed(log, partition).account for partition in range(log.partitions(Stream.READINGS)))


def _named(log: Log, partition: int) -> tuple[Commit, ProcessNote, Record] | None:
    """A partition's commit with its note, and the record that it names; None where nothing is committed.

    A running stage writes its next counters, which takes the place of those of the last commit, a moment before it
    commits: a record that is gone is looked for anew for some seconds.
    """
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_S)
        commit = log.commits(Stream.READINGS, "process").get(partition)
        if commit is None:
            return None
        note = process_note(commit)
        if note is None:
            raise LogCorrupt(f"the process commit of partition {partition} names no counters record: {commit.note!r}")
        record = next(log.read(Stream.CHECKPOINTS, partition, note.counters, note.counters + 1), None)
        if record is not None:
            return commit, note, record
    raise LogCorrupt(f"the process commit of partition {partition} names a counters record that is not there: {commit}")
