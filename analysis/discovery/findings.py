"""What a survey found, as tables: topics, tags, dead letters, sources of energy."""

from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from analysis.discovery.behaviour import told_kind
from analysis.discovery.folding import Family, folded
from analysis.discovery.survey import Survey, TagSeen, TopicSeen
from analysis.discovery.ways import UNTOLD, Way
from fieldline.plant import Plant
from fieldline.units import COUNT_ROLES, Role
from fieldline.uses import Sources, energy_sources

_SECOND_NS = 1_000_000_000
_QUARTER_S, _LATE_S, _FARTHEST_S = 900.0, 60.0, 15 * 3600.0
_CUMULATIVE = COUNT_ROLES | {Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER}
_FLOWS = {"energy": "drawn", "exported energy": "fed back"}


class TopicRow(NamedTuple):
    """Topics that are alike.

    counts : of each level, how many it stands for; rate : of those not retained [1/s]
    offset : median of reception less time [s]; None: nothing was read
    """

    pattern: str
    counts: tuple[int, ...]
    topics: int
    messages: int
    retained: int
    rate: float
    shape: str
    way: Way
    time: str
    offset: float | None

    @property
    def looks_local(self) -> bool:
        """Whether the times are off by whole quarters of an hour, as those of a zone are that was not declared."""
        off = abs(self.offset or 0.0)
        return _QUARTER_S - _LATE_S < off < _FARTHEST_S and min(off % _QUARTER_S, -off % _QUARTER_S) < _LATE_S


class TagRow(NamedTuple):
    """A tag of assets that are alike. kind : what file, name and unit tell; guess : what its values do, where those tell nothing.

    rate : readings of one asset [1/s]; low, high : of its numbers; text : one of its texts; falls : of a register or counter, how
    often it was lower than before
    """

    pattern: str
    tag: str
    assets: int
    unit: str | None
    kind: str
    guess: str
    rate: float
    low: float | None
    high: float | None
    text: str
    falls: int


class LetterRow(NamedTuple):
    """Readings that would be dead letters, of topics that are alike, with one of them."""

    pattern: str
    reason: str
    readings: int
    detail: str
    example: bytes


class EnergyRow(NamedTuple):
    """What assets that are alike draw, or feed back, by which tags; `others` tell of it too and are not counted."""

    pattern: str
    assets: int
    flow: str
    source: str
    tags: list[str]
    others: list[str]


class Findings(NamedTuple):
    """All tables, and how much was seen. seconds : that the messages span."""

    seconds: float
    topics: list[TopicRow]
    tags: list[TagRow]
    letters: list[LetterRow]
    energy: list[EnergyRow]
    families: list[Family[TopicSeen]]
    ways: list[Way]


def findings(survey: Survey, seconds: float | None = None) -> Findings:
    """What was seen. seconds : how long was listened; None: from the first message to the last."""
    span = seconds if seconds is not None else (survey.last - survey.first) / _SECOND_NS
    families = folded((seen.topic, _kind(seen), seen) for seen in survey.topics.values())
    by_asset: dict[str, list[TagSeen]] = {}
    for tag in survey.tags.values():
        by_asset.setdefault(tag.asset, []).append(tag)
    assets = folded((asset, None, (asset, tags)) for asset, tags in by_asset.items())
    return Findings(
        span,
        [_topic_row(family, span) for family in families],
        [row for family in assets for row in _tag_rows(family.path, dict(family.members), survey.plant, span)],
        [row for family in families for row in _letter_rows(family)],
        [row for family in assets for row in _energy_rows(family.path, dict(family.members), survey.plant)],
        families,
        _used(survey.topics.values()),
    )


def _kind(seen: TopicSeen) -> tuple[str, Way] | str:
    """Topics of one kind are folded; those of single values by the folding's own name for it."""
    way = seen.way or UNTOLD
    return seen.shape if seen.shape == "bare" and way == UNTOLD else (seen.shape, way)


def _used(topics: Iterable[TopicSeen]) -> list[Way]:
    """Ways that the plant file has to tell, that of most topics first."""
    counts = Counter(way for seen in topics if (way := seen.way) is not None and way != UNTOLD and not way.is_ignored)
    return [way for way, _ in counts.most_common()]


def _topic_row(family: Family[TopicSeen], span: float) -> TopicRow:
    seen = family.members
    keys = sum((each.keys for each in seen), Counter[str]())
    offsets = [offset for each in seen for offset in each.offsets]
    live = sum(each.live for each in seen)
    return TopicRow(
        family.path,
        # Levels too deep to be folded are one for the family, and each one for who reads the path.
        family.counts + (1,) * (family.path.count("/") + 1 - len(family.counts)),
        len(seen),
        sum(each.messages for each in seen),
        sum(each.retained for each in seen),
        _rate(live, span),
        seen[0].shape,
        seen[0].way or UNTOLD,
        ", ".join(key for key, _ in keys.most_common(2)),
        median(offsets) / _SECOND_NS if offsets else None,
    )


def _rate(count: float, span: float) -> float:
    return count / span if span > 0 else 0.0


def _tag_rows(pattern: str, assets: dict[str, list[TagSeen]], plant: Plant, span: float) -> list[TagRow]:
    by_name: dict[str, list[TagSeen]] = {}
    for tags in assets.values():
        for tag in tags:
            by_name.setdefault(tag.tag, []).append(tag)
    return [_tag_row(pattern, name, by_name[name], plant, span) for name in sorted(by_name)]


def _tag_row(pattern: str, name: str, tags: list[TagSeen], plant: Plant, span: float) -> TagRow:
    info = plant.tag_info(tags[0].asset, name)
    kind = name[1:] if name == "@waveform" else "event" if tags[0].is_event else told_kind(info)
    guesses = Counter(tag.behaviour.guess() for tag in tags)
    rows = sum(tag.rows * tag.topic.live / max(tag.topic.read, 1) for tag in tags)
    with_numbers = [tag.behaviour for tag in tags if tag.behaviour.numbers and not tag.is_event]
    return TagRow(
        pattern,
        name,
        len(tags),
        info.unit,
        kind,
        "" if kind else guesses.most_common(1)[0][0],
        _rate(rows / len(tags), span),
        min((each.low for each in with_numbers), default=None),
        max((each.high for each in with_numbers), default=None),
        next((tag.behaviour.text for tag in tags if tag.behaviour.text), ""),
        sum(tag.behaviour.falls for tag in tags) if info.role in _CUMULATIVE else 0,
    )


def _letter_rows(family: Family[TopicSeen]) -> list[LetterRow]:
    found: dict[str, LetterRow] = {}
    for seen in family.members:
        for reason, letters in seen.letters.items():
            row = found.get(reason) or LetterRow(family.path, reason, 0, letters.detail, letters.example)
            found[reason] = row._replace(readings=row.readings + letters.count)
    return list(found.values())


def _energy_rows(pattern: str, assets: dict[str, list[TagSeen]], plant: Plant) -> list[EnergyRow]:
    found: Counter[Sources] = Counter()
    for asset, tags in assets.items():
        found.update(each for each in energy_sources(plant, asset, [tag.tag for tag in tags]) if each.sort in _FLOWS)
    return [
        EnergyRow(pattern, count, _FLOWS[each.sort], each.source, [*each.taken], [*each.in_reserve])
        for each, count in found.items()
    ]
