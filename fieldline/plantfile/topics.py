"""How topics become assets and tags: `[[topic]]`."""

import re
from typing import Literal

import msgspec

from fieldline.plantfile.values import Name, raise_faults, zone_fault
from fieldline.timeforms import format_fault


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """How topics become assets and tags.

    pattern : an MQTT filter with named levels: `plant/{line}/{machine}/{tag}`; `+` and a last `#` stay unnamed, and a
        last `{name#}` names what `#` takes
    asset : the asset's path made of the names: `plant/{line}/{machine}`
    tag : the tag's name; None where the payload's keys are the tags
    decimal : what stands before the fraction in texts; None: as the plant file says for all topics
    time : where an object's time stands, keys joined by dots; None where a key's name tells it
    time_zone : IANA name for times without an offset; None: the asset's
    time_format : how times are written, see `fieldline/timeforms.py`; None where they tell it themselves
    """

    pattern: Name
    asset: Name
    tag: str | None = None
    decimal: Literal[".", ","] | None = None
    time: str | None = None
    time_zone: str | None = None
    time_format: str | None = None

    def __post_init__(self) -> None:
        zone = "" if self.time_zone is None else zone_fault(self.time_zone)
        form = "" if self.time_format is None else format_fault(self.time_format)
        raise_faults([_topic_fault(self), _time_fault(self.time), zone, form])


def _time_fault(path: str | None) -> str:
    if path is None or all(path.split(".")):
        return ""
    return f"time: expected keys joined by dots, none empty, got {path!r}"


def _topic_fault(topic: Topic) -> str:
    names: set[str] = set()
    levels = topic.pattern.split("/")
    for at, level in enumerate(levels):
        match = re.fullmatch(r"\{([A-Za-z_]\w*)(#?)\}", level)
        if match and not (match[2] and at < len(levels) - 1) and match[1] not in names:
            names.add(match[1])
        elif match or re.search(r"[{}]", level) or (level != "+" and "+" in level):
            return f"pattern: expected levels such as name, {{name}}, + or a last # or {{name#}}, got {topic.pattern!r}"
        elif "#" in level and (level != "#" or at < len(levels) - 1):
            return f"pattern: '#' stands alone and last, got {topic.pattern!r}"
    for key, template in (("asset", topic.asset), ("tag", topic.tag or "")):
        unknown = sorted(set(re.findall(r"\{(\w*)\}", template)) - names)
        if unknown or re.search(r"[{}]", re.sub(r"\{\w+\}", "", template)):
            return f"{key}: {template!r} may name only {', '.join(sorted(names)) or 'nothing'} of the pattern"
    return ""
