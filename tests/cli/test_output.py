import json

import pytest

from cli.output import finite, print_json, print_table, printable, shown


def test_control_characters_of_names_are_shown_escaped() -> None:
    assert printable("press\x1b[2J\n1") == "press\\x1b[2J\\n1"
    assert printable("Ofen ß 温度") == "Ofen ß 温度"
    assert printable("\udc80") == "\\udc80"


def test_numbers_that_json_cannot_write_become_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), float("inf"), 1.5], "b": (1, "x")})

    assert json.loads(capsys.readouterr().out) == {"a": [None, None, 1.5], "b": [1, "x"]}
    assert finite({1: 2}) == {"1": 2}


def test_tables_put_numbers_to_the_right_and_text_to_the_left(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("line", "kWh"), [("a", 5), ("long name", 12.25), ("b", None)])

    assert capsys.readouterr().out.splitlines() == [
        "line         kWh",
        "a              5",
        "long name  12.25",
        "b              -",
    ]


def test_an_empty_table_is_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("line", "kWh"), [])

    assert capsys.readouterr().out == "line  kWh\n"


def test_a_large_register_is_shown_in_full_and_not_as_a_power_of_ten() -> None:
    assert shown(1234567.8) == "1234567.8"
    assert shown(999999.9) == "999999.9"
    assert shown(0.04046426981666666) == "0.0404643"


def test_columns_stay_in_line_behind_wide_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["asset", "tag"], [["打印机", "a"], ["press", "b"]])

    assert capsys.readouterr().out.splitlines() == ["asset   tag", "打印机  a", "press   b"]
