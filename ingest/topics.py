"""From a topic to an asset and a tag.

The first pattern of the plant file that matches decides, also about the codec and how it reads; after the plant file come the presets
that are well known. Without one: a single value's tag is the topic's last level and what stands before it the asset; an object's asset is
the whole topic and its keys are the tags. A single value on a topic of one level has the tag `value`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from fieldline.errors import PayloadError, SettingsError
from fieldline.plant import Plant, Topic
from fieldline.tags import Form
from ingest.presets import expanded
from ingest.shape import Shape

_CACHED_TOPICS = 100_000
_MAX_NAME_BYTES = 4096
"""Of an asset's path or a tag's name: more is no name but a mistake, and databases refuse it [bytes]."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


_NOTHING_DECLARED = Plant()


class Route:
    """Where the values of a topic belong, and how they are read.

    topic : as it came; declared : the plant file's or a preset's entry for it; None where there is none
    value_asset, value_tag : of a single value, with or without a time
    object_asset, prefix : of an object, an array of objects, an event or a waveform; `prefix` stands before each key
    zone : IANA name for times without an offset; clock : the policy of `ingest/clocks.py`
    decimal : what stands before the fraction in texts, '.' or ','; plant : what is declared of the tags
    time_path : keys that lead to the time of an object; None where the keys' names tell it
    time_form : how times are written, see `fieldline/timeforms.py`; None where they tell it themselves
    options : what the codec is told for this topic, of the codec's own `options`
    shape : where in a document its parts stand; None where that is not declared
    """

    __slots__ = (
        "clock",
        "decimal",
        "declared",
        "decode",
        "is_changed",
        "is_value_text",
        "object_asset",
        "options",
        "plant",
        "prefix",
        "renaming",
        "shape",
        "shapes",
        "tags",
        "time_form",
        "time_path",
        "topic",
        "value_asset",
        "value_asset_number",
        "value_tag",
        "value_tag_number",
        "zone",
    )

    def __init__(self, value_asset: str, value_tag: str, object_asset: str, prefix: str = "") -> None:
        self.value_asset = value_asset
        self.value_tag = value_tag
        self.object_asset = object_asset
        self.prefix = prefix
        self.zone = "UTC"
        self.clock = "accept"
        self.time_path: tuple[str, ...] | None = None
        self.time_form: str | None = None
        self.decimal = "."
        self.plant = _NOTHING_DECLARED
        self.topic = object_asset
        self.declared: Topic | None = None
        self.options: Any = None
        self.shape: Shape | None = None
        # What the decoder has chosen for this topic; None before its first message.
        self.decode: Callable[..., Any] | None = None
        self.renaming: Any = None
        self.is_changed = False
        # What codecs remember of this topic; forgotten with the route.
        self.value_asset_number = -1
        self.value_tag_number = -1
        self.is_value_text = False
        self.shapes: dict[Any, Any] = {}
        self.tags: dict[str, int] = {}

    def is_text(self, asset: str, tag: str) -> bool:
        """Whether a tag is declared as text, so that its numbers are texts too."""
        return self.plant.has_texts and self.plant.tag_info(asset, tag).form is Form.TEXT


class TopicMap:
    """Routes of topics, remembered. Memory is bounded: 100,000 topics, then all are worked out anew.

    topics : as `expanded` gives them, in the order in which they are tried; None: it is asked

    Raises SettingsError for a preset that is not there, or that does not go with the keys beside it.
    """

    def __init__(self, plant: Plant, clock: str = "accept", topics: list[Topic] | None = None) -> None:
        self._plant = plant
        self._clock = clock
        wrong: list[str] = []
        known = expanded(plant.topics, wrong) if topics is None else topics
        if wrong:
            raise SettingsError("\n".join(wrong))
        self._patterns = [(pattern_expression(topic.pattern), topic) for topic in known]
        self._routes: dict[bytes, Route | PayloadError] = {}

    def route(self, topic: bytes) -> Route:
        """The route of a topic. Raises PayloadError with reason `topic`."""
        found = self._routes.get(topic)
        if found is None:
            if len(self._routes) >= _CACHED_TOPICS:
                self._routes.clear()
            try:
                found = self._work_out(topic)
                found.clock = self._plant.clock(found.object_asset) or self._clock
                found.plant = self._plant
            except PayloadError as error:
                found = error
            self._routes[topic] = found
        if isinstance(found, PayloadError):
            raise PayloadError(found.reason, found.detail)
        return found

    def forget(self) -> None:
        """Drop all routes and what codecs remember with them."""
        self._routes.clear()

    def _work_out(self, raw: bytes) -> Route:
        topic = check_topic(raw)
        for expression, declared in self._patterns:
            match = expression.fullmatch(topic)
            if match:
                route = _declared_route(declared, match.groupdict(), topic)
                route.decimal = declared.decimal or self._plant.decimal
                route.zone = declared.time_zone or self._plant.time_zone(route.object_asset)
                return route
        asset, _, tag = topic.rpartition("/")
        route = Route(asset or topic, check_name(tag) if asset else "value", topic)
        route.decimal = self._plant.decimal
        route.zone = self._plant.time_zone(topic)
        return route


def check_topic(raw: bytes) -> str:
    """The topic as text. Raises PayloadError for what can't be an asset's path."""
    try:
        topic = raw.decode()
    except UnicodeDecodeError as error:
        raise PayloadError("topic", "expected UTF-8") from error
    if not topic or "" in topic.split("/"):
        raise PayloadError("topic", "expected levels joined by '/', none empty")
    if topic.startswith("$"):
        raise PayloadError("topic", "topics that begin with '$' are the broker's own")
    if _CONTROL.search(topic):
        raise PayloadError("topic", "expected no control characters")
    if "+" in topic or "#" in topic:
        raise PayloadError("topic", "'+' and '#' are for filters, not for topics")
    if len(raw) > _MAX_NAME_BYTES:
        raise PayloadError("topic", f"expected at most {_MAX_NAME_BYTES} bytes, got {len(raw)}")
    return topic


def asset_below(asset: str, levels: Iterable[str]) -> str:
    """The path of an asset below another. Raises PayloadError with reason `name`."""
    path = "/".join([asset, *levels])
    try:
        return check_topic(path.encode())
    except PayloadError as error:
        raise PayloadError("name", f"{path[:80]!r}: {error.detail}") from error
    except UnicodeEncodeError as error:
        raise PayloadError("name", "expected text that UTF-8 can hold") from error


def check_name(name: str) -> str:
    """The tag's name.

    Raises PayloadError with reason `name`: empty, too long, control characters, or begins with '@'.
    """
    if not name or name.startswith("@"):
        wanted = "that does not begin with '@'" if name else "of at least one character"
        raise PayloadError("name", f"expected a name {wanted}, got {name[:40]!r}")
    if _CONTROL.search(name):
        raise PayloadError("name", f"expected no control characters, got {name[:40]!r}")
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise PayloadError("name", "expected text that UTF-8 can hold") from error
    if size > _MAX_NAME_BYTES:
        raise PayloadError("name", f"expected at most {_MAX_NAME_BYTES} bytes, got {size}")
    return name


def source_levels(raw: bytes) -> str:
    """A topic as text for attribution, whatever it holds: what is not UTF-8 is replaced, too long is cut."""
    return raw[:_MAX_NAME_BYTES].decode("utf-8", "replace")


def _declared_route(declared: Topic, levels: dict[str, str], topic: str) -> Route:
    asset = declared.asset.format_map(levels)
    if declared.tag is not None:
        tag = check_name(declared.tag.format_map(levels))
        route = Route(asset, tag, asset, f"{tag}/")
    else:  # the keys are the tags, so a single value has none of its own
        route = Route(asset, "value", asset)
    route.topic, route.declared = topic, declared
    if declared.is_document:  # its shape finds the time too
        route.shape = Shape(declared)
    elif declared.time is not None:
        route.time_path = tuple(declared.time.split("."))
    route.time_form = declared.time_format
    return route


def pattern_expression(pattern: str) -> re.Pattern[str]:
    """A regular expression of an MQTT filter with named levels; `#` also takes nothing, as MQTT says."""
    levels = []
    for level in pattern.split("/"):
        named = re.fullmatch(r"\{([A-Za-z_]\w*)(#?)\}", level)
        if named:
            levels.append(f"(?P<{named[1]}>{'.+' if named[2] else '[^/]+'})")
        elif level == "+":
            levels.append("[^/]+")
        elif level == "#":
            levels.append(".*")
        else:
            levels.append(re.escape(level))
    text = "/".join(levels)
    if text.endswith("/.*"):
        text = text[:-3] + "(?:/.*)?"
    return re.compile(text)
