"""What texts mean: a number, a number with its unit, a word for on or off, or a text that stays one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from fieldline.tags import complete
from ingest.texts import meaning_of

OPEN: dict[str, Any] = {}
KW = {"unit": "kW"}
BAD, TEXT = "bad value", "text"
Found = float | str | tuple[float, str]


def read(
    text: str, tag: str = "x", declared: dict[str, Any] = OPEN, decimal: str = ".", is_bare: bool = False
) -> Found:
    """The number, or the number beside the text, `TEXT` alone, or `BAD`."""
    try:
        value, is_text = meaning_of(text, complete(tag, declared, "accept"), decimal, is_bare)
    except PayloadError as error:
        assert error.reason == "value" and error.detail
        return BAD
    if value is None:
        assert is_text
        return TEXT
    return (value, TEXT) if is_text else value


@pytest.mark.parametrize(
    ("text", "undeclared", "by_name", "declared"),
    [
        ("42.5", 42.5, 42.5, 42.5),
        (" 42.5\r\n", 42.5, 42.5, 42.5),
        ("-0.25", -0.25, -0.25, -0.25),
        ("12.", 12.0, 12.0, 12.0),
        (".5", 0.5, 0.5, 0.5),
        ("0", 0.0, 0.0, 0.0),
        ("1E3", 1000.0, 1000.0, 1000.0),
        ("1.5e-2", 0.015, 0.015, 0.015),
        ("1e+06", 1e6, 1e6, 1e6),
        ("19.600000000000001", 19.6, 19.6, 19.6),
        ("123456789012345", 123456789012345.0, 123456789012345.0, 123456789012345.0),
        # What can be a label is none of a tag that is known to hold numbers.
        ("007", TEXT, 7.0, 7.0),
        ("007.5", TEXT, 7.5, 7.5),
        ("+3", TEXT, 3.0, 3.0),
        ("+4915112345678", TEXT, 4915112345678.0, 4915112345678.0),
        ("1234567890123456", TEXT, 1234567890123456.0, 1234567890123456.0),
        ("12E4", TEXT, 120000.0, 120000.0),
        ("0x1F", TEXT, TEXT, 31.0),
        # Texts.
        ("B02312023091301280", TEXT, TEXT, BAD),
        ("1.0.13", TEXT, TEXT, BAD),
        ("2026-11-28", TEXT, TEXT, BAD),
        ("1,2,3", TEXT, TEXT, BAD),
        ("", TEXT, TEXT, BAD),
        ("-", TEXT, TEXT, BAD),
        ("Online", TEXT, TEXT, BAD),
        ("open", TEXT, TEXT, BAD),
        ("ON", (1.0, TEXT), TEXT, BAD),
        ("False", (0.0, TEXT), TEXT, BAD),
        ("no", (0.0, TEXT), TEXT, BAD),
        # No numbers.
        ("nan", BAD, BAD, BAD),
        ("-nan(ind)", BAD, BAD, BAD),
        ("1.#QNAN", BAD, BAD, BAD),
        ("-1.#IND00", BAD, BAD, BAD),
        ("Infinity", BAD, BAD, BAD),
        ("1e999", BAD, BAD, BAD),
        # Decimal commas that nobody declared.
        ("42,5", BAD, BAD, BAD),
        ("1.307,2", BAD, BAD, BAD),
        ("42,5 kW", BAD, BAD, BAD),
        # Units: the tag's, else those of the quantity, so that a device that changes them is one series.
        ("42.5 kW", (42.5, TEXT), 42.5, 42.5),
        ("42.5kW", (42.5, TEXT), 42.5, 42.5),
        ("980 W", (0.98, TEXT), 0.98, 0.98),
        ("55%", (55.0, TEXT), BAD, BAD),
        ("21.5°C", (21.5, TEXT), BAD, BAD),
        ("12 A", (12.0, TEXT), BAD, BAD),
        ("12A", TEXT, BAD, BAD),
        ("-71 dBm", TEXT, TEXT, BAD),
    ],
)  # fmt: skip
def test_a_text_is_read_by_what_is_known_of_its_tag(
    text: str, undeclared: Found, by_name: Found, declared: Found
) -> None:
    assert (read(text), read(text, "power_kw"), read(text, "x", KW)) == (undeclared, by_name, declared)


@pytest.mark.parametrize("name", ["serial_number", "substrateId", "version", "order", "batch_no", "MAC"])
@pytest.mark.parametrize("text", ["4711", "12.5", "ON", "nan", "12 kW", "B0231"])
def test_the_texts_of_labels_stay_texts(name: str, text: str) -> None:
    assert read(text, name) == read(text, "x", {"kind": "text"}) == TEXT


@pytest.mark.parametrize(
    ("word", "expected"),
    [("ON", 1.0), ("off", 0.0), ("True", 1.0), ("no", 0.0), ("open", 1.0), ("closed", 0.0), ("running", 1.0), ("Stopped", 0.0), ("1", 1.0), ("0", 0.0), ("auto", BAD), ("5 kW", BAD)],
)  # fmt: skip
def test_words_for_on_and_off_are_numbers_where_a_switch_is_declared(word: str, expected: Found) -> None:
    assert read(word, "x", {"kind": "switch"}) == read(word, "x", {"kind": "running"}) == expected
    assert read(word, "running") == (expected if expected != BAD else TEXT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("42,5", 42.5), ("1.307,2", 1307.2), ("1 307,2", 1307.2), ("1.307", 1307.0), (",5", 0.5), ("1,5E3", 1500.0), ("42,5 kW", (42.5, TEXT)), ("42.5", BAD), ("007", TEXT), ("7", 7.0)],
)  # fmt: skip
def test_a_decimal_comma_is_read_where_it_is_declared_and_a_point_is_not(text: str, expected: Found) -> None:
    assert read(text, decimal=",") == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("007.5", 7.5), ("+3", 3.0), ("007", TEXT), ("00123456", TEXT), ("0x1F", BAD), ("42,5", BAD)]
)
def test_without_quotes_only_digits_with_zeros_before_them_are_a_label(text: str, expected: Found) -> None:
    assert read(text, is_bare=True) == expected


def test_a_message_names_what_was_expected_and_what_came() -> None:
    told = []
    for text, declared in (("12 A", KW), ("n/a", KW), ("maybe", {"kind": "switch"}), ("42,5", OPEN)):
        with pytest.raises(PayloadError) as refused:
            meaning_of(text, complete("x", declared, "accept"))
        told.append(refused.value.detail)

    assert told == [
        "'12 A': A is current, kW is active_power: no conversion",
        "expected a number in kW as declared, got 'n/a'",
        "expected a word for on or off, 1 or 0, as declared, got 'maybe'",
        "'42,5': a decimal comma is read where decimal = \",\" is declared",
    ]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_each_float_as_python_writes_it_is_itself(value: float) -> None:
    assert read(repr(value)) == value


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=20), st.sampled_from([".", ","]), st.booleans())
def test_any_text_has_one_meaning_whatever_was_read_before(text: str, decimal: str, is_bare: bool) -> None:
    ways = [
        ("x", OPEN),
        ("power_kw", OPEN),
        ("id", OPEN),
        ("x", KW),
        ("x", {"kind": "switch"}),
        ("x", {"kind": "text"}),
    ]

    there = [read(text, tag, declared, decimal, is_bare) for tag, declared in ways]
    back = [read(text, tag, declared, decimal, is_bare) for tag, declared in reversed(ways)]

    assert there == back[::-1]
