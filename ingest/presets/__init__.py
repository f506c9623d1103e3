"""Presets: how the topics and payloads of well-known devices are read, as data. One TOML file each, made of `[[topic]]` tables.

A plant file names one, `[[topic]] preset = "tasmota"`, and may give keys of its own beside it: each stands in place of the preset's in
all of its topics. `root` are levels before all its topics. With a `pattern`, the preset's first topic is meant, found under that pattern.
"""

import tomllib
from functools import cache
from importlib import resources

import msgspec

from fieldline.errors import SettingsError
from fieldline.plant import Topic
from fieldline.tables import nearest, to_struct

_FOLDER = resources.files(__name__)
_KEYS = [field for field in msgspec.structs.fields(Topic) if field.name not in ("preset", "root")]
WELL_KNOWN = ("sparkplug",)
"""Presets that hold without being asked for, after all that the plant file declares: their topics can mean nothing else."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """A preset's file. about : which devices and which of their settings it is for."""

    about: str
    topic: tuple[Topic, ...]


def presets() -> list[str]:
    """The names of all presets."""
    return sorted(file.name.removesuffix(".toml") for file in _FOLDER.iterdir() if file.name.endswith(".toml"))


@cache
def preset(name: str) -> _File:
    """A preset's file. Raises KeyError for a name that is none."""
    if name not in presets():
        raise KeyError(name)
    wrong: list[str] = []
    file = to_struct(_File, tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8")), f"preset {name}: $", wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    assert isinstance(file, _File)
    return file


def expanded(topics: tuple[Topic, ...], wrong: list[str]) -> list[Topic]:
    """The topics with the presets' in place of those that name one, and the well-known ones after them; faults are added to `wrong`."""
    found = []
    for at, topic in enumerate(topics):
        try:
            found += _of_preset(topic) if topic.preset is not None else [topic]
        except KeyError:
            known = ", ".join(presets())
            near = nearest(topic.preset or "", presets())
            wrong.append(f"$.topic[{at}].preset: expected one of {known}, got {topic.preset!r}{near}")
        except ValueError as error:
            wrong += [f"$.topic[{at}].{line}" for line in str(error).split("\n")]
    return [*found, *(each for name in WELL_KNOWN for each in preset(name).topic)]


def _of_preset(topic: Topic) -> list[Topic]:
    given = {key.name: value for key in _KEYS if (value := getattr(topic, key.name)) != _default(key)}
    own = preset(topic.preset or "").topic
    if topic.pattern:
        return [msgspec.structs.replace(own[0], **given)]
    root = f"{topic.root}/" if topic.root else ""
    return [
        msgspec.structs.replace(each, pattern=root + each.pattern, **({} if each.ignore else given)) for each in own
    ]


def _default(key: msgspec.structs.FieldInfo) -> object:
    return key.default if key.default_factory is msgspec.NODEFAULT else key.default_factory()
