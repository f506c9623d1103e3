"""CSV, under a header and under declared columns."""

from typing import Any

import pytest

from fieldline.errors import SettingsError
from ingest.codecs import Problem
from tests.ingest.codecs.test_senml import T_S, read

A = "p/a: a"


def given(text: str, **options: Any) -> tuple[dict[str, tuple[Any, float]], Problem | None]:
    return read("csv", text.format(t=T_S).encode(), options=options)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("time,a\n{t},1.5", {}, {A: (1.5, 0)}),
        ("ts;a;b\n{t}000;1;", {}, {A: (1, 0)}),
        ("a\tb\n1\tx y", {}, {A: (1, 100), "p/a: @text/b": ("x y", 100)}),
        ("\ufeffTime|a\r\n2026-01-01T00:00:01Z|-1e3\r\n\r\n", {}, {A: (-1000, 1)}),
        ("{t},42.5,7", {"columns": ["time", "a", ""]}, {A: (42.5, 0)}),
        ("42,5", {"columns": ["a"], "decimal": ","}, {A: (42.5, 100)}),
        ("time;a\n{t};42,5", {"decimal": ","}, {A: (42.5, 0)}),
        ('a,b\n1,"2,3"', {}, {A: (1, 100), "p/a: @text/b": ("2,3", 100)}),
        ("time a\n{t} 1", {"delimiter": " "}, {A: (1, 0)}),
        ("time,a\n{t},1", {"columns": ["time", "a"]}, {A: (1, 0)}),
    ],
)
def test_a_table_is_read(text: str, options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert given(text, **options) == (expected, None)


@pytest.mark.parametrize(
    ("text", "options", "reason", "lost"),
    [
        ("1,2,3", {}, "syntax", 1),
        ("a\n1\n2", {}, "time", 2),
        ("time,a\n{t},1,2\n{t},1", {}, "syntax", 1),
        ("time,a\n{t},nan", {}, "value", 1),
        ("time,a\nyesterday,1", {}, "time", 1),
        ("a,a\n1,2", {}, "name", 1),
        ("42,5", {"columns": ["a"]}, "syntax", 1),
        ("", {}, "syntax", 1),
    ],
)
def test_what_is_no_table_is_said(text: str, options: dict[str, Any], reason: str, lost: int) -> None:
    _, problem = given(text, **options)

    assert problem is not None and (problem.reason, problem.readings) == (reason, lost)


def test_options_that_do_not_go_together_stop_the_start() -> None:
    with pytest.raises(SettingsError, match="decimal: ',' is the delimiter"):
        given("a", delimiter=",", decimal=",")
