"""What comes with the rows of a partition and no metric can use.

Unknown states and kinds of events, attributes by other names, texts where numbers belong, meters that are exchanged and are none,
corrections and orders of assets that nothing else is heard of.

Counted as rows come, those that come twice too. Of a line the first names are kept, the rest is one number: a device that sends random
words makes no state grow. Nothing that is emitted depends on it.
"""

from collections import Counter
from collections.abc import Callable
from math import isfinite
from typing import Any

import msgspec
import numpy as np

from fieldline.event_kinds import odd_parts
from fieldline.frames import Readings
from fieldline.plant import Plant
from fieldline.tables import nearest
from fieldline.tags import Form
from fieldline.units import name_words
from fieldline.unused import NO_METER, STATE, TEXT, TOO_SHORT, UNHEARD, Beyond, Heard, Unused
from processing.timeline.events import is_about_others, moment_ms
from processing.timeline.registry import Registry

NAMES_OF_A_LINE = 20
_TEXT_TAG = "@text/"
_LONGEST = 60  # characters of a word or an example

_Key = tuple[str, str, str]  # line, what, and what tells it from others


class UnusedWords:
    """Of one partition."""

    def __init__(self, plant: Plant, registry: Registry) -> None:
        self._plant, self._registry = plant, registry
        self._found: dict[_Key, Unused] = {}
        self._names: Counter[str] = Counter()
        self._beyond: Counter[str] = Counter()
        self._useless: dict[tuple[str, str], bool] = {}

    def look(self, frame: Readings) -> None:
        """Count what of a frame's rows no metric can use."""
        codes = [code for code, tag in enumerate(frame.tags) if tag[0] == "@" and tag != "@waveform"]
        if not codes or frame.payload is None:
            return
        for row in np.flatnonzero(np.isin(frame.tag, codes)).tolist():
            asset, tag, payload = frame.assets[frame.asset[row]], frame.tags[frame.tag[row]], frame.payload[row]
            if tag.startswith(_TEXT_TAG):
                self._look_at_text(asset, tag[len(_TEXT_TAG) :], payload or b"")
            else:
                self._look_at_event(asset, tag, payload or b"", int(frame.time[row]))

    def _look_at_text(self, asset: str, tag: str, text: bytes) -> None:
        """A text counts where the tag's name or declaration is that of a number."""
        is_useless = self._useless.get((asset, tag))
        if is_useless is None:
            if len(self._useless) > 10_000:
                self._useless.clear()
            is_useless = self._useless[asset, tag] = self._is_number(asset, tag)
        if is_useless:
            self._count(asset, TEXT, tag, f"{text.decode('utf-8', 'replace')!r:.{_LONGEST}}")

    def _is_number(self, asset: str, tag: str) -> bool:
        """Whether a text of a tag is useless; words of a tag that is called state would be a machine's."""
        info = self._plant.tag_info(asset, tag)
        return info.is_number or (info.form is Form.OPEN and name_words(tag)[-1:] == ("state",))

    def _look_at_event(self, asset: str, tag: str, payload: bytes, time: int) -> None:
        kind = tag[1:]
        said = _attributes(payload)
        for odd in odd_parts(kind, said):
            self._count(asset, odd.what, odd.word, odd.came, odd.hint)
        word = said.get("state")
        if kind in ("state", "correction") and isinstance(word, str) and self._plant.state_of(word) is None:
            self._count(asset, STATE, word, repr(word)[:_LONGEST])
        about = said.get("tag")
        if kind == "meter" and isinstance(about, str) and not self._plant.tag_info(asset, about).is_meter:
            self._count(asset, NO_METER, about, asset[:_LONGEST], nearest(about, self._meters_of(asset)))
        if kind == "meter" and isinstance(about, str) and said.get("amount") is not None:
            length, until = self._plant.slice_ns(asset), moment_ms(said.get("until"))
            if isfinite(until) and round(until) * 1_000_000 // length <= -(
                -time // length
            ):  # as `registers.take_amount` has it
                self._count(asset, TOO_SHORT, about, str(said["until"])[:_LONGEST])
        if is_about_others(tag) and not self._is_heard(asset, kind):
            near = nearest(asset, self._registry.peers_of(asset))
            self._count(asset, UNHEARD, f"{kind}s", asset[:_LONGEST], near)

    def _meters_of(self, asset: str) -> list[str]:
        """The registers and counters of an asset, as far as it was heard of."""
        return [tag for tag in self._registry.tags_of(asset) if self._plant.tag_info(asset, tag).is_meter]

    def _is_heard(self, asset: str, kind: str) -> bool:
        """Whether anything else is heard of what an event is about: the asset that is corrected, the line or machine that takes orders."""
        line, machine = self._plant.line_of(asset), self._plant.order_machine(asset)
        if machine and kind in ("order", "product"):
            return self._registry.is_machine_heard(machine)
        return (
            self._registry.is_heard(asset)
            or (kind != "correction" or asset == line)
            and self._registry.is_line_heard(line)
        )

    def heard(self) -> Heard:
        """What is to be told: what came of an asset of which more is heard by now is not, nor what the plant file explains by now."""
        for key, each in list(self._found.items()):
            if self._is_useful(each):
                del self._found[key]
                self._names[each.line] -= 1
        return Heard(tuple(self._found.values()), tuple(Beyond(*item) for item in self._beyond.items()))

    def _is_useful(self, each: Unused) -> bool:
        if each.what == UNHEARD:
            return self._is_heard(each.asset, each.word.removesuffix("s"))
        if each.what == STATE:
            return self._plant.state_of(each.word) is not None
        if each.what == NO_METER:
            return self._plant.tag_info(each.asset, each.word).is_meter
        return each.what == TEXT and not self._is_number(each.asset, each.word)

    def restore(self, heard: Heard) -> None:
        """Take what `heard` gave."""
        for each in heard.unused:
            self._found[each.line, each.what, _name(each)] = each
            self._names[each.line] += 1
        self._beyond.update({each.line: each.count for each in heard.beyond})

    def keep(self, is_kept: Callable[[str], bool]) -> None:
        """Let go of what lines said that are not kept."""
        kept = Heard(
            tuple(each for each in self.heard().unused if is_kept(each.line)),
            tuple(Beyond(line, count) for line, count in self._beyond.items() if is_kept(line)),
        )
        self._found.clear()
        self._names.clear()
        self._beyond.clear()
        self.restore(kept)

    def _count(self, asset: str, what: str, word: str, came: str, hint: str = "") -> None:
        line = self._plant.line_of(asset)
        fresh = Unused(line, what, word[:_LONGEST], asset, came, 1, hint)
        key = line, what, _name(fresh)
        known = self._found.get(key)
        if known is not None:
            self._found[key] = msgspec.structs.replace(known, count=known.count + 1)
        elif self._names[line] >= NAMES_OF_A_LINE:
            self._beyond[line] += 1
        else:
            self._names[line] += 1
            self._found[key] = fresh


def _name(unused: Unused) -> str:
    """What tells it from others of its line: the word, whoever said it first; of what is unheard, also the asset."""
    return f"{unused.asset} {unused.word}" if unused.what == UNHEARD else unused.word


def _attributes(payload: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
