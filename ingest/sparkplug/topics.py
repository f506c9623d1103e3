"""Sparkplug's topics. Source: Eclipse Sparkplug 3.0, chapter 4."""

from typing import NamedTuple

from fieldline.errors import PayloadError

NAMESPACE = "spBv1.0"
_OF_NODE = frozenset({"NBIRTH", "NDATA", "NDEATH", "NCMD"})
_OF_DEVICE = frozenset({"DBIRTH", "DDATA", "DDEATH", "DCMD"})
_RESERVED = frozenset("+#")


class Place(NamedTuple):
    """What a topic says. Of type STATE the node is the host; `device` is empty for a message of the node itself."""

    type: str
    group: str
    node: str
    device: str = ""


def parse_topic(topic: str) -> Place:
    """What the last levels say, from the namespace on. Raises PayloadError with reason `topic`."""
    levels = topic.split("/")
    if NAMESPACE in levels[:-2]:
        levels = levels[levels.index(NAMESPACE) + 1 :]
        if all(levels) and not any(_RESERVED & set(level) for level in levels):
            if len(levels) == 2 and levels[0] == "STATE":
                return Place("STATE", "", levels[1])
            if len(levels) == 3 and levels[1] in _OF_NODE:
                return Place(levels[1], levels[0], levels[2])
            if len(levels) == 4 and levels[1] in _OF_DEVICE:
                return Place(levels[1], levels[0], levels[2], levels[3])
    raise PayloadError("topic", f"expected {NAMESPACE}/<group>/<type>/<edge node>[/<device>], got {topic[:80]!r}")


def asset_of(asset: str) -> str:
    """An asset with a group that is a hierarchy, `Plant1:Area3:Line4` (Parris), as levels of their own."""
    return "/".join(level for level in asset.replace(":", "/").split("/") if level)
