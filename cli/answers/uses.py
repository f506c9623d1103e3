"""What tags are taken for, as `check` and `doctor` say it."""

from collections.abc import Iterable, Iterator, Mapping

from cli.report import Data, Note, Piece, Table, columns
from fieldline.plant import Plant
from fieldline.plantfile.globs import is_glob
from fieldline.units import find_unit
from fieldline.uses import Use, uses_of

_SHOWN = 60


def declared_tags(plant: Plant) -> dict[str, set[str]]:
    """The tags that the plant file names, by the assets that it names; globs stand for others."""
    named = ((entry.path, {tag for tag in entry.tags if not is_glob(tag)}) for entry in plant.assets)
    return {path: tags for path, tags in named if tags and not is_glob(path)}


def every_use(plant: Plant, tags: Mapping[str, Iterable[str]]) -> list[Use]:
    """What the tags of assets are taken for, but of events."""
    return [
        use for asset in sorted(tags) for use in uses_of(plant, asset, (tag for tag in tags[asset] if tag[0] != "@"))
    ]


def tables(uses: list[Use], where: str) -> Iterator[Piece]:
    """All of it for programs; for people first what energy, states and pieces come from, then what is named like energy and is none.

    where : where the tags were found, in words.
    """
    yield Data("tags", [use._asdict() for use in uses])
    taken = [use for use in uses if use.taken_for]
    if not uses:
        return
    values = len(uses) - len(taken)
    yield Note(f"tags {where}: {len(taken)} are taken for energy, states or pieces, {values} for values alone")
    shown = [*taken, *(use for use in uses if is_doubtful(use))]
    names = ("asset", "tag", "taken_for", "why")
    if shown:
        rows = [{**use._asdict(), "taken_for": use.taken_for or "-"} for use in shown[:_SHOWN]]
        yield Table("", columns(*names), rows, keys=2)
    if len(shown) > _SHOWN:
        yield Note(f"and {len(shown) - _SHOWN} more: --json has all")


def is_doubtful(use: Use) -> bool:
    """Whether a tag that is taken for nothing may well have been meant for energy, a state or pieces."""
    if use.taken_for:
        return False
    word = use.tag.lower().replace("/", "_").rpartition("_")[2]
    return (
        use.why.startswith("its name says") or word in _MEANT or (word.isalpha() and len(word) <= 4 and _is_power(word))
    )


_MEANT = frozenset(
    "power energy leistung energie strom hp ps kwatt watt watts w state status count counter parts stueck".split()
)


def _is_power(word: str) -> bool:
    try:
        return find_unit(word).quantity in ("active_power", "active_energy")
    except ValueError:
        return False
