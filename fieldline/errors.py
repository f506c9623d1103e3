"""Errors, sorted by what to do next.

FieldlineError
├── fix    SettingsError      the user must change a setting, a file or a flag
│          PayloadError       a device's message can't be read: it goes to the dead letters
│          FrameError         a record on the log can't be read: it goes to the dead letters
│          RecordTooLarge     split it and append the parts
│          CommandRefused     a device may not be told that, or not now: see what its plant file says
│          ModelError         a model or its file can't be used: take another one, or train it again
├── wait   Unavailable        a broker, a log or a database does not answer: try again later
├── skip   PartitionLost      another worker owns the partition now: drop its state, go on
└── stop   LogCorrupt         the log's file or topic is damaged: say so and stop
           InUse              somebody else runs this stage on this log already
"""


class FieldlineError(Exception):
    """Root of every error that Fieldline raises on purpose."""


class SettingsError(FieldlineError):
    """A setting is wrong. The message names the path, what was expected and what came."""


class PayloadError(FieldlineError):
    """A payload can't be read. `reason` is one of a short closed list, fit for a metric label."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class FrameError(FieldlineError):
    """A record's value is not a frame of this version."""


class RecordTooLarge(FieldlineError):
    """A record is larger than the log takes; nothing was appended."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"a record of {size} bytes is over the log's limit of {limit} bytes")
        self.size = size
        self.limit = limit


class ModelError(FieldlineError):
    """A model can't be used or kept: changed or cut off, made for another version, for other features or units, or nothing to write on.

    The message names the file, what was expected and what came.
    """


class CommandRefused(FieldlineError):
    """A command hurts a limit, an interlock or the plant file's permission. `reason` is one of a short closed list."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"command refused ({reason}): {detail}")
        self.reason = reason
        self.detail = detail


class Unavailable(FieldlineError):
    """An outside part does not answer or refuses for now. Trying again may help."""


class PartitionLost(FieldlineError):
    """The partition was given to another worker; nothing was committed."""


class LogCorrupt(FieldlineError):
    """The log is damaged, or is not a Fieldline log."""


class InUse(FieldlineError):
    """Another process holds this stage on this log."""
