"""Which version of a model scores: told to the log, and written down in the registry."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analysis.known_tags import known_assets
from analysis.logs import existing
from cli.answers.heard import check_heard
from cli.broker import publisher_of
from cli.report import Data, Note, Report
from fieldline.errors import SettingsError
from fieldline.event_kinds import CHAMPION, SHADOW, VOID
from fieldline.moments import Moment, iso, parse_moment
from fieldline.plantfile.globs import matches
from fieldline.settings import Settings
from ingest.send import check_asset, send_event
from models.history import Action, Entry, State, champions
from models.history import Note as Said
from models.registry import Registry

_ACTIONS = {"promote": Action.PROMOTE, "shadow": Action.SHADOW, "retire": Action.RETIRE}
_MS = 1_000_000


class Asked(NamedTuple):
    """What the flags say.

    assets : paths and globs, None where none is given; at_ns : from when on, None for now; now_ns : it is now
    is_untested : whether a promotion may go without a back-test
    """

    assets: list[str] | None
    at_ns: int | None
    why: str
    who: str
    now_ns: int
    is_untested: bool = False

    @property
    def said(self) -> Said:
        """Who, when and why."""
        return Said(iso(self.now_ns // _MS * _MS), self.who, self.why)


def recorded(settings: Settings, action: str, name: str, version: int, asked: Asked) -> Report:
    """Shadow, promote or retire a version. Raises SettingsError, ModelError, Unavailable."""
    registry, what = Registry(Path(settings.process.models)), _ACTIONS[action]
    found = next((one for one in registry.versions(name) if one.number == version), None)
    is_end = what is Action.RETIRE
    assets = (found.assets if found else ()) if is_end else _assets(settings, asked.assets, registry.history(name))
    since_ns = asked.now_ns if asked.at_ns is None else asked.at_ns
    entry = asked.said.entry(what, version, since=iso(_whole(since_ns)), assets=assets, is_untested=asked.is_untested)
    is_shadow = what is Action.SHADOW or (is_end and found is not None and found.state is State.SHADOW)
    attributes: dict[str, Any] = {"model": name, "role": SHADOW if is_shadow else CHAMPION}
    if is_end:
        attributes["phase"] = "stop"
    else:
        attributes |= {"version": version, "digest": registry.read(name, version).digest}
    beside = found.assets if what is Action.PROMOTE and found is not None and found.state is State.SHADOW else ()

    def tell(one: Entry) -> None:
        _tell(settings, one, attributes, asked)
        if beside:  # what is the champion need not score beside itself
            ends = {"model": name, "role": SHADOW, "phase": "stop"}
            _tell(settings, msgspec.structs.replace(one, assets=beside), ends, asked)

    registry.record(name, entry, tell)
    return _report(name, entry, attributes)


def rolled_back(settings: Settings, name: str, asked: Asked) -> Report:
    """Take back the newest promotion. Raises SettingsError, ModelError, Unavailable."""
    registry = Registry(Path(settings.process.models))
    attributes: dict[str, Any] = {"model": name, "role": CHAMPION}

    def made(newest: Entry, before: Entry) -> Entry:
        since = newest.since if asked.at_ns is None else iso(_whole(asked.at_ns))
        if asked.at_ns is None:
            attributes["phase"] = VOID
        else:
            attributes.update(version=before.version, digest=registry.read(name, before.version).digest)
        return asked.said.entry(
            Action.ROLL_BACK, newest.version, since=since, assets=newest.assets, back_to=before.version
        )

    entry = registry.roll_back(name, made, lambda one: _tell(settings, one, attributes, asked))
    return _report(name, entry, attributes)


def _whole(time_ns: int) -> int:
    """To the millisecond, as ingest reads what is told in text. [ns UTC]."""
    return time_ns // _MS * _MS


def _assets(settings: Settings, asked: list[str] | None, history: tuple[Entry, ...]) -> tuple[str, ...]:
    """The paths that are meant; without any, those of the champion."""
    if asked is None:
        held = champions(history)
        if not held:
            raise SettingsError("models: --asset: expected what the model is to score: there is no champion to go by")
        return held[-1].assets
    found: set[str] = set()
    for pattern in asked:
        if any(sign in pattern for sign in "*?["):
            with existing(settings.log) as log:
                here = {asset for asset in known_assets(log) if matches(pattern, asset)}
            if not here:
                raise SettingsError(f"models: --asset: no asset that the log has heard of matches {pattern!r}")
            found |= here
        else:
            check_asset(pattern, "models: --asset")
            check_heard(pattern, "models: --asset", settings)
            found.add(pattern)
    return tuple(sorted(found))


def _tell(settings: Settings, entry: Entry, attributes: dict[str, Any], asked: Asked) -> None:
    """Send an event of each asset. Raises SettingsError, Unavailable.

    One of a time to come is sent as of now, with `from`, since ingest takes nothing from far ahead.
    """
    since_ns = parse_moment(str(entry.since), asked.now_ns)
    time_ns = min(since_ns, _whole(asked.now_ns))
    said = {**attributes, "reason": asked.why, "recorded": entry.time}
    if since_ns > time_ns:
        said["from"] = iso(since_ns)
    with publisher_of(settings) as publisher:
        for asset in entry.assets:
            send_event(publisher, asset, time_ns, "model", said)


def _report(name: str, entry: Entry, attributes: dict[str, Any]) -> Report:
    document = {
        "model": name,
        "version": entry.version if entry.back_to is None else entry.back_to,
        "action": entry.action.value,
        "since": entry.since,
        "assets": list(entry.assets),
        "event": attributes,
    }
    sentences = {
        Action.PROMOTE: "{} version {} is the champion from {} on for {}",
        Action.SHADOW: "{} version {} is a shadow from {} on for {}",
        Action.RETIRE: "{} version {} is retired from {} on for {}",
        Action.ROLL_BACK: "{} version {} is the champion again from {} on for {}",
    }
    where = ", ".join(entry.assets) or "no asset: it scored none"
    since = Moment(parse_moment(str(entry.since), 0))
    sentence = Note(sentences[entry.action], (name, document["version"], since, where))
    return Report([*(Data(key, value) for key, value in document.items()), sentence])
