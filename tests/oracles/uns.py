"""`uns.json`: topics of a unified namespace by the preset `uns`, Sparkplug's by the codec, and ISA-95's words as docs/devices.md has them."""

import re
from pathlib import Path
from typing import Any

from fieldline.errors import PayloadError
from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from fieldline.settings import IngestSettings
from ingest.decoder import Decoder
from ingest.rows import Rows
from ingest.sparkplug.wire import encode
from ingest.topics import TopicMap
from tests.oracles.cases import Function

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "devices.md"
_LEVELS = ("enterprise", "site", "area", "line", "cell")


def _levels(inputs: dict[str, Any]) -> dict[str, Any]:
    rows = re.findall(r"(?m)^\| (\d) \| ([^|]+) \| \|([^|]*)\|", _PAGE.read_text("utf-8"))
    equipment = [word for _, _, cell in rows for word in re.findall(r"`(\w+)`", cell)]
    return {"functional": {level: words.strip() for level, words, _ in rows}, "equipment": equipment}


def _paths(inputs: dict[str, Any]) -> dict[str, Any]:
    topics = TopicMap(Plant(PlantFile(topic=(Topic(preset="uns"),))))
    return {"parsed": [_path(topics, topic) for topic in inputs["topics"]]}


def _path(topics: TopicMap, topic: str) -> dict[str, Any]:
    try:
        route = topics.route(topic.encode())
    except PayloadError:
        return {"valid": False}
    if route.declared is None:
        return {"valid": False}
    return {"valid": True, **dict(zip(_LEVELS, route.value_asset.split("/"), strict=True)), "tag": route.value_tag}


def _parris(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"uns": [_sparkplug(topic, metric) for topic, metric in inputs["topic_metric"]]}


def _sparkplug(topic: str, name: str) -> str:
    """Asset and tag of a metric that is sent on a topic."""
    rows = Rows()
    metric = encode([(1, name), (4, 11), (14, True)])
    problem = Decoder(Plant(), IngestSettings()).decode(topic.encode(), encode([(2, metric), (3, 0)]), 1, rows)
    assert problem is None or problem.reason == "clock", problem
    return f"{rows.assets.texts[0]}/{rows.tags.texts[0]}"


FUNCTIONS: dict[str, Function] = {"isa95_levels": _levels, "uns_parse": _paths, "sparkplug_to_uns": _parris}
