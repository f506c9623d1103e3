"""How topics become assets and tags: `[[topic]]`."""

import re
from typing import Any, Literal

import msgspec

from fieldline.plantfile.values import Name, raise_faults, zone_fault
from fieldline.timeforms import format_fault


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """How topics become assets and tags, and how their payloads are read.

    pattern : an MQTT filter with named levels: `plant/{line}/{machine}/{tag}`; `+` and a last `#` stay unnamed, and
        `{name#}`, which may stand anywhere, is one or more levels
    asset : the asset's path made of the names: `plant/{line}/{machine}`
    tag : the tag's name; None where the payload's keys are the tags
    decimal : what stands before the fraction in texts; None: as the plant file says for all topics
    time : where an object's time stands, keys joined by dots; None where a key's name tells it
    time_zone : IANA name for times without an offset; None: the asset's
    time_format : how times are written, see `fieldline/timeforms.py`; None where they tell it themselves
    preset : name of a set of topics that Fieldline brings; the keys given beside it stand in place of the set's own
    root : levels that stand before all topics of the preset
    ignore : what comes on these topics is counted and dropped
    codec : name of the codec; None where the setting `ingest.codec` holds
    options : what the codec is told, in its own words

    Of payloads that are documents (JSON, MessagePack, CBOR), as paths of keys joined by dots:

    items : a list, each element of which is a message of its own (a document that is a list is that list; a last `*`: each key of an
        object holds such elements, and its name stands before the tags'); the paths below begin in the element, else in the document
    values : what holds the values, or the one value; all else is passed over
    seq, quality : what stands beside the values, as `time` may
    group : what stands before the tags' names; of one value it is the tag's name

    Of any codec's tags, by the names that they would have without these keys:

    skip : names, or globs of them, that are dropped
    rename : old name → new name
    words : texts that are numbers: `{"ON" = 1, "OFF" = 0}`
    split : what stands in a name before the last of these signs is an asset below the topic's own
    once : two messages with one `seq` and equal values, within 15 minutes, are one: it has the time of the first
    """

    pattern: str = ""
    asset: str = ""
    tag: str | None = None
    decimal: Literal[".", ","] | None = None
    time: str | None = None
    time_zone: str | None = None
    time_format: str | None = None
    preset: str | None = None
    root: str | None = None
    ignore: bool = False
    codec: str | None = None
    options: dict[str, Any] = {}
    items: str | None = None
    values: str | None = None
    seq: str | None = None
    quality: str | None = None
    group: str | None = None
    skip: tuple[str, ...] = ()
    rename: dict[str, Name] = {}
    words: dict[str, float] = {}
    split: str | None = None
    once: bool = False

    def __post_init__(self) -> None:
        zone = "" if self.time_zone is None else zone_fault(self.time_zone)
        form = "" if self.time_format is None else format_fault(self.time_format)
        raise_faults([_needs_fault(self), _topic_fault(self), *_key_faults(self), zone, form])

    @property
    def is_document(self) -> bool:
        """Whether a key says where in a document something other than its time stands."""
        return any(getattr(self, key) is not None for key in _PATHS if key != "time")

    @property
    def renames(self) -> bool:
        """Whether a key changes the rows that the codec gave."""
        return bool(self.skip or self.rename or self.words or self.split)


_PATHS = ("items", "values", "time", "seq", "quality", "group")


def _needs_fault(topic: Topic) -> str:
    if topic.preset is not None:
        return (
            "root: give levels to stand before the preset's topics, or a pattern, not both"
            if (topic.root is not None and topic.pattern)
            else ""
        )
    if topic.root is not None:
        return "root: it is for the topics of a preset"
    if not topic.pattern:
        return "pattern: is missing"
    return "" if topic.asset or topic.ignore else "asset: is missing"


def _key_faults(topic: Topic) -> list[str]:
    paths = [(key, getattr(topic, key)) for key in _PATHS]
    faults = [
        f"{key}: expected keys joined by dots, none empty, got {path!r}"
        for key, path in paths
        if path is not None and "" in path.split(".")
    ]
    if topic.split == "":
        faults.append("split: expected a sign such as '.', got ''")
    if topic.once and topic.seq is None and topic.preset is None:
        faults.append("once: needs seq, the path of the device's own number of the message")
    return faults


def _topic_fault(topic: Topic) -> str:
    names: set[str] = set()
    levels = topic.pattern.split("/")
    for at, level in enumerate(levels):
        match = re.fullmatch(r"\{([A-Za-z_]\w*)(#?)\}", level)
        if match and match[1] not in names:
            names.add(match[1])
        elif match or re.search(r"[{}]", level) or (level != "+" and "+" in level):
            return f"pattern: expected levels such as name, {{name}}, + {{name#}} or a last #, got {topic.pattern!r}"
        elif "#" in level and (level != "#" or at < len(levels) - 1):
            return f"pattern: '#' stands alone and last, got {topic.pattern!r}"
    if topic.preset is not None and not topic.pattern:
        return ""  # the preset's patterns have the names
    for key, template in (("asset", topic.asset), ("tag", topic.tag or "")):
        unknown = sorted(set(re.findall(r"\{(\w*)\}", template)) - names)
        if unknown or re.search(r"[{}]", re.sub(r"\{\w+\}", "", template)):
            return f"{key}: {template!r} may name only {', '.join(sorted(names)) or 'nothing'} of the pattern"
    return ""
