"""Issuing a command, and what became of commands."""

import secrets
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import msgspec

from cli.report import Column, Data, Facts, Note, Report, Table
from delivery.commands.guard import Asked, check
from delivery.commands.history import History, Told, history_of
from delivery.commands.newest import newest_reading
from delivery.commands.steps import Command, Entry, Step, append, place_of
from fieldline.clock import Clock
from fieldline.errors import CommandRefused, SettingsError
from fieldline.log import Log
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile.commands import Action


class Wish(NamedTuple):
    """What the flags say. for_s, valid_s : durations [s]."""

    asset: str
    action: Action
    for_s: float | None
    valid_s: float
    by: str


def issue(log: Log, plant: Plant, clock: Clock, wish: Wish, *, is_real: bool) -> Report:
    """Check a command, and put it on the log if it is meant.

    Raises CommandRefused, which is noted on the log then; SettingsError, Unavailable.
    """
    now_ns = clock.now_ns()
    command = _readable(
        id=secrets.token_hex(8),
        asset=wish.asset,
        action=wish.action,
        for_s=wish.for_s,
        issued_by=wish.by,
        issued_ns=now_ns,
        expires_ns=now_ns + round(wish.valid_s * 1e9),
    )
    history = history_of(log)
    asked = Asked(
        now_ns,
        lambda since_ns: history.begun(wish.asset, since_ns, now_ns),
        lambda asset, tag, since_ns: newest_reading(log, plant, asset, tag, since_ns),
    )
    try:
        limits = check(plant, command, asked)
    except CommandRefused as error:
        if is_real:
            _put(log, command, Step.REFUSED, error.reason, error.detail)
        raise
    command = msgspec.structs.replace(command, limits=limits)
    if is_real:
        _put(log, command, Step.ISSUED)
    return _report(command, plant, is_real)


def _readable(**said: Any) -> Command:
    """A command that can be read from the log again. Raises SettingsError."""
    try:
        return msgspec.convert(said, Command)
    except msgspec.ValidationError as error:
        raise SettingsError(f"command send: {error}") from error


def _put(log: Log, command: Command, step: Step, reason: str = "", why: str = "") -> None:
    entry = Entry(
        id=command.id, step=step, at_ns=command.issued_ns, by=command.issued_by, reason=reason, why=why, command=command
    )
    append(log, place_of(log, command.asset), command.asset, entry)


def _report(command: Command, plant: Plant, is_real: bool) -> Report:
    entry, zone = plant.commands[command.asset], plant.time_zone(command.asset)
    facts: dict[str, Any] = {
        "id": command.id if is_real else None,
        "asset": command.asset,
        "topic": entry.topic,
        "action": command.action,
        "for_s": command.for_s,
        "issued_by": command.issued_by,
        "expires": Moment(command.expires_ns // 10**6 * 10**6, zone),
        "limits": ", ".join(command.limits) or "none hurt",
    }
    said = (
        Note("issued; `fieldline command ls` tells what becomes of it")
        if is_real
        else Note("dry run: it may go out, and nothing was sent; --really sends it")
    )
    return Report([Data("dry_run", not is_real), Facts(facts, "command"), said])


def listed(log: Log, plant: Plant, now_ns: int, pattern: str, limit: int) -> Report:
    """Commands with what became of them, the newest last."""
    history = history_of(log)
    found = sorted(
        (told for told in history.told.values() if fnmatchcase(told.command.asset, pattern)),
        key=lambda told: told.command.issued_ns,
    )
    rows = [_row(told, plant, now_ns) for told in found[-limit:]]
    names = ("issued", "id", "asset", "action", "for_s", "by", "state", "at", "why")
    headings = {"issued": "time", "for_s": "for", "at": "since"}
    columns = [Column(name, headings.get(name, name), "s" if name == "for_s" else "") for name in names]
    table = Table("", columns, rows, keys=2)
    return Report([Data("commands", rows), table, *_notes(history, len(found), len(rows))], root="commands")


def _notes(history: History, total: int, shown: int) -> list[Note]:
    notes = [Note(f"{total} commands" + (f", the newest {shown} shown" if total > shown else ""))]
    return notes + [Note(f"{history.unreadable} records can't be read")] * (history.unreadable > 0)


def _row(told: Told, plant: Plant, now_ns: int) -> dict[str, Any]:
    command, last, zone = told.command, told.last, plant.time_zone(told.command.asset)
    is_over = told.state is Step.ISSUED and now_ns >= command.expires_ns
    why = f"{last.reason}: {last.why}" if last.reason else last.why
    return {
        "issued": _moment(command.issued_ns, zone),
        "id": command.id,
        "asset": command.asset,
        "action": command.action,
        "for_s": command.for_s,
        "by": command.issued_by,
        "state": str(Step.EXPIRED if is_over else told.state),
        "at": _moment(command.expires_ns if is_over else last.at_ns, zone),
        "why": "nobody sent it in time: is the command stage running?" if is_over else why,
        "expires": _moment(command.expires_ns, zone),
        "limits": list(command.limits),
        "steps": [_step(entry, zone) for entry in told.steps],
    }


def _step(entry: Entry, zone: str) -> dict[str, Any]:
    return {
        "step": str(entry.step),
        "at": _moment(entry.at_ns, zone),
        "by": entry.by,
        "reason": entry.reason,
        "why": entry.why,
    }


def _moment(time_ns: int, zone: str) -> Moment:
    return Moment(time_ns // 10**6 * 10**6, zone)
