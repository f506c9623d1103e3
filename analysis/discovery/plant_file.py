"""A draft of the plant file that reads what was found: presets and codecs, and tags where their values tell what they are.

Guesses are comments, so that the draft changes nothing that its writer did not look at. What stands without `#`: topics that are read
better by a preset or a codec, and kinds that the values themselves tell (words of states, of switches).
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from analysis.discovery.findings import Findings, TagRow
from analysis.discovery.folding import Family
from analysis.discovery.survey import Survey, TopicSeen
from analysis.discovery.ways import UNTOLD, Way
from analysis.toml_words import key, quoted
from ingest.presets import preset

_ZONE = """\
# The site's zone, for times without an offset and for the calendar; without it they are UTC.
# time_zone = "Europe/Berlin"
# Where texts have decimal commas, such as "42,5":
# decimal = ","
"""

_GUESSES = {
    "counter": (
        'kind = "good_count"',
        "rises by whole numbers: total_count, scrap_count, or a register with its unit?",
    ),
    "register": ('kind = "register"', 'rises and never falls; needs its unit: unit = "kWh"'),
    "state": ('kind = "state"', "a few whole numbers that come again; codes says which state each is"),
    "switch": ('kind = "switch"', "only 0 and 1: or running, where it is a machine's?"),
}


def plant_file(found: Findings, survey: Survey, where: str) -> str:
    """The file's text. where : what was listened to, for its first line."""
    head = f"# A draft by `fieldline discover` of {_one_line(where)}: {survey.messages} messages in {found.seconds:.0f} s.\n"
    parts = [
        head,
        _ZONE,
        *_local(found),
        *_short(survey),
        *_topics(found, survey),
        *_letters(found),
        *_assets(found.tags),
    ]
    return "\n".join(parts)


def _one_line(text: str) -> str:
    """For a comment: a name from a device must not end it."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _local(found: Findings) -> Iterator[str]:
    rows = [row for row in found.topics if row.looks_local]
    if rows:
        lines = [f"#   {_one_line(row.pattern)}: {row.time}, off by {row.offset:.0f} s" for row in rows]
        yield "\n".join(["# Times that look local, so that their zone is to be declared:", *lines, ""])


def _short(survey: Survey) -> Iterator[str]:
    """A comment for each site whose assets have so few levels that each is a line of its own."""
    plant, by_site = survey.plant, dict[str, set[str]]()
    for asset in {tag.asset for tag in survey.tags.values()}:
        by_site.setdefault(asset.partition("/")[0], set()).add(asset)
    for site, assets in sorted(by_site.items()):
        if len(assets) > 1 and all(plant.is_above_lines(asset) for asset in assets):
            some = _one_line(", ".join(sorted(assets)[:3]) + (", …" if len(assets) > 3 else ""))
            lines = [
                f"# Each of {some} is a line of its own. To have them share one, so that metrics which remember can read them together:",
                "# [[site]]",
                f"# path = {quoted(site)}",
                "# line_depth = 1",
                "",
            ]
            yield "\n".join(lines)


def _topics(found: Findings, survey: Survey) -> Iterator[str]:
    for way in found.ways:
        if way.preset:
            root = f"root = {quoted(way.root)}\n" if way.root else ""
            yield f"[[topic]]\npreset = {quoted(way.preset)}\n{root}{_place(way, survey)}"
    for family in found.families:
        way = family.members[0].way or UNTOLD
        if way.codec:
            yield _of_codec(family, way, survey)
    plain = [row for row in found.topics if row.way == UNTOLD]
    if plain:
        lines = [f"#   {_one_line(row.pattern)}  ({row.topics})" for row in plain]
        yield "\n".join(["# Read without being told more, by the names of their levels and keys:", *lines, ""])


def _place(way: Way, survey: Survey) -> str:
    """A comment that asks where the devices of a preset stand; nothing where their topics tell it."""
    template = next((topic.asset for topic in preset(way.preset).topic if topic.asset), "")
    assets = sorted({tag.asset for tag in survey.tags.values() if tag.topic.way == way})
    if not assets or all(survey.plant.line_of(asset) != asset for asset in assets):
        return ""
    some = _one_line(", ".join(assets[:3]) + (", …" if len(assets) > 3 else ""))
    return f"# asset = {quoted(template)}  # where they stand: site/area/line/…; without it {some}\n"


def _of_codec(family: Family[TopicSeen], way: Way, survey: Survey) -> str:
    """A topic entry that keeps the assets and tags which the codec gave without it."""
    pattern = family.path
    if any(
        count == 1 and re.search(r"[{}]", level) for level, count in zip(family.pattern, family.counts, strict=True)
    ):
        return f"# No pattern can name {_one_line(pattern)}: its levels have braces. Its codec is {way.codec}.\n"
    # Without being told more, a single value's tag is the topic's last level.
    is_value = any(
        (asset, tag) in survey.tags for asset, _, tag in (seen.topic.rpartition("/") for seen in family.members)
    )
    asset, _, tag = pattern.rpartition("/") if is_value else (pattern, "", "")
    lines = ["[[topic]]", f"pattern = {quoted(pattern)}", f"asset = {quoted(asset)}"]
    return "\n".join([*lines, *([f"tag = {quoted(tag)}"] if tag else []), f"codec = {quoted(way.codec)}", ""])


def _letters(found: Findings) -> Iterator[str]:
    if found.letters:
        lines = [
            f"#   {_one_line(f'{row.pattern}: {row.reason}: {row.detail}')} ({row.readings})" for row in found.letters
        ]
        yield "\n".join(["# Could not be read:", *lines, ""])


def _assets(rows: Sequence[TagRow]) -> Iterator[str]:
    by_glob: dict[str, dict[str, TagRow]] = {}
    for row in rows:
        if not row.kind and row.guess != "text":
            by_glob.setdefault(glob_of(row.pattern), {}).setdefault(row.tag, row)
    yield from _fallen(rows)
    for glob, tags in by_glob.items():
        told = [line for row in tags.values() if _is_told(row) for line in _entry(row)]
        guessed = [f"# {line}" for row in tags.values() if not _is_told(row) for line in _entry(row)]
        mark = "" if told else "# "
        yield "\n".join([f"{mark}[[asset]]", f"{mark}path = {quoted(glob)}", *told, *guessed, ""])


def _fallen(rows: Iterable[TagRow]) -> Iterator[str]:
    """Registers and counters that fell, as comments: only limits tell a reset or a rollover from a glitch for certain."""
    for row in rows:
        if row.falls:
            yield "\n".join(
                [
                    f"# Fell {row.falls}×: glitches, a gateway that is behind, resets, a rollover? max_delta is the largest step.",
                    "# [[asset]]",
                    f"# path = {quoted(glob_of(row.pattern))}",
                    f"# [asset.tags.{key(row.tag)}]",
                    f"# max_delta =   # shown: {_range(row)}",
                    "# modulus =     # where it rolls over, if it does",
                    "",
                ]
            )


def glob_of(pattern: str) -> str:
    """A family's pattern as the plant file names assets: `*` for levels that differ, other signs of globs as themselves."""
    levels = (
        "*" if re.fullmatch(r"\{\w+\}", level) else re.sub(r"([*?[])", r"[\1]", level) for level in pattern.split("/")
    )
    return "/".join(levels)


def _is_told(row: TagRow) -> bool:
    """Whether the values themselves tell what the tag is."""
    return bool(row.text) and row.guess in ("state", "switch")


def _entry(row: TagRow) -> list[str]:
    head = f"[asset.tags.{key(row.tag)}]"
    if _is_told(row):
        return [head, f'kind = "{row.guess}"  # such as {_one_line(quoted(row.text))}']
    if row.guess in _GUESSES:
        line, why = _GUESSES[row.guess]
        return [head, f"{line}  # guess: {why}"]
    return [head, f'unit = ""  # {_range(row)}']


def _range(row: TagRow) -> str:
    return f"{row.low:g} to {row.high:g}" if row.low is not None and row.high is not None else "no number yet"
