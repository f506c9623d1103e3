"""What a tag's values do, and what that makes one guess where neither the plant file nor the tag's name tells what it is.

| what its values do, once there are a few | guess |
|---|---|
| numbers: only 0 and 1, both | `switch` |
| numbers: rise and never fall, whole | `counter` |
| numbers: rise and never fall, with fractions | `register` |
| whole numbers: at most 8 different ones, that come again | `state` |
| texts: all are words of `fieldline/states.py` | `state` |
| texts: only on, off, true, false, yes, no, open, closed | `switch` |
| any other text | `text` |
| anything else | `value` |
"""

from fieldline.states import state_of
from fieldline.tags import TagInfo
from fieldline.units import Role

_MOST_DIFFERENT = 16
_FEW = 8
_SOME, _MANY = 4, 10
_LONGEST = 60
_SWITCHES = frozenset("on off true false yes no open opened closed close".split())


class Behaviour:
    """What is remembered of a tag's values: a few numbers, and at most 16 different values.

    numbers, texts : how many of each; rises, falls : how often a number was larger or smaller than the one before
    low, high, last : of the numbers; words : different texts, cut at 60 characters
    """

    __slots__ = ("falls", "high", "is_whole", "last", "low", "numbers", "rises", "text", "texts", "values", "words")

    def __init__(self) -> None:
        self.numbers = self.texts = self.rises = self.falls = 0
        self.low, self.high, self.last = float("inf"), float("-inf"), float("nan")
        self.is_whole = True
        self.values: set[float] = set()
        self.words: set[str] = set()
        self.text = ""

    def take_number(self, value: float) -> None:
        """One more number."""
        last = self.last
        if value > last:
            self.rises += 1
        elif value < last:
            self.falls += 1
        self.last = value
        self.numbers += 1
        if value < self.low:
            self.low = value
        if value > self.high:
            self.high = value
        if len(self.values) <= _MOST_DIFFERENT:
            self.values.add(value)
        if self.is_whole and value % 1:
            self.is_whole = False

    def take_text(self, payload: bytes) -> None:
        """One more text, in UTF-8."""
        self.text = payload[: 4 * _LONGEST].decode("utf-8", "replace")[:_LONGEST]
        self.texts += 1
        if len(self.words) <= _MOST_DIFFERENT:
            self.words.add(self.text)

    def guess(self) -> str:
        """What the values make one guess, see the table above."""
        if self.texts:
            return self._of_texts()
        if self.values == {0.0, 1.0}:
            return "switch"
        if self.rises >= _SOME and not self.falls:
            return "counter" if self.is_whole else "register"
        if self.is_whole and self.numbers >= _MANY and 2 <= len(self.values) <= min(_FEW, self.numbers // 2):
            return "state"
        return "value"

    def _of_texts(self) -> str:
        words = {word.strip().casefold() for word in self.words}
        if words <= _SWITCHES:
            return "switch"
        is_state = len(words) > 1 and all(state_of(word) is not None for word in words)
        return "state" if is_state else "text"


_KINDS = {
    Role.ACTIVE_POWER: "power",
    Role.REACTIVE_POWER: "reactive power",
    Role.ACTIVE_REGISTER: "register",
    Role.REACTIVE_REGISTER: "reactive register",
    Role.ACTIVE_INTERVAL: "interval",
    Role.REACTIVE_INTERVAL: "reactive interval",
    Role.ACTIVE_PULSE: "pulse",
}


def told_kind(info: TagInfo) -> str:
    """What plant file, name and unit tell of a tag; nothing where they tell nothing."""
    if info.role is not Role.NONE:
        return _KINDS.get(info.role, info.role.name.lower())
    return "value" if info.unit is not None else ""
