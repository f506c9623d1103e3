"""Globs as expressions that Python and InfluxDB read alike."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.globs import glob_regex, is_literal


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("plant/*", "plant/hall/line1/press", "farm/x"),
        ("*/press?", "a/press1", "a/press10"),
        ("a[12]", "a1", "a3"),
        ("a[!12]", "a3", "a1"),
        ("a[1-3]", "a2", "a4"),
        ("a[]]", "a]", "a["),
        ("a[", "a[", "a"),
        ("a.b", "a.b", "axb"),
        ("(a|b)$", "(a|b)$", "a"),
        ("a\\b", "a\\b", "ab"),
        ("a[^b]", "a^", "ac"),
    ],
)
def test_globs_match_as_a_shell_would(glob: str, matching: str, other: str) -> None:
    expression = re.compile(glob_regex(glob), re.DOTALL)

    assert expression.match(matching) and not expression.match(other)


@given(st.text(st.sampled_from("ab/.+()|^$\\ -é\n'\""), max_size=10))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_text_without_wildcards_matches_itself_only(text: str) -> None:
    assert is_literal(text)
    assert re.fullmatch(glob_regex(text)[1:-1], text, re.DOTALL)
