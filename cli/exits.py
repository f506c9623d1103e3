"""Exit codes: what a script reads from `$?`. `docs/cli.md` shows this table."""

from enum import IntEnum

from fieldline.errors import (
    CommandRefused,
    FieldlineError,
    FrameError,
    InUse,
    LogCorrupt,
    ModelError,
    PartitionLost,
    PayloadError,
    RecordTooLarge,
    SettingsError,
    Unavailable,
)


class Exit(IntEnum):
    """One meaning each; a verb uses only these."""

    OK = 0
    """Done, and where the verb checks something: all is right."""
    FAILED = 1
    """A check failed: the audit does not balance, the wait ran out, the doctor found something."""
    SETTINGS = 2
    """A flag, a setting or a file is wrong; nothing was started."""
    UNAVAILABLE = 3
    """A broker, a log or a database does not answer or refuses for now; trying again may help."""
    IN_USE = 4
    """Another process runs this stage on this log already, or took over its partitions."""
    CORRUPT = 5
    """The log or a record on it is damaged, or is not Fieldline's."""
    UNPROVEN = 6
    """The audit proves nothing: retention removed records that it would have to count."""
    INTERNAL = 70
    """A fault of Fieldline itself; run again with --debug and report what it prints."""
    INTERRUPTED = 130
    """Stopped at once by a second signal, or by Ctrl-C in a verb that runs no stage."""


_OF_ERROR: tuple[tuple[type[FieldlineError], Exit], ...] = (
    (SettingsError, Exit.SETTINGS),
    (RecordTooLarge, Exit.SETTINGS),
    (ModelError, Exit.SETTINGS),
    (Unavailable, Exit.UNAVAILABLE),
    (InUse, Exit.IN_USE),
    (PartitionLost, Exit.IN_USE),
    (LogCorrupt, Exit.CORRUPT),
    (FrameError, Exit.CORRUPT),
    (PayloadError, Exit.FAILED),
    (CommandRefused, Exit.FAILED),
)


def exit_of(error: FieldlineError) -> Exit:
    """The exit code of an error that reached the command line."""
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), Exit.FAILED)
