"""What devices said and no metric can use: counted, named with an example, and what to do about it.

Part of the process stage's account of a partition, so that it survives what the account survives. `status` and `doctor` show it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from fieldline.event_kinds import EVENT_KINDS
from fieldline.states import state_names
from fieldline.tables import nearest

STATE = "state"
TEXT = "text"
NO_METER = "no meter"
TOO_SHORT = "too short"
UNHEARD = "unheard"
"""What may be said for nothing, beside what `event_kinds.Odd` says of an event's parts."""


_LISTED = 8


class Unused(msgspec.Struct, frozen=True):
    """Something that was said `count` times of a line's assets.

    what : `event kind`, `attribute`, `number` (a count that is none), `state` (an unknown word), `text` (where a number belongs),
    `no meter` (an exchange, or an amount, of a tag that is no register or counter), `too short` (an amount of less than a whole minute, or
    what the line's slices are) or `unheard` (a correction, an order or a product for
    an asset of which nothing else came)
    word : the kind, the attribute, the word, the tag; what was said of an asset that is not heard of
    asset, came : of the first one that was heard: the asset, and what stood there
    """

    line: str
    what: str
    word: str
    asset: str
    came: str
    count: int
    hint: str = ""

    @property
    def said(self) -> str:
        """What was said for nothing, and what to do, in words."""
        return f"{self.asset}: {_SENTENCES[self.what](self)} ({'once' if self.count == 1 else f'{self.count} times'})"


class Beyond(msgspec.Struct, frozen=True):
    """How often a line said other useless things than the first that are kept by name."""

    line: str
    count: int

    @property
    def said(self) -> str:
        """That there is more, in words."""
        return f"{self.line}: {self.count} more such, by other names, are only counted"


def _of_kind(unused: Unused) -> str:
    return f"no metric reads events of kind {unused.word!r}{unused.hint}; those that are read: {', '.join(EVENT_KINDS)}"


def _of_attribute(unused: Unused) -> str:
    kind, _, name = unused.word.partition(".")
    known = EVENT_KINDS[kind].attributes if kind in EVENT_KINDS else ()
    return f"no {kind} event has an attribute {name!r}{unused.hint}; it has {', '.join(known)}"


def _of_number(unused: Unused) -> str:
    return f"{unused.word.replace('.', ': ', 1)} is {unused.came}, which is no number: it counts nothing; send it without quotes"


def _of_state(unused: Unused) -> str:
    return (
        f"unknown state {unused.came}{nearest(unused.word.lower(), state_names())}; its time is unqualified. Map it in the plant "
        f'file: [states] {msgspec.json.encode(unused.word).decode()} = "setup", or what it means'
    )


def _of_text(unused: Unused) -> str:
    word = unused.came.strip("'")
    if unused.word.lower().endswith("state"):
        return (
            f"{unused.word} is the text {unused.came}, which tells no machine's state. Send it as an event "
            f'({{"event": "state", "state": …}}), or say in the plant file which PackML number it is: [[topic]] words = {{ {word!r} = 6 }} '
            f'and kind = "state" of the tag'
        )
    return (
        f"{unused.word} is the text {unused.came}, where a number belongs; it is in no metric. Send a number, or say in the plant "
        f'file what words mean ([[topic]] words = {{ {word!r} = 0 }}) or that it is one (kind = "text")'
    )


def _of_no_meter(unused: Unused) -> str:
    return (
        f"a meter event is about {unused.word}, which is no register or counter{unused.hint}; it changes nothing. If it is one, say so in "
        "the plant file (kind of the tag); a reading that is wrong is told by an event of kind 'reading'"
    )


def _of_too_short(unused: Unused) -> str:
    return (
        f"what a meter event says that {unused.word} counted until {unused.came} reaches over no whole minute, or slice where the plant "
        "file says how long those are; it changes nothing. Say it from one on until another one"
    )


def _of_unheard(unused: Unused) -> str:
    return f"nothing but {unused.word} ever came of it, which change nothing{unused.hint}"


_SENTENCES = {
    "event kind": _of_kind,
    "attribute": _of_attribute,
    "number": _of_number,
    STATE: _of_state,
    TEXT: _of_text,
    NO_METER: _of_no_meter,
    TOO_SHORT: _of_too_short,
    UNHEARD: _of_unheard,
}


class Heard(NamedTuple):
    """All that a partition keeps of it."""

    unused: tuple[Unused, ...] = ()
    beyond: tuple[Beyond, ...] = ()


def sentences(heard: Heard, at_most: int = 3) -> list[str]:
    """All of it in words; of one line and sort more than `at_most` are named together."""
    alike: dict[tuple[str, str], list[Unused]] = {}
    for each in heard.unused:
        alike.setdefault((each.line, each.what), []).append(each)
    said = []
    for (line, what), group in alike.items():
        said += [each.said for each in group[:at_most]]
        if rest := group[at_most:]:
            words = ", ".join(repr(each.word) for each in rest[:_LISTED]) + (", …" if len(rest) > _LISTED else "")
            said.append(
                f"{line}: {len(rest)} more of that sort ({what}), {sum(each.count for each in rest)} times in all: {words}"
            )
    return said + [each.said for each in heard.beyond]


def joined(parts: Iterable[Heard]) -> Heard:
    """That of several partitions, most often said first."""
    every = list(parts)
    unused = sorted(
        (each for part in every for each in part.unused), key=lambda each: (-each.count, each.asset, each.word)
    )
    return Heard(tuple(unused), tuple(each for part in every for each in part.beyond))


def as_rows(heard: Heard) -> list[Mapping[str, object]]:
    """For programs."""
    return [{**msgspec.structs.asdict(each), "said": each.said} for each in heard.unused]
