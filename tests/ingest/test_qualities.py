"""Qualities in words, OPC DA bytes and OPC UA status codes."""

from typing import Any

import pytest

from fieldline.frames import Quality
from ingest.qualities import read_quality

G, U, B, S = Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.STALE


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, G), (True, G), (False, B),
        # OPC DA: the upper two of eight bits; 2 of them is no quality.
        (192, G), (255, G), (192.0, G), ("192", G), (216, G), (64, U), (127, U), (0, B), (24, B), (63, B), (128, None), (191, None),
        # OPC UA: the upper two of 32 bits, also as a signed number.
        (0x40000000, U), (0x80000000, B), (0x808A0000, B), (-2147483648, B), ("0x80340000", B), (0xC0000000, None),
        ({"Code": 0, "Symbol": "Good"}, G), ({"Code": 2156527616}, B), ({"code": 0}, G), ({}, None), ({"Code": {}}, None),
        # Words.
        ("good", G), ("Good", G), ("GOOD", G), ("Good_Unspecified", G), ("GoodLocalOverride", G), ("ok", G), ("true", G),
        ("Uncertain_LastUsableValue", U), ("UncertainInitialValue", U), ("questionable", U),
        ("Bad", B), ("Bad_NotConnected", B), ("BadNoCommunication", B), ("invalid", B),
        ("stale", S), ("Bad_Stale", S), ("fine", None), ("", None),
        # No qualities.
        (87.5, None), (256, None), (1 << 40, None), ([192], None), (float("1e300"), None),
    ],
)  # fmt: skip
def test_a_quality_is_known_by_its_word_or_its_upper_bits(told: Any, expected: Quality | None) -> None:
    assert read_quality(told) is expected


@pytest.mark.parametrize(
    ("told", "expected"), [(0, G), ("0", G), (0x40000000, U), (0x80000000, B), ("Good", G), (-1, None)]
)
def test_zero_is_good_where_the_key_says_that_it_is_a_status_code(told: Any, expected: Quality | None) -> None:
    assert read_quality(told, "statuscode") is read_quality(told, "qualitycode") is expected


@pytest.mark.parametrize(("told", "expected"), [(3, G), (1, U), (0, B), ("3", G), (2, None), (192, None), (None, G)])
def test_two_bits_alone_are_read_where_the_key_says_so(told: Any, expected: Quality | None) -> None:
    assert read_quality(told, "qc") is expected
