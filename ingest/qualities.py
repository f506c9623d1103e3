"""Qualities as devices tell them: words, OPC DA bytes, OPC UA status codes, booleans.

| told | means |
|---|---|
| good, ok, valid, true, `Good_…`, 192 to 255, a status code from 0 | good |
| uncertain, questionable, substituted, `Uncertain_…`, 64 to 127, a status code from 0x40000000 | uncertain |
| bad, invalid, error, false, `Bad_…`, 0 to 63, a status code from 0x80000000 | bad |
| stale, old, `Bad_Stale` | stale |

A plain 0 is OPC DA's bad, but good where the key says that it is a status code (`StatusCode`, `qualityCode`). Under `qc` stands
OPC DA's upper two bits alone: 3 is good.
"""

import re
from typing import Any

from fieldline.frames import Quality

_WORDS = {
    word: quality
    for quality, words in {
        Quality.GOOD: "good ok okay valid normal healthy true",
        Quality.UNCERTAIN: "uncertain questionable suspect doubtful substituted estimated interpolated",
        Quality.BAD: "bad invalid error fail failed failure fault faulty false",
        Quality.STALE: "stale old outdated expired",
    }.items()
    for word in words.split()
}
_PREFIXES = {"good": Quality.GOOD, "uncertain": Quality.UNCERTAIN, "bad": Quality.BAD}
_STATUS_CODES = frozenset({"qualitycode", "statuscode"})
_DIGITS = re.compile(r"-?\d{1,10}|0[xX][0-9a-fA-F]{1,8}", re.ASCII)


def read_quality(value: Any, key: str = "quality") -> Quality | None:
    """The quality that is told, good where none is; None for what is no quality known here.

    key : what it stands under, in lower case without `_` and `-`
    """
    if value is None:
        return Quality.GOOD
    if type(value) is bool:
        return Quality.GOOD if value else Quality.BAD
    if type(value) is str:
        text = value.strip()
        return (
            _of_number(int(text, 0 if text[:2].lower() == "0x" else 10), key)
            if _DIGITS.fullmatch(text)
            else _of_word(text)
        )
    if type(value) is int or (type(value) is float and value.is_integer()):
        return _of_number(int(value), key)
    if type(value) is dict:  # OPC UA's own {"Code": …, "Symbol": …}
        folded = {key.lower(): told for key, told in value.items()}
        told = folded.get("symbol", folded.get("code"))
        return None if told is None or type(told) is dict else read_quality(told, "statuscode")
    return None


def _of_number(code: int, key: str) -> Quality | None:
    if -(2**31) <= code < 0:
        code += 2**32
    if key == "qc":
        code = code << 6 if 0 <= code <= 3 else -1
    if key in _STATUS_CODES or 2**30 <= code < 2**32:
        # The upper two bits are the severity, of which 3 is reserved.
        return (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, None)[code >> 30] if 0 <= code < 2**32 else None
    return (Quality.BAD, Quality.UNCERTAIN, None, Quality.GOOD)[code >> 6] if 0 <= code < 256 else None


def _of_word(text: str) -> Quality | None:
    word = re.sub(r"[\W_]+", "", text).casefold()
    if word in _WORDS:
        return _WORDS[word]
    for prefix, quality in _PREFIXES.items():
        if word.startswith(prefix):
            return Quality.STALE if "stale" in word else quality
    return None
