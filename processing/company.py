"""Workers of one group run with the same settings: one that differs from those that are at work does not join them.

With other settings each partition's figures would depend on which worker happens to hold it. A member's name in the group is a digest
of its settings; what a digest stands for lies on `checkpoints`, so that the difference can be named.
"""

import threading
from hashlib import blake2b

import msgspec
import zstandard

from fieldline.clock import Clock
from fieldline.errors import InUse
from fieldline.log import Log, Stream
from processing.made_with import MadeWith

_WAIT_S = 30.0  # longer than a member that died stays in the group (session_timeout_ms, 10 s by default)
_LOOK_S = 0.5
_APPEND_S = 30.0


def name_of(settings: MadeWith) -> str:
    """The name of a member that runs with some settings."""
    return blake2b(msgspec.msgpack.encode(settings), digest_size=8).hexdigest()


def join_company(log: Log, group: str, settings: MadeWith, stop: threading.Event, clock: Clock) -> str:
    """Say what a member of `group` runs with, and wait while others run with something else; the member's name.

    Raises InUse, naming the difference, when they are still there after half a minute, and Unavailable.
    """
    name, since = name_of(settings), clock.monotonic()
    if log.members(Stream.READINGS, group) is None:
        return name
    content = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(settings))
    log.append(Stream.CHECKPOINTS, 0, _key(group, name), content).result(_APPEND_S)
    while others := set(log.members(Stream.READINGS, group) or ()) - {name, ""}:
        if stop.is_set():
            break
        if clock.monotonic() - since > _WAIT_S:
            raise InUse(_refusal(log, group, settings, min(others)))
        stop.wait(_LOOK_S)
    return name


def _refusal(log: Log, group: str, settings: MadeWith, other: str) -> str:
    told = _settings_of(log, group, other)
    which = "; ".join(told.differences(settings)) if told is not None else "nobody knows which"
    return (
        f"group {group} has members at work with other settings ({which}): stop them first, or start with the same, "
        "for figures would depend on who holds a partition"
    )


def _settings_of(log: Log, group: str, name: str) -> MadeWith | None:
    """What a member runs with, as it said."""
    found = None
    for record in log.read(Stream.CHECKPOINTS, 0, 0):
        if record.key == _key(group, name) and record.value is not None:
            found = record.value
    if found is None:
        return None
    return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(found), type=MadeWith)


def _key(group: str, name: str) -> bytes:
    return f"settings/{group}/{name}".encode()
