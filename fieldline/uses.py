"""What each tag of an asset is taken for, and why: energy, states, pieces, or a value alone.

What is said here of energy follows from names and declarations: which source goes before which. Which one an asset's energy came from at
a moment depends on what was observed then; `energy_source` of its row and `fieldline explain` say it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fieldline.meters import ADD_UP, DECLARED, source_name, source_of
from fieldline.plant import Plant, Role
from fieldline.tags import Form, TagInfo
from fieldline.units import COUNT_ROLES, find_unit, unspoken_words

_REACTIVE = frozenset({Role.REACTIVE_POWER, Role.REACTIVE_REGISTER, Role.REACTIVE_INTERVAL})
_OF_ENERGY = frozenset({"active_power", "reactive_power", "active_energy", "reactive_energy"})


class Use(NamedTuple):
    """A tag of an asset. taken_for : what; "" for nothing but a value or a text; why : in words, of what is not taken, too."""

    asset: str
    tag: str
    taken_for: str
    why: str


class Sources(NamedTuple):
    """Where energy of a sort comes from. taken : the tags that go before the others; in_reserve : those that stand in for them."""

    sort: str
    source: str
    taken: tuple[str, ...]
    in_reserve: tuple[str, ...]


def uses_of(plant: Plant, asset: str, tags: Iterable[str]) -> list[Use]:
    """What an asset's tags are taken for, by their names."""
    named = sorted(tags)
    of_energy = {
        tag: sources for sources in energy_sources(plant, asset, named) for tag in (*sources.taken, *sources.in_reserve)
    }
    return [Use(asset, tag, *_use(plant, asset, tag, of_energy)) for tag in named]


def energy_sources(plant: Plant, asset: str, tags: Iterable[str]) -> list[Sources]:
    """Where an asset's energy comes from as long as all its tags tell something, by sort: drawn, fed back, reactive."""
    declared = plant.asset_info(asset).energy_tags
    by_sort: dict[str, list[tuple[int, str, TagInfo]]] = {}
    for tag in sorted(tags):
        info = plant.tag_info(asset, tag)
        source = 0 if tag.startswith("@") else source_of(info.share, info.role, is_declared=tag in declared)
        if source:
            by_sort.setdefault(_sort(info), []).append((source, tag, info))
    return [_sources(sort, named) for sort, named in by_sort.items()]


def _sort(info: TagInfo) -> str:
    flow = "exported " if info.is_fed_back else ""
    return f"{flow}{'reactive ' if info.role in _REACTIVE else ''}energy"


def _sources(sort: str, named: list[tuple[int, str, TagInfo]]) -> Sources:
    best = max(source for source, _, _ in named)
    of_best = [(tag, info) for source, tag, info in named if source == best]
    adds_up = best == DECLARED or of_best[0][1].share in ADD_UP
    taken = tuple(tag for tag, _ in (of_best if adds_up else of_best[:1]))
    return Sources(sort, source_name(best), taken, tuple(tag for _, tag, _ in named if tag not in taken))


def _use(plant: Plant, asset: str, tag: str, of_energy: Mapping[str, Sources]) -> tuple[str, str]:
    if tag.startswith("@"):
        return ("", "a text") if tag.startswith("@text/") else ("events", tag[1:])
    info, declared = plant.tag_info(asset, tag), plant.declared(asset, tag)
    is_said = bool(declared.keys() & {"kind", "unit", "share"})
    by = "declared" if is_said else "by its name"
    if (sources := of_energy.get(tag)) is not None:
        how = (
            "declared (energy_tags)" if tag in plant.asset_info(asset).energy_tags else f"{by}: {info.unit or 'pulses'}"
        )
        if tag in sources.taken:
            return sources.sort, how if sources.source == "declared" else f"{sources.source}; {how}"
        return f"{sources.sort}, in reserve", f"{', '.join(sources.taken)} ({sources.source}) goes before it; {how}"
    if info.role in COUNT_ROLES:
        return f"{info.role.name.lower().removesuffix('_count')} pieces", f"{info.counts_by}; {by}"
    if info.role is Role.STATE:
        return "state", f"{'codes of the plant file' if 'codes' in declared else 'PackML numbers'}; {by}"
    if info.role is Role.RUNNING:
        return "state", f"producing or not; {by}"
    return "", _why_not(tag, info, declared.get("kind"))


def _why_not(tag: str, info: TagInfo, kind: object) -> str:
    """Why a tag is taken for nothing but its values."""
    if kind is not None:
        return f"declared as {kind}"
    if info.form is Form.LIKELY_TEXT:
        return "by its name a label"
    if info.unit is None:
        return "its name ends in no unit"
    quantity = find_unit(info.unit).quantity
    if quantity not in _OF_ENERGY:
        return f"{quantity.replace('_', ' ')} in {info.unit}"
    said = ", ".join(sorted(unspoken_words(tag)))
    return f"its name says {said}: not what the asset draws or feeds back"
