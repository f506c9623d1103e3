"""Ways to read a topic: as ingest does without being told, by a preset, or by another codec; and which one reads its messages best.

A way is a plant file's `[[topic]]` in the making, so each is tried by a decoder of ingest's own, on samples of the topic. The order:

1. What the plant file declares, and topics that can mean nothing else (Sparkplug B), stand.
2. A preset is tried where one of its patterns matches the topic, or the topic without its first one or two levels.
3. Other codecs are tried only where the setting's own (JSON) can't read all samples, or finds no number in them.

The way with the fewest values that can't be read wins; of equals a preset whose matching pattern begins with a word of its own (`tele`,
`v3`) or ends with two (`Status/StateCurrent`), then
the way that finds more tags of known unit or role, then more tags, then the earlier one. A codec must read all samples, and find
more numbers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from fieldline.plant import Plant
from fieldline.plantfile import PlantFile, Topic
from fieldline.settings import IngestSettings
from fieldline.units import Role
from ingest.capture import Captured
from ingest.codecs import Problem, codecs
from ingest.decoder import Decoder
from ingest.presets import WELL_KNOWN, expanded, preset, presets
from ingest.rows import Names, Rows
from ingest.topics import pattern_expression

_MOST_DECODERS = 100
_MOST_NAMES = 200_000
_ROOT_LEVELS = 2
_SHORTEST_PACKED = 10
"""A printable payload under so many bytes is a word, though a packed format could read it as a number [bytes]."""


class Way(NamedTuple):
    """How a topic is read. All empty: as ingest does without being told more.

    root : levels before the preset's topics; is_ignored : the preset says that nothing is to be read there
    """

    preset: str = ""
    root: str = ""
    codec: str = ""
    is_ignored: bool = False

    @property
    def name(self) -> str:
        """For people."""
        return f"preset {self.preset}" if self.preset else f"codec {self.codec}" if self.codec else ""


UNTOLD = Way()


class _Score(NamedTuple):
    """What makes a way the better one, in this order; `numbers` is for codecs alone."""

    lost: int
    is_specific: bool
    known: int
    tags: int
    numbers: int


class Ways:
    """All ways, and a decoder of each. One thread only; memory is bounded: 100 decoders, and the names of 200,000 assets and tags."""

    def __init__(self, plant: Plant, settings: IngestSettings) -> None:
        self._plant = plant
        self._settings = settings
        self._decoders = {UNTOLD: Decoder(plant, settings)}
        self._declared = [pattern_expression(topic.pattern) for topic in expanded(plant.topics, [])]
        self._presets = [
            (name, topic, pattern_expression(topic.pattern))
            for name in presets()
            if name not in WELL_KNOWN
            for topic in preset(name).topic
        ]
        self._codecs = [name for name in codecs() if name not in (settings.codec, *WELL_KNOWN)]
        self._assets, self._tags = Names(), Names()

    def rows(self) -> Rows:
        """Empty rows for the decoders; those of before are of no use any more."""
        if len(self._assets) + len(self._tags) > _MOST_NAMES:
            self._assets, self._tags = Names(), Names()
            for decoder in self._decoders.values():
                decoder.forget()
        return Rows(self._assets, self._tags)

    def decode(self, way: Way, message: Captured, rows: Rows) -> Problem | None:
        """Append a message's rows, read that way; `rows` are the last that `rows()` gave."""
        decoder = self._decoders.get(way)
        if decoder is None:
            decoder = self._decoders[way] = self._new(way)
        problem = decoder.decode(message.topic, message.payload, message.received, rows, message.size)
        for reader in decoder.readers:  # a guest asks devices for nothing
            reader.requests.clear()
            reader.missing.clear()
        return problem

    def candidates(self, topic: str) -> list[Way]:
        """The ways that a topic's name allows, the first to be preferred first."""
        if any(expression.fullmatch(topic) for expression in self._declared):
            return [UNTOLD]
        found = [UNTOLD]
        for name in dict.fromkeys(name for name, _, _ in self._presets):
            way = self._of_preset(name, topic)
            if way is not None and (way in self._decoders or len(self._decoders) < _MOST_DECODERS):
                found.append(way)
        return found

    def _of_preset(self, name: str, topic: str) -> Way | None:
        """How a preset reads a topic; None where none of its patterns matches, or all that does are names."""
        levels = topic.split("/")
        for cut in range(min(_ROOT_LEVELS + 1, len(levels))):
            rest = "/".join(levels[cut:])
            for of, declared, expression in self._presets:
                if of != name or not expression.fullmatch(rest):
                    continue
                if not _is_literal(declared) and (cut or declared.ignore or not _has_literal(declared)):
                    break
                return Way(name, "/".join(levels[:cut]), is_ignored=declared.ignore)
        return None

    def best(self, candidates: Sequence[Way], samples: Sequence[Captured]) -> Way:
        """The way that reads the samples of one topic best."""
        scores = [(self._score(way, samples), way) for way in candidates if not way.is_ignored]
        ours = scores[0][0]
        best, way = min(scores, key=lambda each: _rank(each[0]))
        if way.preset or not (ours.lost or not ours.numbers) or _is_short(samples):
            return way
        others = [(self._score(Way(codec=name), samples), Way(codec=name)) for name in self._codecs]
        whole = [each for each in others if not each[0].lost and each[0].numbers > best.numbers]
        return min(whole, key=lambda each: _rank(each[0]))[1] if whole else way

    def is_clear(self, candidates: Sequence[Way], sample: Captured) -> bool:
        """Whether one sample is enough to tell: there is one way, and it finds nothing but what it can read."""
        if len(candidates) > 1:
            return False
        score = self._score(candidates[0], [sample])
        return not score.lost and score.numbers > 0

    def _score(self, way: Way, samples: Sequence[Captured]) -> _Score:
        rows, lost = self.rows(), 0
        for sample in samples:
            problem = self.decode(way, sample, rows)
            lost += problem.readings if problem is not None else 0
        assets = (asset for count, asset, _ in rows.runs for _ in range(count))
        pairs = set(zip(assets, rows.tag, strict=True))
        tags = [(rows.assets.texts[asset], rows.tags.texts[tag]) for asset, tag in pairs]
        numbers = [(asset, tag) for asset, tag in tags if not tag.startswith("@")]
        infos = [self._plant.tag_info(*each) for each in numbers]
        known = sum(info.unit is not None or info.role is not Role.NONE for info in infos)
        is_specific = bool(tags) and self._is_specific(way, samples[0].topic.decode("utf-8", "replace"))
        return _Score(lost, is_specific, known, len(tags), len(numbers))

    def _is_specific(self, way: Way, topic: str) -> bool:
        """Whether a pattern of the way's preset that matches the topic has words of its own that others hardly use."""
        rest = topic.removeprefix(f"{way.root}/") if way.root else topic
        return any(
            name == way.preset and (_is_literal(declared) or _ends_literally(declared)) and expression.fullmatch(rest)
            for name, declared, expression in self._presets
        )

    def _new(self, way: Way) -> Decoder:
        if way.codec:
            return Decoder(self._plant, msgspec.structs.replace(self._settings, codec=way.codec))
        declared = Topic(preset=way.preset, root=way.root or None)
        return Decoder(Plant(PlantFile(topic=(declared,))), self._settings)


def _rank(score: _Score) -> tuple[int, bool, int, int]:
    return score.lost, not score.is_specific, -score.known, -score.tags


def _is_literal(topic: Topic) -> bool:
    """Whether the pattern's first level is a word of its own."""
    return not topic.pattern.startswith(("{", "+", "#"))


def _ends_literally(topic: Topic) -> bool:
    """Whether the pattern's last two levels are words of their own: `Status/StateCurrent`."""
    levels = topic.pattern.split("/")
    return len(levels) > 2 and all(level[0] not in "{+#" for level in levels[-2:])


def _has_literal(topic: Topic) -> bool:
    return any(level[0] not in "{+#" for level in topic.pattern.split("/"))


def _is_short(samples: Sequence[Captured]) -> bool:
    return all(len(sample.payload) < _SHORTEST_PACKED and sample.payload.isascii() for sample in samples)
