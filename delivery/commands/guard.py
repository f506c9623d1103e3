"""Whether a command may go out: the plant file's permission, its limits, its interlocks.

Asked when it is issued, and again right before it is sent: by then the tank may be empty, or the plant file another one.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from delivery.commands.newest import Newest
from delivery.commands.steps import LONGEST_VALID_S, Command
from fieldline.errors import CommandRefused
from fieldline.localtime import instant
from fieldline.plant import Plant
from fieldline.plantfile.commands import STARTS, CommandEntry, InterlockEntry

_CLOCKS_APART_NS = 60 * 10**9


class Reason(StrEnum):
    """Why a command is refused."""

    NOT_PERMITTED = "not_permitted"
    DURATION = "duration"
    TOO_MANY = "too_many"
    INTERLOCK = "interlock"
    INTERLOCK_UNKNOWN = "interlock_unknown"
    VALIDITY = "validity"


class Asked(NamedTuple):
    """What the guard goes by.

    begun_since : how often something began on the asset from a time on [ns UTC]
    newest : the newest good reading of an asset's tag from a time on
    """

    now_ns: int
    begun_since: Callable[[int], int]
    newest: Callable[[str, str, int], Newest | None]


def check(plant: Plant, command: Command, asked: Asked) -> tuple[str, ...]:
    """What a command was held against, in words. Raises CommandRefused, and Unavailable when the log does not answer."""
    entry = _permission(plant, command)
    _check_validity(command, asked.now_ns)
    _check_duration(entry, command)
    if not command.begins:
        return ()
    said = [_check_number(entry, asked.begun_since(day_start(plant.time_zone(command.asset), asked.now_ns)))]
    said += [_check_interlock(interlock, asked) for interlock in entry.interlock]
    return (f"{entry.most_minutes:g} min at most", *said)


def day_start(zone: str, now_ns: int) -> int:
    """When the local day began [ns UTC]."""
    local = datetime.fromtimestamp(now_ns // 10**9, UTC).astimezone(ZoneInfo(zone))
    return instant(zone, datetime(local.year, local.month, local.day))


def _permission(plant: Plant, command: Command) -> CommandEntry:
    entry = plant.commands.get(command.asset)
    if entry is None:
        raise CommandRefused(
            Reason.NOT_PERMITTED,
            f"the plant file has no [asset.command] for {command.asset!r}, so nothing is sent to it",
        )
    if command.action not in entry.actions:
        allowed = ", ".join(entry.actions)
        raise CommandRefused(
            Reason.NOT_PERMITTED, f"the plant file lets {command.asset} be told {allowed}, got {command.action}"
        )
    return entry


def _check_validity(command: Command, now_ns: int) -> None:
    """No command lies in wait for longer than a day, nor comes from a clock that is ahead."""
    valid_s = (command.expires_ns - command.issued_ns) / 1e9
    if not 0 < valid_s <= LONGEST_VALID_S:
        raise CommandRefused(
            Reason.VALIDITY, f"expected it to be valid for up to {LONGEST_VALID_S:g} s, got {valid_s:g} s"
        )
    if command.issued_ns > now_ns + _CLOCKS_APART_NS:
        raise CommandRefused(
            Reason.VALIDITY, f"it was issued {(command.issued_ns - now_ns) / 1e9:.0f} s ahead of the clock here"
        )


def _check_duration(entry: CommandEntry, command: Command) -> None:
    if not command.begins:
        if command.for_s is not None:
            raise CommandRefused(Reason.DURATION, f"{command.action} has no duration, got {command.for_s:g} s")
        return
    most_s = 60.0 * (entry.most_minutes or 0.0)
    if command.for_s is None or not 0 < command.for_s <= most_s:
        got = "none" if command.for_s is None else f"{command.for_s / 60:g} min"
        raise CommandRefused(
            Reason.DURATION,
            f"{command.action} of {command.asset} takes a duration of {entry.most_minutes:g} min at most, got {got}",
        )


def _check_number(entry: CommandEntry, begun: int) -> str:
    most = entry.most_a_day or 0
    if begun >= most:
        words = " or ".join(sorted(STARTS))
        raise CommandRefused(Reason.TOO_MANY, f"{words}: {most} a local day at most, and it was {begun} today")
    return f"{most} a day at most, {begun} before"


def _check_interlock(interlock: InterlockEntry, asked: Asked) -> str:
    since_ns = asked.now_ns - round(interlock.most_age_s * 1e9)
    found = asked.newest(interlock.asset, interlock.tag, since_ns)
    if found is None:
        raise CommandRefused(
            Reason.INTERLOCK_UNKNOWN, f"{interlock}: no good reading within the last {interlock.most_age_s:g} s"
        )
    age_s = (asked.now_ns - found.time_ns) / 1e9
    if age_s > interlock.most_age_s:
        raise CommandRefused(
            Reason.INTERLOCK_UNKNOWN,
            f"{interlock}: the newest good reading is {age_s:.0f} s old, {interlock.most_age_s:g} s at most",
        )
    if not interlock.holds(found.value):
        raise CommandRefused(Reason.INTERLOCK, f"{interlock}: it is {found.value:g}, {max(age_s, 0.0):.0f} s ago")
    return f"{interlock}: {found.value:g}, {max(age_s, 0.0):.0f} s ago"
