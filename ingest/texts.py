"""What a text means as a value: numbers in quotes, numbers with units, words for on and off.

The rule looks at the text and at what is known of its tag, never at what came before, so that a tag is the same in
whatever order its messages come.

| the tag | a number | a number with a unit | on, off, true, false, yes, no | other texts |
|---|---|---|---|---|
| declared, with a unit or kind | the number, however written, also `007`, `+3`, `0x1F` | in the tag's unit | bad value | bad value |
| declared `kind = "switch"` or `"running"` | the number | bad value | 1 or 0, also open, closed, … | bad value |
| declared `kind = "text"` | text | text | text | text |
| its name tells a unit or a role (`power_kw`) | the number, also `007` and `+3` | in the tag's unit | text | text |
| its name is that of a label (`serial_number`, `id`) | text | text | text | text |
| nothing is known | the number if it can be no label | text, and a number | text, and 1 or 0 | text |

A number that can be no label is a plain decimal: no leading zero, no `+`, at most 15 digits if whole (a float64 holds
them exactly, a serial number may have more), an exponent only with a point, a sign or after one digit (`1E3`; `12E4` is a
part). Where a number is read beside a text, the texts stay complete: a `mode` of auto, off and on has all three. With a unit
and nothing known, the number is in the unit that the quantity has throughout (kW, kWh, kPa, …; percent stay percent),
so that `980 W` and `1.2 kW` are one series. `nan`, `inf`, `1.#QNAN` and their kind are bad values wherever a number can be.
"""

import math
import re
from functools import lru_cache
from typing import NamedTuple

from fieldline.errors import PayloadError
from fieldline.tags import Form, TagInfo
from fieldline.units import QUANTITIES, Unit, convert, find_unit

_EXPONENT = r"(?:[eE][+-]?\d{1,4})?"
_NUMBERS = {
    ".": re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}", re.ASCII),
    ",": re.compile(rf"[+-]?(?:(?:\d{{1,3}}(?:[. '\u00a0\u202f]\d{{3}})+|\d+)(?:,\d*)?|,\d+){_EXPONENT}", re.ASCII),
}
"""A number as written with each decimal sign; with a comma, thousands may be set apart."""
_PLAIN = re.compile(r"-?((?:0|[1-9]\d*)?(?:\.\d*)?)(?:[eE]([+-]?)\d{1,4})?", re.ASCII)
_MAX_WHOLE_DIGITS = 15
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,13}")
_NO_NUMBER = re.compile(r"[+-]?(?:nan(?:\(\w*\))?|inf(?:inity)?|1\.#\w+)", re.IGNORECASE)
_COMMA_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:[. ]\d{3})+|\d+),\d+", re.ASCII)
_WITH_UNIT = re.compile(r"([+-]?[\d.,]*\d(?:[.,](?=\D))?(?:[eE][+-]?\d+)?)(\s*)([^\d\s.,+-]\S{0,15})")
_TO_POINT = str.maketrans({",": ".", **dict.fromkeys(". '\u00a0\u202f")})
_ON = frozenset("on true yes open opened enabled active running run started start".split())
_OFF = frozenset("off false no closed close disabled inactive stopped stop".split())
_COMMON = frozenset("on off true false yes no".split())
"""Words that mean the same of anything, so they need no declaration: `open` is 1 of a valve and 0 of a circuit."""
_SHORT = 64
_READS_NUMBERS = frozenset({Form.NUMBER, Form.LIKELY_NUMBER, Form.SWITCH, Form.LIKELY_SWITCH})


class Meaning(NamedTuple):
    """What a text says: its number, None if it is none, and whether it is kept as a text."""

    value: float | None
    is_text: bool


_TEXT = Meaning(None, True)


def meaning_of(text: str, info: TagInfo, decimal: str = ".", is_bare: bool = False) -> Meaning:
    """What a text means for a tag.

    decimal : the sign before the fraction, '.' or ','
    is_bare : the text is a payload without quotes, where `007.5` and `+3` are no labels

    Raises PayloadError with reason `value` for what a tag of that kind can't hold.
    """
    if info.form is Form.TEXT or info.form is Form.LIKELY_TEXT:
        return _TEXT
    read = _read_again if len(text) <= _SHORT else _read
    return read(text.strip(" \t\r\n\0"), info.form, info.unit, decimal, is_bare)


def _read(word: str, form: Form, unit: str | None, decimal: str, is_bare: bool) -> Meaning:
    if is_no_number(word):
        raise PayloadError("value", f"expected a finite number, got {word[:40]}")
    value = number_of(word, decimal)
    if value is not None:
        if form in _READS_NUMBERS or _is_plain(_with_point(word, decimal), is_bare):
            return Meaning(_finite(value, word), False)
        return _TEXT
    if decimal == "." and is_comma_number(word):
        raise PayloadError("value", f'{word[:40]!r}: a decimal comma is read where decimal = "," is declared')
    if decimal == "," and number_of(word) is not None and (form in _READS_NUMBERS or _is_plain(word, is_bare)):
        raise PayloadError("value", f'{word[:40]!r}: a decimal point, where decimal = "," is declared')
    return _of_word(word, form) or _of_quantity(word, form, unit, decimal) or _refused(word, form, unit, is_bare)


_read_again = lru_cache(maxsize=4096)(_read)
"""Most texts are the same few words over and over."""


def is_no_number(text: str) -> bool:
    """Whether a text says that there is no number: `nan`, `-inf`, `1.#QNAN`."""
    return _NO_NUMBER.fullmatch(text) is not None


def number_of(text: str, decimal: str = ".") -> float | None:
    """The number that a text is, infinite where a float64 can't hold it; None for any other text."""
    if not text or _NUMBERS[decimal].fullmatch(text) is None:
        return None
    return float(_with_point(text, decimal))


def _with_point(number: str, decimal: str) -> str:
    """A number as Python writes it."""
    return number.translate(_TO_POINT) if decimal == "," else number


def _finite(value: float, word: str) -> float:
    if not math.isfinite(value):
        raise PayloadError("value", f"expected a finite number, got {word[:40]}")
    return value


def _is_plain(number: str, is_bare: bool) -> bool:
    """Whether a number can be no label, see the module's text."""
    if is_bare:
        number = number.lstrip("+")
        number = re.sub(r"^(-?)0+(?=\d)", r"\1", number) if "." in number else number
    match = _PLAIN.fullmatch(number)
    if match is None:
        return False
    digits, has_exponent = match[1], match[2] is not None
    if "." in digits or match[2]:
        return True
    return len(digits) == 1 if has_exponent else len(digits) <= _MAX_WHOLE_DIGITS


def is_comma_number(word: str) -> bool:
    """Whether a text is a number with a decimal comma, alone or with a unit."""
    match = _WITH_UNIT.fullmatch(word)
    return _COMMA_NUMBER.fullmatch(match[1] if match else word) is not None


def _of_word(word: str, form: Form) -> Meaning | None:
    word = word.casefold()
    if form is Form.SWITCH or form is Form.LIKELY_SWITCH:
        return Meaning(float(word in _ON), False) if word in _ON or word in _OFF else None
    if form is Form.OPEN and word in _COMMON:
        return Meaning(float(word in _ON), True)
    return None


def _of_quantity(word: str, form: Form, unit: str | None, decimal: str) -> Meaning | None:
    """A number with its unit, in the tag's unit."""
    if form is Form.SWITCH or form is Form.LIKELY_SWITCH:
        return None
    if form is Form.NUMBER and _HEXADECIMAL.fullmatch(word):
        return Meaning(float(int(word, 16)), False)
    match = _WITH_UNIT.fullmatch(word)
    value = number_of(match[1], decimal) if match else None
    if match is None or value is None:
        return None
    blank, symbol = match[2], match[3]
    # `12A` may be a part: without a declaration only a blank, a sign or a longer unit makes it twelve amperes.
    if form is Form.OPEN and not blank and symbol.isalpha() and len(symbol) == 1:
        return None
    try:
        told = find_unit(symbol)
    except ValueError:
        return None
    wanted = unit or ("%" if told.quantity == "ratio" else QUANTITIES[told.quantity].unit)
    return Meaning(_finite(_converted(value, told, wanted, word), word), form is Form.OPEN)


def _converted(value: float, unit: Unit, target: str, word: str) -> float:
    if find_unit(target) == unit:
        return value
    try:
        return convert(value, unit.symbol, target)
    except ValueError as error:
        raise PayloadError("value", f"{word[:40]!r}: {error}") from error


def _refused(word: str, form: Form, unit: str | None, is_bare: bool) -> Meaning:
    if form is Form.NUMBER:
        wanted = f"a number in {unit}" if unit else "a number"
        raise PayloadError("value", f"expected {wanted} as declared, got {word[:40]!r}")
    if form is Form.SWITCH:
        raise PayloadError("value", f"expected a word for on or off, 1 or 0, as declared, got {word[:40]!r}")
    if is_bare and _HEXADECIMAL.fullmatch(word):
        raise PayloadError(
            "value", f"{word}: a hexadecimal number is read where the tag is declared with a unit or kind"
        )
    return _TEXT
